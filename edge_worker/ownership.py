"""Who serves a stream: every worker computes the same owner, and a term settles disputes.

Rendezvous hashing weighted by capacity (Schindelhauer and Schomaker, 2005): no coordinator, and
when a worker comes or goes only the streams that it gains or loses move.
"""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from mqtt_schemas import MAX_STREAMS, MAX_TERM, MAX_WORKERS


def owner_of(stream: str, capacities: Mapping[str, float]) -> str | None:
    """The worker that owns ``stream`` among those that are ready, by id and capacity > 0."""
    ranked = [(size / _distance(stream, worker), worker) for worker, size in capacities.items()]
    return max(ranked)[1] if ranked else None


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

    def elected(self, *, is_owner: bool) -> "Tenure":
        """The hash names us, or no longer does."""
        if not is_owner:
            return Tenure(self.worker, Standing.ASIDE, self.term)
        if self.standing is Standing.ASIDE:
            return Tenure(self.worker, Standing.READING, self.term)
        return self

    def saw(self, owner: str, term: int) -> "Tenure":
        """A ``state`` was seen; a higher term (tie: the lower worker id) makes us stop at once."""
        if owner == self.worker and self.standing is Standing.OWNER and term <= self.term:
            return self
        if self.standing is not Standing.OWNER:
            return Tenure(self.worker, self.standing, max(self.term, term))
        if (term, _lower(owner)) > (self.term, _lower(self.worker)):
            return Tenure(self.worker, Standing.ASIDE, term)
        return self

    def took_over(self) -> "Tenure":
        """The retained state was read, or our session starts again: we own it, one term on."""
        return Tenure(self.worker, Standing.OWNER, min(self.term + 1, MAX_TERM))


def _lower(worker: str) -> tuple[int, ...]:
    """Sorts lower worker ids higher."""
    return (*(-byte for byte in worker.encode()), 1)
