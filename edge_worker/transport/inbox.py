"""Incoming messages, each subscription in a bounded inbox of its own.

The MQTT loop only puts messages into inboxes and never waits: a handler that stalls fills its own
inbox and delays nobody else's, so control is never queued behind media.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

from edge_worker.transport.message import Message

Handler = Callable[[Message], Awaitable[None]]

_log = logging.getLogger(__name__)


class Subscription:
    """One topic filter, its handler, and the messages waiting for it, oldest dropped when full."""

    def __init__(self, topic_filter: str, handler: Handler, qos: int, capacity: int) -> None:
        self.topic_filter = topic_filter
        self.qos = qos
        self.dropped = 0
        self.failed = 0
        self._handler = handler
        self._waiting: deque[Message] = deque(maxlen=capacity)
        self._arrived = asyncio.Event()
        self._behind = False

    @property
    def waiting(self) -> int:
        """Messages that the handler has not yet taken."""
        return len(self._waiting)

    def offer(self, message: Message) -> None:
        """Put a message in line; never waits."""
        if len(self._waiting) == self._waiting.maxlen:
            self.dropped += 1
            if not self._behind:
                self._behind = True
                _log.warning("%s: the handler is behind, dropping oldest", self.topic_filter)
        self._waiting.append(message)
        self._arrived.set()

    async def run(self) -> None:
        """Hand messages to the handler one by one until cancelled; a failing one is counted."""
        while True:
            await self._arrived.wait()
            while self._waiting:
                await self._handle(self._waiting.popleft())
            self._arrived.clear()
            self._behind = False

    async def _handle(self, message: Message) -> None:
        try:
            await self._handler(message)
        except asyncio.CancelledError:
            if _is_being_cancelled():
                raise
            self._failed(message)  # what the handler waited for was cancelled, not this task
        except Exception:  # noqa: BLE001 - the next message may well be good
            self._failed(message)

    def _failed(self, message: Message) -> None:
        self.failed += 1
        _log.exception("%s: a message was not handled", message.topic)


class Routes:
    """Which subscriptions a topic goes to."""

    _REMEMBERED = 4096

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._known: dict[str, tuple[Subscription, ...]] = {}

    def __iter__(self) -> Iterator[Subscription]:
        return iter(tuple(self._subscriptions))

    def add(self, subscription: Subscription) -> None:
        """Start routing to a subscription."""
        self._subscriptions.append(subscription)
        self._known.clear()

    def remove(self, subscription: Subscription) -> bool:
        """Stop routing to it.

        Returns:
            True when no other subscription has the same filter.
        """
        self._subscriptions.remove(subscription)
        self._known.clear()
        return all(s.topic_filter != subscription.topic_filter for s in self._subscriptions)

    def to(self, topic: str) -> tuple[Subscription, ...]:
        """The subscriptions whose filter matches."""
        found = self._known.get(topic)
        if found is None:
            found = tuple(s for s in self._subscriptions if matches(s.topic_filter, topic))
            if len(self._known) >= self._REMEMBERED:
                self._known.clear()
            self._known[topic] = found
        return found


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def matches(topic_filter: str, topic: str) -> bool:
    """Whether an MQTT topic filter, shared or not, takes a topic (MQTT 5, section 4.7)."""
    levels = topic_filter.split("/")
    if levels[0] == "$share":
        levels = levels[2:]
    parts = topic.split("/")
    if parts[0].startswith("$") and levels[0] in {"+", "#"}:
        return False
    for place, level in enumerate(levels):
        if level == "#":
            return True
        if place >= len(parts) or level not in {"+", parts[place]}:
            return False
    return len(parts) == len(levels)
