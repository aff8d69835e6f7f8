"""What a cable does to the frames that go over it."""

import heapq
import random
from dataclasses import dataclass, field
from itertools import count

_MS_NS = 1_000_000
_WAITING = 4096
"""Frames that may be on their way; those beyond are lost, as in any queue."""


@dataclass(frozen=True, slots=True)
class Cable:
    """The cable between one host and the switch; it treats both directions alike.

    Chances are from 0 to 1 for each frame.
    """

    loss: float = 0.0
    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """Up to so much more delay, evenly distributed; order is kept."""
    duplicate: float = 0.0
    reorder: float = 0.0
    """Frames that overtake those which are still delayed."""


PERFECT = Cable()


@dataclass(slots=True)
class Flight:
    """Frames on their way in one direction.

    Attributes:
        cable: in force; may be changed at any time.
    """

    random: random.Random
    cable: Cable = PERFECT
    _due: list[tuple[int, int, bytes]] = field(default_factory=list)
    _order: "count[int]" = field(default_factory=count)
    _latest_ns: int = 0

    def send(self, frame: bytes, now_ns: int) -> None:
        """A frame enters the cable."""
        cable = self.cable
        if self.random.random() < cable.loss or len(self._due) >= _WAITING:
            return
        copies = 2 if self.random.random() < cable.duplicate else 1
        for _ in range(copies):
            heapq.heappush(self._due, (self._due_ns(now_ns), next(self._order), frame))

    def _due_ns(self, now_ns: int) -> int:
        if self.random.random() < self.cable.reorder:
            return now_ns
        wait_ms = self.cable.delay_ms + self.random.random() * self.cable.jitter_ms
        self._latest_ns = max(self._latest_ns, now_ns + round(wait_ms * _MS_NS))
        return self._latest_ns

    def arrived(self, now_ns: int) -> list[bytes]:
        """Frames that leave the cable by now, in order."""
        frames: list[bytes] = []
        while self._due and self._due[0][0] <= now_ns:
            frames.append(heapq.heappop(self._due)[2])
        return frames

    @property
    def next_ns(self) -> int | None:
        """When the next frame leaves the cable."""
        return self._due[0][0] if self._due else None
