"""When the owner of a stream lets go of it: at a pause in speech, or when it has waited enough."""

import asyncio
import time
from collections.abc import Callable

PATIENCE_S = 30.0
"""Whoever speaks without a pause is cut off at the latest then."""
_LOOK_S = 0.1
_PAUSE_S = 0.8
"""Shorter ones are made within a sentence."""


class Handover:
    """The owner's side: names a successor, and says when it may take over.

    The successor makes itself ready as soon as it is named. When it has taken over, its higher
    term ends the owner's session.

    Args:
        paused: nobody speaks, and nothing is being spoken or on its way to be.
        changed: told when ``successor`` or ``yields`` is another.

    Attributes:
        successor: the worker that is to take over; empty where none is.
        yields: it may do so now.
    """

    def __init__(self, paused: Callable[[], bool], changed: Callable[[], None]) -> None:
        self.successor = ""
        self.yields = False
        self._paused = paused
        self._changed = changed
        self._waiting: asyncio.Task[None] | None = None
        self._until_s = 0.0

    def offer(self, successor: str, within_s: float = PATIENCE_S) -> None:
        """Let ``successor`` take over at the next pause, and after ``within_s`` in any case."""
        until_s = time.monotonic() + within_s
        if successor == self.successor:
            self._until_s = min(self._until_s, until_s)
            return
        self.withdraw()
        self.successor, self._until_s = successor, until_s
        self._waiting = asyncio.create_task(self._wait(), name=f"handover-{successor}")
        self._changed()

    def withdraw(self) -> None:
        """Let nobody take over."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if self.successor:
            self.successor, self.yields = "", False
            self._changed()

    async def _wait(self) -> None:
        paused_s: float | None = None
        while True:
            now_s = time.monotonic()
            paused_s = (paused_s or now_s) if self._paused() else None
            rested = paused_s is not None and now_s - paused_s >= _PAUSE_S
            yields = rested or now_s >= self._until_s
            if yields != self.yields:
                self.yields = yields
                self._changed()
            await asyncio.sleep(_LOOK_S)
