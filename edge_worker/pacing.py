"""Things that are wished for often and done now and then."""

import asyncio
from collections.abc import Callable


class Paced:
    """Calls a function when it is wished for, but only so often; wishes in between make one call.

    Args:
        act: what is done; reads the newest facts itself.
        every_s: at least so long between two calls.
    """

    def __init__(self, act: Callable[[], None], every_s: float) -> None:
        self._act = act
        self._every_s = every_s
        self._not_before_s = self._held_until_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def wish(self) -> None:
        """Call it now, or as soon as it may be called."""
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        at_s = max(self._not_before_s, self._held_until_s)
        if at_s <= loop.time():
            self._do()
        else:
            self._timer = loop.call_at(at_s, self._do)

    def hold(self, for_s: float) -> None:
        """Call nothing for so long; what is wished for meanwhile comes after it."""
        self._held_until_s = asyncio.get_running_loop().time() + for_s
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self.wish()

    def flush(self) -> None:
        """Call at once what is still due, unless it is held; nothing comes later."""
        if self._timer is None:
            return
        held = asyncio.get_running_loop().time() < self._held_until_s
        self.drop()
        if not held:
            self._do()

    def drop(self) -> None:
        """Forget what is still due."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _do(self) -> None:
        self._timer = None
        self._not_before_s = asyncio.get_running_loop().time() + self._every_s
        self._act()
