"""When a stream is awake: what its setting says, and what happens at the door."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from edge_worker.session.visit import Visit
from mqtt_schemas import Activation

_LOOK_S = 0.25
_AGAIN_S = 2.0
"""Between two tries of a stream that was refused."""
_ASLEEP_BECAUSE = {
    Activation.OFF: "activation is off",
    Activation.ON_DEMAND: "nobody is there: a ring, a watcher or a reply wakes it",
}


def in_force(setting: Activation, *, doorbell: bool) -> Activation:
    """What ``auto`` means for this stream; anything else is what it says."""
    if setting is not Activation.AUTO:
        return setting
    return Activation.ON_DEMAND if doorbell else Activation.ALWAYS


class Room(Protocol):
    """Of one stream, among those that are awake here."""

    def ask(self) -> str:
        """Take it; why there is none just now, for people, or empty."""
        ...

    def leave(self) -> None:
        """Wait for it no longer, or give it back."""
        ...


class Wakefulness:
    """Of one stream.

    Args:
        visit: begins when something wakes the stream, and ends by itself.
        setting: in force.
        room: among the streams that are awake here; None: there always is some.
        changed: told when it is refused, and when it is wanted no longer after that.

    Attributes:
        refusal: why it is not awake although it is wanted so, for people; else empty.
    """

    def __init__(
        self,
        visit: Visit,
        setting: Activation,
        room: Room | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.refusal = ""
        self._visit = visit
        self._setting = setting
        self._room = room
        self._changed = changed
        self._doorbell = False
        self._woken_by = ""
        self._stirred = asyncio.Event()

    @property
    def activation(self) -> Activation:
        """In force: never ``auto``."""
        return in_force(self._setting, doorbell=self._doorbell)

    @property
    def wanted(self) -> bool:
        """The stream is to be awake."""
        activation = self.activation
        visited = activation is Activation.ON_DEMAND and self._visit.lasts
        return activation is Activation.ALWAYS or visited

    @property
    def woken_by(self) -> str:
        """What woke it, for people."""
        by_visit = self.activation is Activation.ON_DEMAND
        return self._woken_by if by_visit else f"activation is {self.activation}"

    @property
    def why_asleep(self) -> str:
        """Why it sleeps and what wakes it, for people; empty where it is to be awake."""
        return "" if self.wanted else _ASLEEP_BECAUSE[self.activation]

    def set(self, setting: Activation) -> None:
        """The owner of the stream wants it so from now on."""
        self._setting = setting
        self._stirred.set()

    def declare(self, *, doorbell: bool) -> None:
        """The camera side said whether it rings."""
        self._doorbell = doorbell
        self._stirred.set()

    def wake(self, reason: str) -> None:
        """Something wants it awake for the next two minutes; what is always on stays so."""
        if not self._visit.lasts:
            self._woken_by = reason
        self._visit.begin()
        self._stirred.set()

    def rises(self) -> bool:
        """Whether it is to be awake now, and can be."""
        wanted, before = self.wanted, self.refusal
        self.refusal = self._room.ask() if wanted and self._room is not None else ""
        if before and not wanted:
            self._give_up()
        elif self.refusal and not before:
            self._changed()
        return wanted and not self.refusal

    def _give_up(self) -> None:
        """Nobody waits for it any more: the worker is not full for its sake."""
        if self._room is not None:
            self._room.leave()
        self._changed()

    async def until_risen(self) -> None:
        """Wait until it is to be awake, and can be."""
        while not self.rises():
            self._stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGAIN_S if self.refusal else None):
                    await self._stirred.wait()

    async def until_unwanted(self, quiet: Callable[[], bool]) -> None:
        """Wait until it may fall asleep: nobody wants it, and what is said has been heard."""
        while self.wanted or not (self.activation is Activation.OFF or quiet()):
            self._stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._stirred.wait()
