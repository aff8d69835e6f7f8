"""What an uneven network asks for: how long to wait, and messages back in their order."""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

Item = TypeVar("Item")

_BASE_NS = 120_000_000
_WINDOW_NS = 10_000_000_000
_SHRINK_PER_SECOND_NS = 10_000_000
_MAX_OBSERVATIONS = 1024
_RESTART_DISTANCE = 1000
_RESTART_RUN = 8
_REMEMBERED = 256


class JitterEstimator:
    """How long after capture a message must be expected: 120 ms + p99 of the last 10 s.

    Grows at once, shrinks by 10 ms a second.
    """

    def __init__(self) -> None:
        self.delay_ns = _BASE_NS
        self._lateness: deque[tuple[int, int]] = deque(maxlen=_MAX_OBSERVATIONS)
        self._seen_ns: int | None = None

    def observe(self, lateness_ns: int, now_ns: int) -> int:
        """Take one message's lateness behind the earliest possible arrival; gives the delay."""
        self._lateness.append((now_ns, max(lateness_ns, 0)))
        while now_ns - self._lateness[0][0] > _WINDOW_NS:
            self._lateness.popleft()
        wanted = _BASE_NS + int(np.percentile([late for _, late in self._lateness], 99))
        elapsed_ns = max(now_ns - self._seen_ns, 0) if self._seen_ns is not None else 0
        self._seen_ns = now_ns
        shrunk = self.delay_ns - _SHRINK_PER_SECOND_NS * elapsed_ns // 1_000_000_000
        self.delay_ns = max(wanted, shrunk)
        return self.delay_ns


@dataclass(frozen=True, slots=True)
class Released(Generic[Item]):
    """A message in its turn."""

    item: Item
    lost: int
    """How many messages before it never came."""


class ReorderBuffer(Generic[Item]):
    """Puts numbered messages in order, drops repeated ones, waits a bounded time for missing ones.

    Args:
        max_wait_ns: how long a message waits for those before it.
        capacity: how many messages may wait.
    """

    def __init__(self, *, max_wait_ns: int = 100_000_000, capacity: int = 16) -> None:
        self.duplicates = 0
        self.late = 0
        """Messages that came after they had been given up."""
        self.lost = 0
        self._max_wait_ns = max_wait_ns
        self._capacity = capacity
        self._next: int | None = None
        self._waiting: dict[int, tuple[int, Item]] = {}
        self._given_up: deque[int] = deque(maxlen=_REMEMBERED)
        self._behind: list[int] = []

    def push(self, seq: int, item: Item, now_ns: int) -> list[Released[Item]]:
        """Take message ``seq``; gives those whose turn has come."""
        if self._next is None:
            self._next = seq
        if self._restarted(seq):
            released = self.reset()
            return released + self.push(seq, item, now_ns)
        if seq < self._next or seq in self._waiting:
            self._count_stale(seq)
            return self.expire(now_ns)
        self._waiting[seq] = (now_ns, item)
        return self.expire(now_ns)

    def expire(self, now_ns: int) -> list[Released[Item]]:
        """Those in order, and those that have waited long enough."""
        released = self._in_order(0)
        while self._waiting and self._must_go(now_ns):
            first = min(self._waiting)
            lost = first - (self._next or 0)
            self.lost += lost
            self._given_up.extend(range(max(first - lost, first - _REMEMBERED), first))
            self._next = first
            released += self._in_order(lost)
        return released

    def reset(self) -> list[Released[Item]]:
        """Give what waits, in order, and begin anew with whatever number comes next."""
        released: list[Released[Item]] = []
        for seq in sorted(self._waiting):
            lost = seq - (self._next if self._next is not None else seq)
            self.lost += lost
            released.append(Released(self._waiting[seq][1], lost))
            self._next = seq + 1
        self._waiting.clear()
        self._given_up.clear()
        self._behind.clear()
        self._next = None
        return released

    def _in_order(self, lost: int) -> list[Released[Item]]:
        released: list[Released[Item]] = []
        while self._next in self._waiting:
            released.append(Released(self._waiting.pop(self._next)[1], lost))
            lost = 0
            self._next += 1
        return released

    def _must_go(self, now_ns: int) -> bool:
        oldest_ns = min(since_ns for since_ns, _ in self._waiting.values())
        return len(self._waiting) > self._capacity or now_ns - oldest_ns >= self._max_wait_ns

    def _count_stale(self, seq: int) -> None:
        if seq in self._given_up:
            self._given_up.remove(seq)
            self.late += 1
        else:
            self.duplicates += 1

    def _restarted(self, seq: int) -> bool:
        """Numbers far back, or a run of rising ones behind: the sender counts anew."""
        behind = (self._next or 0) - seq
        if behind <= 0:
            self._behind.clear()
            return False
        if self._behind and seq <= self._behind[-1]:
            self._behind.clear()
        self._behind.append(seq)
        return behind > _RESTART_DISTANCE or len(self._behind) >= _RESTART_RUN
