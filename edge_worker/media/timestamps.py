"""Ticks of the 90 kHz clock, nanoseconds, and the way from 33-bit ticks to ever growing ones."""

TICKS_PER_SECOND = 90_000
WRAP = 1 << 33

_FAR_AHEAD = 10 * TICKS_PER_SECOND
_FAR_BEHIND = 2 * TICKS_PER_SECOND


def ticks_to_ns(ticks: int) -> int:
    """Nanoseconds of a tick count, rounded; ``ns_to_ticks`` gives the ticks back exactly."""
    return (ticks * 100_000 + 4) // 9


def ns_to_ticks(ns: int) -> int:
    """The nearest tick count."""
    return (ns * 9 + 50_000) // 100_000


class Unwrapper:
    """Turns 33-bit ticks into a count that does not wrap, shared by the tracks of one stream.

    Every value is taken as the one nearest to the newest before it, so B-frames, sound that
    trails the picture and a wrap in either direction come out right.
    """

    def __init__(self) -> None:
        self._newest: int | None = None

    def steer(self, ticks: int) -> None:
        """The next values lie near ``ticks``: what a sender states is better than a guess."""
        self._newest = ticks

    def unwrap(self, ticks: int) -> int:
        """The unwrapped count of ``ticks``, which becomes the reference if it is newer."""
        if self._newest is None:
            self._newest = ticks
            return ticks
        value = self._newest + _nearest(ticks - self._newest)
        self._newest = max(self._newest, value)
        return value

    def jumps(self, ticks: int, *, pause: int = 0) -> bool:
        """Tell whether ``ticks`` lies further off than 2 s back or 10 s and ``pause`` ahead."""
        if self._newest is None:
            return False
        return not -_FAR_BEHIND <= _nearest(ticks - self._newest) <= _FAR_AHEAD + pause


def _nearest(difference: int) -> int:
    """The difference modulo 2**33 that is smallest, keeping its sign."""
    return (difference + WRAP // 2) % WRAP - WRAP // 2
