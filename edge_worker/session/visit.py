"""A visit: from a ring at the door, or whatever else began it, until nobody has spoken for long."""

from collections.abc import Callable

LASTS_NS = 120_000_000_000
"""After its beginning, and after every word."""


class Visit:
    """Of one stream; outlives the sessions that serve it.

    Args:
        now_ns: any clock that never steps back.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._until_ns: int | None = None

    @property
    def lasts(self) -> bool:
        """Somebody is at the door, or watches it."""
        return self._until_ns is not None and self._now_ns() < self._until_ns

    def begin(self) -> None:
        """Somebody rang, watches or replies; one that lasts is prolonged."""
        self._until_ns = self._now_ns() + LASTS_NS

    def go_on(self) -> None:
        """Somebody spoke: a visit that lasts is prolonged."""
        if self.lasts:
            self.begin()
