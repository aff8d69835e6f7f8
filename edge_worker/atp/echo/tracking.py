"""Finds a reference in the microphone's sound, and learns by how much two clocks run apart."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge_worker.atp.echo.delay import find_lag
from edge_worker.atp.echo.reference import Course, Heard, Reference
from engines.vad import SAMPLE_RATE

_FORERUN: Final = SAMPLE_RATE // 200
"""The reference is laid 5 ms before the loudest way through the room: others may be shorter."""
_FOLLOWED: Final = SAMPLE_RATE // 2
"""Sound in which the delay is measured again..."""
_ASIDE: Final = SAMPLE_RATE // 100
"""...at most so far beside where it was."""
_POINTS: Final = 24


@dataclass(frozen=True, slots=True)
class TrackingOptions:
    """Where and how surely a sound is found; lengths in samples at 16 kHz."""

    early: int = 4_000
    """A sound begins at most so long before it was expected..."""
    late: int = 9_600
    """...or so long after it."""
    window: int = SAMPLE_RATE
    """Sound that is searched at once."""
    needed: int = SAMPLE_RATE // 2
    """How much of it must have been heard."""
    clear: float = 12.0
    """Clarity that is believed when it comes twice..."""
    clearest: float = 25.0
    """...or at once. Speech in other speech reaches 8."""
    agreeing: float = 32.0
    """How far apart two findings may lie."""
    span: int = 12_000
    """A drift is told from delays measured over this time at least."""
    fastest: float = 4e-4
    """No clock runs further off."""
    steady: float = 1.5e-5
    """A drift that was missed by less needs no correction."""


class Follower:
    """Follows one reference.

    Args:
        reference: whose course is to be found and kept true.
        options: of the search.
    """

    def __init__(self, reference: Reference, options: TrackingOptions = TrackingOptions()) -> None:
        self._reference = reference
        self._options = options
        self._candidate = float("-inf")
        self._points: list[tuple[int, float]] = []
        """Microphone's sample, delay there."""

    def look(self, heard: Heard, drift: float) -> bool:
        """Look at the newest sound; true when the course is a new one.

        Args:
            heard: the microphone's sound.
            drift: of this loudspeaker's clock, as far as it is known.
        """
        if self._reference.course is None:
            return self._find(heard, drift)
        return self._follow(heard, self._reference.course)

    def _find(self, heard: Heard, drift: float) -> bool:
        one, options = self._reference, self._options
        begin = max(heard.first, heard.end - options.window, one.onset - options.early)
        if heard.end - begin < options.needed // 2 or begin > one.end + options.late:
            return False
        lag, clarity = self._measured(heard, begin, -options.early, options.late)
        agrees = abs(lag - self._candidate) < options.agreeing
        self._candidate = lag if clarity > options.clear else float("-inf")
        certain = clarity > options.clearest or (clarity > options.clear and agrees)
        if not certain or heard.end - one.onset - lag < options.needed:
            return False
        one.course = Course((begin + heard.end) // 2, lag - _FORERUN, drift)
        return True

    def _follow(self, heard: Heard, course: Course) -> bool:
        begin = heard.end - _FOLLOWED
        if begin < heard.first or begin > self._reference.end + course.lag:
            return False
        middle = begin + _FOLLOWED // 2
        known = round(course.lag_at(middle)) + _FORERUN
        lag, clarity = self._measured(heard, begin, known - _ASIDE, known + _ASIDE)
        if clarity < self._options.clear:
            return False
        self._points = [*self._points[1 - _POINTS :], (middle, lag)]
        return self._correct(course)

    def _correct(self, course: Course) -> bool:
        """Lay the course through the measured delays (P. K. Sen's median of slopes)."""
        options = self._options
        at, lags = (np.array(one, np.float64) for one in zip(*self._points, strict=True))
        apart = at[:, None] - at
        pairs = apart >= options.span
        if not np.any(pairs):
            return False
        drift = float(np.median((lags[:, None] - lags)[pairs] / apart[pairs]))
        if abs(drift) > options.fastest or abs(drift - course.drift) < options.steady:
            return False
        centre = round(float(np.mean(at)))
        lag = float(np.median(lags - drift * (at - centre)))
        self._reference.course = Course(centre, lag - _FORERUN, drift)
        return True

    def _measured(
        self, heard: Heard, begin: int, shortest: int, longest: int
    ) -> tuple[float, float]:
        """Delay and clarity of the reference in the newest sound from ``begin`` on."""
        microphone = heard.between(begin, heard.end)
        reach = longest - shortest
        far = self._reference.beside(
            begin - reach, len(microphone) + reach, Course(begin, float(shortest))
        )
        found = find_lag(microphone, far)
        return shortest + found.samples, found.clarity
