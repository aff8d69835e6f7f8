"""Ways from one language to another: which models a translation and its voice take."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from engines.catalogue.entries import Model, Task
from engines.language import primary

PIVOT = "en"
"""Language that a translation goes through where no model has the pair itself."""


@dataclass(frozen=True, slots=True)
class Way:
    """How speech of one language becomes speech of another."""

    source: str
    target: str
    translators: tuple[Model, ...]
    """One, or two that meet in the pivot; none where only a voice is wanted."""
    voice: Model | None
    """None where the catalogue has no voice of the target language."""
    missing: tuple[Model, ...]
    """Those of the above that are not on this machine."""

    @property
    def via(self) -> str:
        """The pivot; empty where the translation is direct."""
        return PIVOT if len(self.translators) > 1 else ""

    @property
    def size(self) -> int:
        """Bytes that are still to come, as far as they are known."""
        return sum(model.size or 0 for model in self.missing)


def way(
    models: Iterable[Model], here: Collection[str], source: str, target: str, voice: str = ""
) -> Way | None:
    """The way for a pair that has the least to fetch, a direct one first among equals.

    Args:
        models: of the catalogue.
        here: ids of those on this machine.
        source: language that is spoken.
        target: language that is wanted.
        voice: id of the wanted voice; empty or unknown takes the language's first, a voice on
            this machine before others.

    Returns:
        None where no models lead from ``source`` to ``target``.
    """
    known = list(models)
    pair = (primary(source), primary(target))
    found = min(
        _translations(known, pair),
        key=lambda steps: (sum(_cost(step, here) for step in steps), len(steps)),
        default=None,
    )
    if found is None:
        return None
    return _way(pair, found, _voice(known, here, pair[1], voice), here)


def spoken_way(
    models: Iterable[Model], here: Collection[str], target: str, voice: str = ""
) -> Way | None:
    """What it takes to speak ``target``, whatever is translated; None where nothing can."""
    wanted = primary(target)
    chosen = _voice(list(models), here, wanted, voice)
    return None if chosen is None else _way(("", wanted), (), chosen, here)


def languages_of(models: Iterable[Model]) -> tuple[str, ...]:
    """Languages that translation models of the catalogue read or write."""
    return tuple(sorted({language for model in models for language in model.pair or ()}))


def _way(
    pair: tuple[str, str],
    translators: tuple[Model, ...],
    voice: Model | None,
    here: Collection[str],
) -> Way:
    taken = (*translators, *((voice,) if voice else ()))
    missing = tuple(model for model in taken if model.id not in here)
    return Way(pair[0], pair[1], translators, voice, missing)


def _translations(models: Sequence[Model], pair: tuple[str, str]) -> Iterator[tuple[Model, ...]]:
    source, target = pair
    yield from ((model,) for model in models if model.pair == pair)
    for first in models:
        if first.pair == (source, PIVOT):
            yield from ((first, then) for then in models if then.pair == (PIVOT, target))


def _cost(model: Model, here: Collection[str]) -> int:
    """Bytes to fetch; what needs a yes to its licence, or cannot be fetched, comes last."""
    if model.id in here:
        return 0
    reluctance = (not model.fetchable) + model.non_commercial
    return (reluctance << 40) + (model.size or 1 << 30)


def _voice(
    models: Sequence[Model], here: Collection[str], language: str, wanted: str
) -> Model | None:
    voices = [
        model
        for model in models
        if model.task is Task.TTS and language in {primary(tag) for tag in model.languages}
    ]
    named = [model for model in voices if model.id == wanted]
    present = [model for model in voices if model.id in here]
    return next(iter(named or present or voices), None)
