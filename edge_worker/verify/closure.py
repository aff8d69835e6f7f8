"""Do the lips close where they must: on P, B and M?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_worker.span import Span
from edge_worker.verify.mouth import MouthTrack

CLOSED_IOD = 0.03
"""Above what counts as shut for this eye and this person."""
SHUT_PERCENTILE, MOST_SHUT_IOD = 5.0, 0.04
"""An eye may read a shut mouth as a little open; so much, no more, is forgiven."""
NEAR_NS = 60_000_000
_CHANCE_STEP_NS = 40_000_000


@dataclass(frozen=True, slots=True)
class Closure:
    """How many of the bilabials were seen closed."""

    seen: int
    """Bilabials with a face in the picture."""
    closed: int
    by_chance: float | None
    """Share of all moments of speech that pass the same test: the score of closing at random."""

    @property
    def rate(self) -> float | None:
        """Closed / seen; None when there was none to see."""
        return self.closed / self.seen if self.seen else None


def closure(track: MouthTrack, times_ns: Sequence[int], speech: Sequence[Span]) -> Closure:
    """Look for a closed mouth within 60 ms of each of ``times_ns``.

    Closed is a gap less than ``CLOSED_IOD`` above the least that is ever seen.
    """
    bilabials = _closed_near(track, times_ns)
    moments = [t for span in speech for t in range(span.start_ns, span.end_ns, _CHANCE_STEP_NS)]
    chance = _closed_near(track, moments)
    return Closure(
        seen=len(bilabials),
        closed=int(bilabials.sum()),
        by_chance=float(chance.mean()) if len(chance) else None,
    )


def _closed_near(track: MouthTrack, times_ns: Sequence[int]) -> NDArray[np.bool_]:
    """For each time with a face nearby: was the mouth closed?"""
    seen = track.opening[np.isfinite(track.opening)]
    shut = min(float(np.percentile(seen, SHUT_PERCENTILE)), MOST_SHUT_IOD) if len(seen) else 0.0
    verdicts = []
    for t in times_ns:
        first, last = np.searchsorted(track.times_ns, [t - NEAR_NS, t + NEAR_NS + 1])
        near = track.opening[first:last]
        near = near[np.isfinite(near)]
        if len(near):
            verdicts.append(bool((near < shut + CLOSED_IOD).any()))
    return np.array(verdicts, bool)
