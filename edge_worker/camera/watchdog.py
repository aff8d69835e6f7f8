"""A bound on calls that can block for ever and take no time-out of their own."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_LOOKS_EVERY_S = 0.25


class Watchdog:
    """Calls ``bite`` once, from a thread of its own, when a watched call takes too long.

    Args:
        bite: makes the call return; told how many seconds it was given.
    """

    def __init__(self, bite: Callable[[float], None]) -> None:
        self._bite = bite
        self._given_s = 0.0
        self._due_s = math.inf
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """What is called in this block must return in time."""
        self._given_s = seconds
        self._due_s = time.monotonic() + seconds
        try:
            yield
        finally:
            self._due_s = math.inf

    def close(self) -> None:
        """Watch no longer."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(_LOOKS_EVERY_S):
            if time.monotonic() > self._due_s:
                self._bite(self._given_s)
                return
