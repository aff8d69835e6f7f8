"""A visit: from a ring at the door until nobody has spoken for a while."""

from collections.abc import Callable

_GOES_ON_NS = 120_000_000_000


class Visit:
    """Of one stream; outlives the sessions that serve it.

    Args:
        now_ns: UTC.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._until_ns = 0

    @property
    def lasts(self) -> bool:
        """Somebody is at the door."""
        return self._now_ns() < self._until_ns

    def begin(self) -> None:
        """Somebody rang."""
        self._until_ns = self._now_ns() + _GOES_ON_NS

    def go_on(self) -> None:
        """Somebody spoke: a visit that lasts is prolonged."""
        if self.lasts:
            self.begin()
