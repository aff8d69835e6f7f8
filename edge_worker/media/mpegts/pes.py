"""PES packets (ISO/IEC 13818-1, 2.4.3.6): an access unit with its timestamps."""

from dataclasses import dataclass

from edge_worker.media.access_unit import AccessUnit

PES_START = b"\0\0\1"
TICKS_MASK = 0x1FFFFFFFF

_VIDEO_STREAM = 0xE0
_AUDIO_STREAM = 0xC0
_PRIVATE_STREAM = 0xBD
_ALIGNED = 0x84


@dataclass(frozen=True, slots=True)
class Pes:
    """A PES packet taken apart."""

    pts: int | None
    dts: int | None
    payload: bytes


def build_pes(unit: AccessUnit, payload: bytes) -> bytes:
    """Wrap one access unit; ``payload`` is its data as the stream carries it."""
    pts = unit.pts & TICKS_MASK
    dts = unit.dts & TICKS_MASK
    if pts == dts:
        head = bytes((_ALIGNED, 0x80, 5)) + _timestamp(pts, 2)
    else:
        head = bytes((_ALIGNED, 0xC0, 10)) + _timestamp(pts, 3) + _timestamp(dts, 1)
    if unit.kind == "video":
        stream_id = _VIDEO_STREAM
    else:
        stream_id = _PRIVATE_STREAM if unit.codec == "opus" else _AUDIO_STREAM
    size = len(head) + len(payload)
    # 0 means unbounded, which only video may be.
    length = size if size <= 0xFFFF else 0
    return PES_START + bytes((stream_id,)) + length.to_bytes(2, "big") + head + payload


def pes_size(first_bytes: bytes | memoryview) -> int:
    """Whole size that the first six bytes promise; 0 when unbounded."""
    length = first_bytes[4] << 8 | first_bytes[5]
    return length + 6 if length else 0


def parse_pes(data: bytes) -> Pes | None:
    """Take a PES packet apart; None when its header is broken."""
    if len(data) < 9 or data[:3] != PES_START or data[6] & 0xC0 != 0x80:
        return None
    flags = data[7] & 0xC0
    header_end = 9 + data[8]
    needed = {0x80: 14, 0xC0: 19}.get(flags, 9)
    if header_end > len(data) or header_end < needed:
        return None
    pts = _read_timestamp(data, 9) if flags & 0x80 else None
    dts = _read_timestamp(data, 14) if flags == 0xC0 else pts
    return Pes(pts, dts, data[header_end:])


def _timestamp(ticks: int, mark: int) -> bytes:
    return bytes(
        (
            mark << 4 | ticks >> 29 & 0x0E | 1,
            ticks >> 22 & 0xFF,
            ticks >> 14 & 0xFE | 1,
            ticks >> 7 & 0xFF,
            ticks << 1 & 0xFE | 1,
        )
    )


def _read_timestamp(data: bytes, at: int) -> int:
    return (
        (data[at] >> 1 & 7) << 30
        | data[at + 1] << 22
        | data[at + 2] >> 1 << 15
        | data[at + 3] << 7
        | data[at + 4] >> 1
    )
