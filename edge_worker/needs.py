"""What a stream's languages lack, in the words of the contract."""

from collections.abc import Collection, Mapping

from edge_worker.session.wording import sentence
from edge_worker.stock import Wish
from engines.catalogue import Model
from engines.catalogue.ways import PIVOT, Way
from mqtt_schemas import DownloadPolicy, ModelNeed, ModelStatus

_SENTENCE = 512
_WORST_FIRST = (
    ModelStatus.FAILED,
    ModelStatus.ABSENT,
    ModelStatus.WAITING,
    ModelStatus.FETCHING,
    ModelStatus.HERE,
)


def need_of(
    wish: Wish,
    way: Way | None,
    statuses: Mapping[str, ModelStatus],
    troubles: Mapping[str, str],
    policy: DownloadPolicy,
    served: Collection[str] = (),
) -> ModelNeed | None:
    """What lacks for ``wish``; None when nothing does.

    Args:
        wish: of a stream.
        way: that fulfils it; None where the catalogue has none.
        statuses: of models that are, or were to be, fetched.
        troubles: why a fetch failed.
        policy: whether they are fetched by themselves.
        served: languages that a server speaks, whose voices do not lack.
    """
    if wish.source == wish.target:
        return None
    if way is None:
        return _nowhere(wish)
    missing = [
        model for model in way.missing if model is not way.voice or wish.target not in served
    ]
    if not missing:
        return None
    found = {statuses.get(model.id, ModelStatus.ABSENT) for model in missing}
    return ModelNeed(
        models=tuple(model.id for model in missing),
        size_bytes=sum(model.size or 0 for model in missing),
        licences=tuple(dict.fromkeys(model.licence for model in missing)),
        status=next(status for status in _WORST_FIRST if status in found),
        detail=sentence(_in_words(way, missing, statuses, troubles, policy), _SENTENCE),
    )


def described(model: Model) -> str:
    """A model's id, size and licence, for people."""
    size = f"{model.size / 1e6:.0f} MB" if model.size else "size unknown"
    return f"{model.id} ({size}, {model.licence})"


def _nowhere(wish: Wish) -> ModelNeed | None:
    """English the recognizer can make itself; for other languages nothing is known."""
    if wish.target == PIVOT or not wish.source.isalpha() or wish.source == "auto":
        return None
    detail = f"no model in the catalogue translates {wish.source} to {wish.target}"
    return ModelNeed(models=(), detail=detail)


def _in_words(
    way: Way,
    missing: Collection[Model],
    statuses: Mapping[str, ModelStatus],
    troubles: Mapping[str, str],
    policy: DownloadPolicy,
) -> str:
    languages = f"{way.source} to {way.target}" if way.source else f"speaking {way.target}"
    pivot = f" (through {way.via})" if way.via else ""
    listed = ", ".join(described(model) for model in missing)
    failed = [troubles[model.id] for model in missing if model.id in troubles]
    if failed:
        return f"{languages}{pivot} lacks {listed}: {failed[0]}"
    if any(statuses.get(model.id) is not None for model in missing):
        return f"{languages}{pivot} waits for {listed}, which is being fetched"
    only_voice = all(model is way.voice for model in missing)
    lacks = "is better with" if only_voice and way.translators else "lacks"
    command = f"polylip models pull {' '.join(model.id for model in missing)}"
    ask = "" if policy is DownloadPolicy.NEVER else ", or worker/<worker>/fetch over MQTT"
    return f"{languages}{pivot} {lacks} {listed}: {command}{ask}"
