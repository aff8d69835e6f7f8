"""Requests to an owner who may be no more: whoever takes over sees to those nobody has seen to."""

import time
from collections import OrderedDict
from collections.abc import Callable

from edge_worker.transport import Message
from mqtt_schemas import TopicAddress

HELD_NS = 10_000_000_000
"""A worker that died is taken over from within half of it."""
_MOST = 8


class Held:
    """What was asked of one stream's owner while that was another.

    Args:
        clock: monotonic nanoseconds.
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._requests: OrderedDict[str, tuple[int, TopicAddress, Message]] = OrderedDict()
        """By transaction: since when, and what."""

    def add(self, transaction: str, address: TopicAddress, message: Message) -> None:
        """Keep a request for a while; the oldest goes when there are many."""
        self._requests.setdefault(transaction, (self._clock(), address, message))
        while len(self._requests) > _MOST:
            self._requests.popitem(last=False)

    def seen_to(self, transaction: str) -> None:
        """An owner has told how it stands."""
        self._requests.pop(transaction, None)

    def take(self) -> list[tuple[TopicAddress, Message]]:
        """Those that nobody has seen to, oldest first; none is kept."""
        since_ns = self._clock() - HELD_NS
        waiting = [
            (address, message)
            for asked_ns, address, message in self._requests.values()
            if asked_ns > since_ns
        ]
        self._requests.clear()
        return waiting
