"""The newest segments of a stream that nobody works on yet, to begin from a keyframe."""

from collections import deque
from dataclasses import dataclass

from edge_worker.media.mpegts.random_access import holds_keyframe
from edge_worker.transport import Message

KEPT_NS = 1_500_000_000
"""Before the newest segment: the first words after a ring come while its press is on its way."""
MOST_SEGMENTS = 60
"""Seven seconds, and fewer than a session takes at once."""
MOST_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class _Kept:
    message: Message
    key: bool


class Backlog:
    """Keeps what a session begins with: from the last keyframe that is `KEPT_NS` old.

    Without pictures, or without a keyframe within the bounds, the newest `KEPT_NS` are kept.
    """

    def __init__(self) -> None:
        self._kept: deque[_Kept] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def size(self) -> int:
        """Bytes."""
        return self._bytes

    def add(self, message: Message) -> None:
        """Keep a segment, and let go what is not needed any more."""
        self._kept.append(_Kept(message, holds_keyframe(message.payload)))
        self._bytes += len(message.payload)
        for _ in range(self._beginning(message.received_ns - KEPT_NS)):
            self._drop()
        while len(self._kept) > MOST_SEGMENTS or self._bytes > MOST_BYTES:
            self._drop()

    def take(self) -> list[Message]:
        """All that is kept, oldest first; nothing is kept afterwards."""
        messages = [one.message for one in self._kept]
        self.clear()
        return messages

    def clear(self) -> None:
        """Keep nothing."""
        self._kept.clear()
        self._bytes = 0

    def _beginning(self, until_ns: int) -> int:
        """How many segments lie before the last keyframe up to ``until_ns``."""
        beginning, aged = 0, 0
        for number, one in enumerate(self._kept):
            if one.message.received_ns > until_ns:
                break
            aged = number
            if one.key:
                beginning = number
        keys = any(one.key for one in self._kept)
        return beginning if keys else aged

    def _drop(self) -> None:
        self._bytes -= len(self._kept.popleft().message.payload)
