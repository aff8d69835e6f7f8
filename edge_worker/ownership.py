"""Who serves a stream: every worker computes the same owners, and a term settles disputes.

Rendezvous hashing weighted by capacity (Schindelhauer and Schomaker, 2005): no coordinator, and
when a worker comes or goes few streams move but those that it gains or loses. As few streams are
easily unlucky, nobody is given much more than its share (bounded loads: Mirrokni, Thorup and
Zadimoghaddam, 2018).
"""

import hashlib
import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import lru_cache

from mqtt_schemas import MAX_STREAMS, MAX_TERM, MAX_WORKERS

_SLACK = 1.25
"""Times its fair share is what a worker is given at most, while others have room."""
_NOBODY: Mapping[str, str] = {}


def share_out(
    streams: Iterable[str], capacities: Mapping[str, float], kept: Mapping[str, str] = _NOBODY
) -> dict[str, str]:
    """Who owns which stream.

    The higher a worker ranks for a stream the rather it gets it, and it gives up for it the one
    for which it ranks lowest: the matching is stable, and does not depend on any order.

    Args:
        streams: all that there are.
        capacities: of the workers that take streams: how many at once, weights of their shares.
        kept: streams that stay with their owner whatever the hash says.

    Returns:
        The owner of each stream; without those for which nobody has room.
    """
    most = {worker: max(1, int(size)) for worker, size in capacities.items()}
    weights = tuple(sorted(capacities.items()))
    known = sorted(streams)
    owners = {stream: kept[stream] for stream in known if stream in kept}
    free = [stream for stream in known if stream not in kept]
    for rooms in (_fair_rooms(most, len(owners) + len(free)), most):
        held = Counter(owners.values())
        left = {worker: room - held[worker] for worker, room in rooms.items()}
        matched = _match(free, left, weights)
        owners |= matched
        free = [stream for stream in free if stream not in matched]
    return owners


def next_in_line(stream: str, capacities: Mapping[str, float], owner: str) -> str:
    """Who would most likely own a stream were its owner lost; empty where nobody could."""
    others = tuple(sorted((name, size) for name, size in capacities.items() if name != owner))
    return next((worker for _, worker in _preferences(stream, others)), "")


def ranked(stream: str, capacities: Mapping[str, float]) -> tuple[str, ...]:
    """All that could take a stream, the likeliest first."""
    return tuple(worker for _, worker in _preferences(stream, tuple(sorted(capacities.items()))))


def _fair_rooms(most: Mapping[str, int], streams: int) -> dict[str, int]:
    total = sum(most.values())
    return {
        worker: min(room, math.ceil(_SLACK * streams * room / total))
        for worker, room in most.items()
    }


def _match(
    streams: Iterable[str], rooms: Mapping[str, int], weights: tuple[tuple[str, float], ...]
) -> dict[str, str]:
    """Deferred acceptance: streams ask in their order of preference, workers keep the best."""
    held: dict[str, list[tuple[float, str]]] = {worker: [] for worker in rooms}
    asking = list(streams)
    choices = {stream: iter(_preferences(stream, weights)) for stream in asking}
    while asking:
        stream = asking.pop()
        for score, worker in choices[stream]:
            if rooms[worker] <= 0:
                continue
            heapq.heappush(held[worker], (score, stream))
            if len(held[worker]) > rooms[worker]:
                asking.append(heapq.heappop(held[worker])[1])
            break
    return {stream: worker for worker, heap in held.items() for _, stream in heap}


@lru_cache(maxsize=MAX_STREAMS * 4)
def _preferences(
    stream: str, weights: tuple[tuple[str, float], ...]
) -> tuple[tuple[float, str], ...]:
    """(score, worker), the best first."""
    ranked = ((size / _distance(stream, worker), worker) for worker, size in weights)
    return tuple(sorted(ranked, reverse=True))


@lru_cache(maxsize=MAX_STREAMS * MAX_WORKERS)
def _distance(stream: str, worker: str) -> float:
    """Exponentially distributed, above 0, and the same in every worker."""
    digest = hashlib.blake2b(f"{worker}\0{stream}".encode(), digest_size=8).digest()
    # 52 bits and a half are exact as a float, so that the fraction is never 0 or 1.
    return -math.log(((int.from_bytes(digest, "big") >> 12) + 0.5) / 2**52)


class Standing(Enum):
    """What a worker may do with a stream."""

    ASIDE = auto()
    """Another worker owns it, or none was asked yet."""
    READING = auto()
    """It is ours by hash; the retained state is being read before the first word."""
    OWNER = auto()
    """We publish ``state`` and ``out`` under our term."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """One worker's standing on one stream; every step gives a new tenure."""

    worker: str
    standing: Standing = Standing.ASIDE
    term: int = 0
    """Our term while we own it, else the highest seen."""
    seen: tuple[int, str] | None = None
    """Term and owner of the highest claim while it was not ours; None before the first."""

    def elected(self, *, is_owner: bool) -> "Tenure":
        """The hash names us, or no longer does."""
        if not is_owner:
            given_up = (self.term, self.worker) if self.standing is Standing.OWNER else self.seen
            return Tenure(self.worker, Standing.ASIDE, self.term, given_up)
        if self.standing is Standing.ASIDE:
            return replace(self, standing=Standing.READING)
        return self

    def outranks(self, owner: str, term: int) -> bool:
        """We own it, and whoever says so of ``owner`` under ``term`` is wrong."""
        ours = _rank(self.term, self.worker)
        return self.standing is Standing.OWNER and _rank(term, owner) < ours

    def outdated(self, owner: str, term: int) -> bool:
        """It is over what ``owner`` said under ``term``: a higher claim is known, or is ours."""
        if self.standing is Standing.OWNER:
            return self.outranks(owner, term)
        return self.seen is not None and _rank(term, owner) < _rank(*self.seen)

    def reconnected(self) -> "Tenure":
        """All that is retained comes again: what it says of another's claim counts anew."""
        return replace(self, seen=None)

    def saw(self, owner: str, term: int) -> "Tenure":
        """A ``state`` was seen; a higher term (tie: the lower worker id) makes us stop at once."""
        if owner == self.worker and self.standing is Standing.OWNER and term <= self.term:
            return self
        if self.standing is not Standing.OWNER:
            seen = self.seen if self.outdated(owner, term) else (term, owner)
            return Tenure(self.worker, self.standing, max(self.term, term), seen)
        if _rank(term, owner) > _rank(self.term, self.worker):
            return Tenure(self.worker, Standing.ASIDE, term, (term, owner))
        return self

    def took_over(self) -> "Tenure":
        """The retained state was read, or our session starts again: we own it, one term on."""
        return Tenure(self.worker, Standing.OWNER, min(self.term + 1, MAX_TERM))


def _rank(term: int, owner: str) -> tuple[int, tuple[int, ...]]:
    """Of two claims the higher one counts."""
    return term, _lower(owner)


def _lower(worker: str) -> tuple[int, ...]:
    """Sorts lower worker ids higher."""
    return (*(-byte for byte in worker.encode()), 1)
