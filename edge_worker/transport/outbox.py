"""Outgoing messages in a bounded line, kept until sent, acknowledged or expired."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from edge_worker.transport.message import Outgoing


@dataclass(frozen=True, slots=True)
class Queued:
    """A message in line, and the monotonic time after which nobody wants it."""

    number: int
    message: Outgoing
    expires_ns: int | None

    def left_s(self, now_ns: int) -> float | None:
        """Seconds of its life left; None for ever, <= 0 expired."""
        return None if self.expires_ns is None else (self.expires_ns - now_ns) / 1e9


class Outbox:
    """A bounded line of outgoing messages that are worth sending."""

    def __init__(self, capacity: int) -> None:
        self.dropped = 0
        """Went because the line was full."""
        self.expired = 0
        """Went because they were too old when their turn came."""
        self._waiting: deque[Queued] = deque(maxlen=capacity)
        self._taken: dict[int, Queued] = {}
        self._count = 0
        self._arrived = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def __len__(self) -> int:
        return len(self._waiting) + len(self._taken)

    def put(self, message: Outgoing) -> None:
        """Add a message; never waits, the oldest goes when the line is full."""
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
        life_ns = None if message.expiry_s is None else int(message.expiry_s * 1e9)
        expires_ns = None if life_ns is None else time.monotonic_ns() + life_ns
        self._count += 1
        self._waiting.append(Queued(self._count, message, expires_ns))
        self._arrived.set()
        self._idle.clear()

    async def take(self) -> Queued:
        """The oldest message still worth sending; it stays ours until `done` or `give_back`."""
        while True:
            while self._waiting:
                queued = self._waiting.popleft()
                left_s = queued.left_s(time.monotonic_ns())
                if left_s is None or left_s > 0:
                    self._taken[queued.number] = queued
                    return queued
                self.expired += 1
            self._settle()
            self._arrived.clear()
            await self._arrived.wait()

    def done(self, queued: Queued) -> None:
        """The broker has it."""
        self._taken.pop(queued.number, None)
        self._settle()

    def give_back(self) -> None:
        """Connection lost: what was taken and not done goes to the front again, in order.

        Retained messages go: whoever owns that state tells it anew on the next connection.
        """
        lost = sorted((*self._taken.values(), *self._waiting), key=lambda queued: queued.number)
        kept = [queued for queued in lost if not queued.message.retain]
        self._taken.clear()
        self.dropped += max(0, len(kept) - (self._waiting.maxlen or 0))
        self._waiting = deque(kept, maxlen=self._waiting.maxlen)
        self._arrived.set()
        self._settle()

    def forget(self) -> int:
        """Drop everything in line.

        Returns:
            How many went.
        """
        gone = len(self)
        self._waiting.clear()
        self._taken.clear()
        self._settle()
        return gone

    async def idle(self) -> None:
        """Wait until every message is done, expired or dropped."""
        await self._idle.wait()

    def _settle(self) -> None:
        if not self._waiting and not self._taken:
            self._idle.set()
