"""What one face's mouth did lately, and how that goes with a stretch of sound."""

import math
from bisect import bisect_left
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_worker.rvp.evidence import (
    LAGS_NS,
    MIN_STEPS,
    REACH_NS,
    STEP_NS,
    Curve,
    measure,
    resampled,
)
from edge_worker.rvp.loudness import Loudness

_GAP_NS: Final = 500_000_000  # a mouth unseen for longer is not interpolated
_MIN_SEEN: Final = 0.4  # of the speech
_SMOOTH_MOUTH: Final = 3  # pictures, where they come often
_SMOOTH_LEVEL: Final = 5  # steps of 20 ms
_LEAST_HEARD: Final = 5


class Mouth:
    """The openings of one mouth, as far back as ``forget`` leaves them."""

    def __init__(self) -> None:
        self._times_ns: list[int] = []
        self._openings: list[float] = []

    @property
    def forgotten(self) -> bool:
        """Nothing is known of it any more."""
        return not self._times_ns

    def note(self, pts_ns: int, opening: float | None) -> None:
        """Take in one picture: inner-lip gap in IOD; None where the mouth is hidden."""
        self._times_ns.append(pts_ns)
        self._openings.append(math.nan if opening is None else opening)

    def forget(self, before_ns: int) -> None:
        """Drop what is older, now and then."""
        if self._times_ns and self._times_ns[0] < before_ns - _GAP_NS:
            kept = bisect_left(self._times_ns, before_ns)
            del self._times_ns[:kept], self._openings[:kept]

    def hidden(self, start_ns: int, end_ns: int) -> bool:
        """Whether the face was there during the speech, most of the time with its mouth covered."""
        _, openings = self._between(start_ns, end_ns)
        return len(openings) > 0 and float(np.isnan(openings).mean()) > 0.5

    def measured(
        self, loudness: Loudness, start_ns: int, end_ns: int
    ) -> NDArray[np.float64] | None:
        """``measure`` of this mouth during the speech; None if it was hardly seen."""
        times, openings = self._during(*loudness.with_silence(start_ns, end_ns, REACH_NS))
        if len(times) < 2 or _overlap(times, start_ns, end_ns) < _MIN_SEEN * (end_ns - start_ns):
            return None
        at = np.arange(times[0], times[-1], STEP_NS)
        if len(at) < MIN_STEPS:
            return None
        around = np.arange(len(at) + len(LAGS_NS) - 1) * float(STEP_NS) + (at[0] + LAGS_NS[0])
        heard_at, levels = loudness.between(around[0] - STEP_NS, around[-1] + STEP_NS)
        if len(heard_at) < _LEAST_HEARD:
            return None
        often = float(np.median(np.diff(times))) < 1.5 * STEP_NS
        opening = resampled(times, openings, at, _SMOOTH_MOUTH if often else 1)
        return measure(opening, resampled(heard_at, levels, around, _SMOOTH_LEVEL))

    def _between(self, from_ns: int, to_ns: int) -> tuple[Curve, Curve]:
        first = bisect_left(self._times_ns, from_ns)
        last = bisect_left(self._times_ns, to_ns)
        return np.array(self._times_ns[first:last], float), np.array(self._openings[first:last])

    def _during(self, from_ns: int, to_ns: int) -> tuple[Curve, Curve]:
        """Times and openings of the longest stretch in which it was seen without a gap."""
        times, openings = self._between(from_ns, to_ns)
        bare = ~np.isnan(openings)
        times, openings = times[bare], openings[bare]
        breaks = np.flatnonzero(np.diff(times) > _GAP_NS) + 1
        runs = [slice(a, b) for a, b in pairwise([0, *breaks.tolist(), len(times)])]
        longest = max(runs, key=lambda run: run.stop - run.start)
        return times[longest], openings[longest]


def _overlap(times: Curve, start_ns: int, end_ns: int) -> float:
    return min(float(times[-1]), end_ns) - max(float(times[0]), start_ns)
