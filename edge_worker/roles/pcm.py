"""Translated speech as PCM messages: signed 16-bit little-endian, in pieces of a few seconds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edge_worker.items import Samples
from mqtt_schemas import PCM_CONTENT_TYPE, PcmProperties, check_media

PIECE_SAMPLES = 240_000
"""Five seconds at 48 kHz: 480 kB, half of what a message may hold."""
_FULL_SCALE = 32767


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One message of PCM."""

    properties: PcmProperties
    data: bytes

    @property
    def samples(self) -> int:
        """Whole samples in it."""
        return len(self.data) // 2


def pieces_of(samples: Samples, sample_rate: int, language: str) -> Iterator[Piece]:
    """Cut speech into messages; samples beyond full scale are clipped."""
    data = (np.clip(samples, -1, 1) * _FULL_SCALE).astype("<i2").tobytes()
    step = 2 * PIECE_SAMPLES
    starts = range(0, len(data), step)
    for seq, start in enumerate(starts):
        last = seq == len(starts) - 1
        properties = PcmProperties(sample_rate=sample_rate, seq=seq, last=last, language=language)
        yield Piece(properties, data[start : start + step])


def read_piece(
    topic: str,
    payload: bytes,
    content_type: str | None,
    user_properties: tuple[tuple[str, str], ...],
) -> Piece:
    """Read one message.

    Raises:
        MessageRefused: empty, too large, of another content type, or with nonsense beside it.
    """
    check_media(topic, payload, content_type, PCM_CONTENT_TYPE)
    return Piece(PcmProperties.from_pairs(topic, user_properties), payload)


def joined(pieces: list[Piece]) -> Samples:
    """The speech of all pieces, in their order."""
    data = b"".join(piece.data for piece in pieces)
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
