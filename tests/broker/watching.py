"""What tests at the broker look and wait with."""

import asyncio
from collections.abc import Callable

from edge_worker.transport import Message


class Heard:
    """A handler that keeps what it was given."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def payloads(self) -> list[bytes]:
        return [message.payload for message in self.messages]

    async def count(self, wanted: int) -> None:
        await until(lambda: len(self.messages) >= wanted)


async def until(holds: Callable[[], bool], within_s: float = 20) -> None:
    """Wait until a condition holds; fails the test when it never does."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110 - a condition of the world, with no event to it
            await asyncio.sleep(0.005)
