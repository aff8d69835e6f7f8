"""By which name both machines know a media clock."""

import time
from collections.abc import Callable

_PATIENCE_NS = 3_000_000_000


class EpochName:
    """Of one stream: the sender's, or where it states none the one that the owner gave it.

    Args:
        clock: monotonic nanoseconds.
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._name: str | None = None
        self._over: str | None = None
        self._since_ns = 0

    def began(self) -> None:
        """The timestamps began anew: the owner will see it as well, and give another name."""
        self._over, self._since_ns = self._name, self._clock()

    def of(self, own: str, owners: str | None, *, stated: bool) -> str | None:
        """The name now; None while there is none, and nothing can be said of this clock.

        Args:
            own: this side's name for it.
            owners: what the owner's ``state`` calls it; None before its first segment.
            stated: the sender states its epochs, so ``own`` is everybody's name.
        """
        if stated:
            self._name = own
        elif owners == self._over and self._clock() - self._since_ns < _PATIENCE_NS:
            return None
        else:
            self._name = owners
        return self._name
