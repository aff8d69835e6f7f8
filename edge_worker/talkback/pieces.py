"""Push-to-talk sound that comes in pieces, put together again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from edge_worker.items import Samples
from edge_worker.talkback.reply import ReplyFailedError, SpokenWords
from mqtt_schemas.media import PcmProperties

LONGEST_NS = 30_000_000_000
"""Of the sound of one reply: what a recognizer takes at once."""
GAP_NS = 5_000_000_000
"""Between two pieces; after that nothing more is expected."""
TALKERS = 4
"""Replies that may be coming in at once."""
_SAMPLE_BYTES = 2
_FULL_SCALE = 32_768.0
_NUMBERS = 4_096
"""Pieces of one reply."""
_FASTEST = 48_000
"""Hertz: more of a voice is nowhere used."""


@dataclass(slots=True)
class _Coming:
    """The sound of one transaction, as far as it has come."""

    first: PcmProperties
    pieces: dict[int, bytes] = field(default_factory=dict)
    """By number."""
    count: int | None = None
    """How many there are; None until the last one has come."""
    touched_ns: int = 0
    size: int = 0
    """Bytes that have come."""

    @property
    def whole(self) -> bool:
        return self.count is not None and len(self.pieces) == self.count

    @property
    def duration_ns(self) -> int:
        return self.size // _SAMPLE_BYTES * 1_000_000_000 // self.first.sample_rate


class Pieces:
    """Collects the pieces of every reply that is being spoken by the owner.

    Args:
        clock: monotonic nanoseconds.
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._coming: dict[str, _Coming] = {}

    def __contains__(self, transaction: str) -> bool:
        return transaction in self._coming

    def add(
        self, transaction: str, payload: bytes, properties: PcmProperties
    ) -> SpokenWords | None:
        """Take a piece; repeated ones count once, and they may come in any order.

        Args:
            transaction: that it belongs to.
            payload: signed 16-bit little-endian mono.
            properties: beside it; ``language`` and ``sample_rate`` of the first to come count.

        Returns:
            The whole sound with the piece that completes it, else None.

        Raises:
            ReplyFailedError: too long, of another rate, or not PCM; all of it is let go.
        """
        coming = self._coming.get(transaction)
        if coming is None:
            if len(self._coming) >= TALKERS:
                raise ReplyFailedError(f"{TALKERS} others are speaking to this door already")
            coming = self._coming.setdefault(transaction, _Coming(properties))
        try:
            _take(coming, payload, properties)
        except ReplyFailedError:
            self.forget(transaction)
            raise
        coming.touched_ns = self._clock()
        if not coming.whole:
            return None
        self.forget(transaction)
        sound = b"".join(piece for _, piece in sorted(coming.pieces.items()))
        return SpokenWords(_decoded(sound), coming.first.sample_rate, coming.first.language)

    def broken_off(self) -> list[str]:
        """Transactions of which nothing has come for too long; they are let go."""
        oldest_ns = self._clock() - GAP_NS
        stale = [name for name, one in self._coming.items() if one.touched_ns < oldest_ns]
        for transaction in stale:
            self.forget(transaction)
        return stale

    def clear(self) -> list[str]:
        """Let go of everything; the transactions that were coming in."""
        coming = [*self._coming]
        self._coming.clear()
        return coming

    def forget(self, transaction: str) -> None:
        """Let go of what has come."""
        self._coming.pop(transaction, None)


def _take(coming: _Coming, payload: bytes, properties: PcmProperties) -> None:
    if len(payload) % _SAMPLE_BYTES:
        raise ReplyFailedError(f"{len(payload)} bytes are no 16-bit PCM: their number is odd")
    if properties.sample_rate != coming.first.sample_rate:
        raise ReplyFailedError(
            f"a piece has {properties.sample_rate} Hz, the first had {coming.first.sample_rate} Hz"
        )
    if properties.sample_rate > _FASTEST:
        raise ReplyFailedError(f"{properties.sample_rate} Hz is too much: send {_FASTEST} Hz")
    if properties.seq >= _NUMBERS:
        raise ReplyFailedError(f"piece {properties.seq} is one too many: at most {_NUMBERS}")
    if properties.seq not in coming.pieces:
        coming.pieces[properties.seq] = payload
        coming.size += len(payload)
    if properties.last:
        coming.count = properties.seq + 1
    if coming.count is not None and max(coming.pieces) >= coming.count:
        raise ReplyFailedError(f"a piece came that lies behind the last one, {coming.count - 1}")
    if coming.duration_ns > LONGEST_NS:
        raise ReplyFailedError(
            f"the sound is longer than {LONGEST_NS // 1_000_000_000} s: say it in parts"
        )


def _decoded(sound: bytes) -> Samples:
    return np.frombuffer(sound, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
