"""Requests to an owner who may be no more: whoever takes over sees to those nobody has seen to."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge_worker.transport import Message
from mqtt_schemas import TopicAddress

HELD_NS = 10_000_000_000
"""A worker that died is taken over from within half of it."""
_MOST = 8


@dataclass(frozen=True, slots=True)
class HeldRequest:
    """What was asked, and whether it was taken back."""

    transaction: str
    asked_ns: int
    """Monotonic."""
    address: TopicAddress
    message: Message
    cancel: Message | None = None
    """The request that took it back."""


class Held:
    """What was asked of one stream's owner while that was another.

    Args:
        clock: monotonic nanoseconds.
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._requests: OrderedDict[str, HeldRequest] = OrderedDict()
        """By transaction."""

    def add(self, transaction: str, address: TopicAddress, message: Message) -> None:
        """Keep a request for a while; the oldest goes when there are many."""
        request = HeldRequest(transaction, self._clock(), address, message)
        self._requests.setdefault(transaction, request)
        while len(self._requests) > _MOST:
            self._requests.popitem(last=False)

    def cancel(self, transaction: str, cancel: Message) -> bool:
        """Take a request back; False when none is kept."""
        request = self._requests.get(transaction)
        if request is not None:
            self._requests[transaction] = replace(request, cancel=cancel)
        return request is not None

    def seen_to(self, transaction: str) -> None:
        """An owner has told how it stands."""
        self._requests.pop(transaction, None)

    def take(self) -> list[HeldRequest]:
        """Those that nobody has seen to, oldest first; none is kept."""
        since_ns = self._clock() - HELD_NS
        waiting = [one for one in self._requests.values() if one.asked_ns > since_ns]
        self._requests.clear()
        return waiting
