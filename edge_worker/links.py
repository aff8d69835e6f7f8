"""Bounded links between stages: capacity, what happens when one is full, and their pump."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

Item = TypeVar("Item")
In_contra = TypeVar("In_contra", contravariant=True)
Out_co = TypeVar("Out_co", covariant=True)
In = TypeVar("In")
Out = TypeVar("Out")


class Stage(Protocol[In_contra, Out_co]):
    """A box of the pipeline: takes one item, gives none, one or several."""

    async def process(self, item: In_contra, /) -> Sequence[Out_co]:
        """Turn one item into what follows from it; knows no neighbours and no wall clock."""
        ...


class WhenFull(StrEnum):
    """Who feels the back-pressure of a full link."""

    WAIT = "wait"
    """The writer waits: for audio, which is never dropped silently."""
    DROP_OLDEST = "drop_oldest"
    """The oldest item goes, counted: for pictures, where the newest is worth most."""


class LinkClosed(Exception):  # noqa: N818 - a signal of the normal end, like StopAsyncIteration
    """Nothing more will come through this link."""


class Link(Generic[Item]):
    """A bounded queue between two stages of one event loop."""

    def __init__(self, name: str, capacity: int, when_full: WhenFull) -> None:
        self.name = name
        self.capacity = capacity
        self.when_full = when_full
        self.dropped = 0
        self._items: deque[Item] = deque()
        self._changed = asyncio.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    async def put(self, item: Item) -> None:
        """Add an item; waits or drops the oldest as the link's policy says.

        Raises:
            LinkClosed: the reader is gone.
        """
        async with self._changed:
            if self.when_full is WhenFull.WAIT:
                await self._changed.wait_for(
                    lambda: len(self._items) < self.capacity or self._closed
                )
            elif len(self._items) >= self.capacity:
                self._items.popleft()
                self.dropped += 1
            if self._closed:
                raise LinkClosed(self.name)
            self._items.append(item)
            self._changed.notify_all()

    async def get(self) -> Item:
        """Take the oldest item.

        Raises:
            LinkClosed: the link is closed and empty.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: bool(self._items) or self._closed)
            if not self._items:
                raise LinkClosed(self.name)
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    async def close(self) -> None:
        """Let the reader finish what is there, then end."""
        async with self._changed:
            self._closed = True
            self._changed.notify_all()


async def pump(
    stage: Stage[In, Out],
    inbox: Link[In],
    deliver: Callable[[Out], Awaitable[None]],
    failed: Callable[[In, Exception], Awaitable[None]],
) -> None:
    """Run a stage until its inbox closes; an item that makes it fail is handed to ``failed``."""
    while True:
        try:
            item = await inbox.get()
        except LinkClosed:
            return
        try:
            results = await stage.process(item)
        except Exception as error:  # noqa: BLE001 - the supervisor decides; one item must not end the stream
            await failed(item, error)
            continue
        for result in results:
            await deliver(result)
