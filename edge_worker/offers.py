"""What a worker does with each language now, and could do after a download."""

from collections.abc import Collection, Iterator

from edge_worker.stock import Stock
from engines.catalogue.ways import PIVOT, Way, languages_of, spoken_way, way
from mqtt_schemas import LanguageOffer, Reach, canonical_language

_LONGEST = 64


def language_offers(stock: Stock, pairs: Collection[tuple[str, str]]) -> tuple[LanguageOffer, ...]:
    """Every language of the catalogue's translation models.

    Args:
        stock: models of this machine.
        pairs: (source, target) that can be translated into a voice now.
    """
    languages = sorted({*languages_of(stock.models), *(one for pair in pairs for one in pair)})
    return tuple(_offer(language, stock, pairs) for language in languages)


def _offer(language: str, stock: Stock, pairs: Collection[tuple[str, str]]) -> LanguageOffer:
    heard, spoken = (
        list(_ways(language, stock, heard=True)),
        list(_ways(language, stock, heard=False)),
    )
    missing = {model.id: model for one in (*heard, *spoken) for model in one.missing}
    return LanguageOffer(
        language=canonical_language(language),
        source=_reach([one for one in pairs if one[0] == language], heard),
        target=_reach([one for one in pairs if one[1] == language], spoken),
        models=tuple(missing)[:_LONGEST],
        size_bytes=sum(model.size or 0 for model in missing.values()),
    )


def _ways(language: str, stock: Stock, *, heard: bool) -> Iterator[Way]:
    """To and from the pivot, which leads everywhere; of the pivot itself its voice."""
    if language == PIVOT:
        found = spoken_way(stock.models, stock.here, PIVOT)
    else:
        pair = (language, PIVOT) if heard else (PIVOT, language)
        found = way(stock.models, stock.here, *pair)
    if found is not None:
        yield found


def _reach(now: Collection[object], ways: Collection[Way]) -> Reach:
    if now:
        return Reach.READY
    return Reach.DOWNLOAD if ways else Reach.NONE
