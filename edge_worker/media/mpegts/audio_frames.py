"""Audio frames inside PES payloads: where each ends and how long it sounds.

A frame may begin in one PES packet and end in the next; a PES timestamp belongs to the first
frame that begins in it.
"""

from collections.abc import Callable
from typing import NamedTuple

from edge_worker.media.access_unit import AudioCodec
from edge_worker.media.mpegts.pes import TICKS_MASK

_ADTS_RATES = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
_MPEG_RATES = (44100, 48000, 32000)
# kbit/s by bit-rate index: MPEG-1 layer II, MPEG-1 layer III, MPEG-2 layers II and III.
_LAYER2_RATES = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_LAYER3_RATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_LOW_RATES = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)

_MAX_OPUS_PACKET = 48 * 1275  # RFC 6716: 120 ms in frames of 2.5 ms


class FrameHead(NamedTuple):
    """What a frame's first bytes say."""

    header_size: int
    """Bytes in front of the frame's own data that the decoder must not see."""
    size: int
    """Whole size, ``header_size`` included; more than is there means: wait for the rest."""
    samples: int
    sample_rate: int


FrameReader = Callable[[bytes, int], FrameHead | None]


class AudioSplitter:
    """Splits the payload of one audio track into frames with exact timestamps."""

    def __init__(self, codec: AudioCodec) -> None:
        self.corrupt = 0
        self._read, self._header_bytes, self._sync = _READERS[codec]
        self._rest = b""
        self._anchor: int | None = None
        self._samples = 0
        self._sample_rate = 0

    def reset(self) -> None:
        """Forget an unfinished frame, after a loss."""
        self._rest = b""
        self._anchor = None

    def feed(self, payload: bytes, pts: int | None) -> list[tuple[int, bytes]]:
        """(PTS in 33-bit ticks, frame) of every frame that this payload completes."""
        data = self._rest + payload
        carried = len(self._rest)
        frames: list[tuple[int, bytes]] = []
        position = 0
        while position + self._header_bytes <= len(data):
            if pts is not None and position >= carried:
                self._set_anchor(pts)
                pts = None
            head = self._read(data, position)
            if head is None:
                position = self._skip_noise(data, position)
                continue
            end = position + head.size
            if end > len(data):
                break
            if self._anchor is not None:
                frames.append((self._advance(head), data[position + head.header_size : end]))
            position = end
        self._keep(data[position:], pts if position >= carried else None)
        return frames

    def _set_anchor(self, pts: int) -> None:
        self._anchor = pts
        self._samples = 0

    def _advance(self, head: FrameHead) -> int:
        anchor = self._anchor or 0
        if head.sample_rate != self._sample_rate and self._sample_rate:
            anchor += self._samples * 90000 // self._sample_rate
            self._anchor, self._samples = anchor, 0
        self._sample_rate = head.sample_rate
        # Half a tick added rounds to the nearest one.
        ticks = anchor + (self._samples * 180000 + head.sample_rate) // (2 * head.sample_rate)
        self._samples += head.samples
        return ticks & TICKS_MASK

    def _keep(self, rest: bytes, pts: int | None) -> None:
        self._rest = rest
        if pts is not None:
            self._set_anchor(pts)

    def _skip_noise(self, data: bytes, position: int) -> int:
        """Where the next frame may begin."""
        self.corrupt += 1
        candidate = data.find(self._sync, position + 1)
        while 0 <= candidate <= len(data) - self._header_bytes:
            if self._read(data, candidate) is not None:
                return candidate
            candidate = data.find(self._sync, candidate + 1)
        return len(data)


def _read_adts(data: bytes, at: int) -> FrameHead | None:
    """ISO/IEC 14496-3, 1.A.2."""
    if data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
        return None
    rate_index = data[at + 2] >> 2 & 15
    size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    if rate_index >= len(_ADTS_RATES) or size <= 7:
        return None
    blocks = (data[at + 6] & 3) + 1
    return FrameHead(0, size, 1024 * blocks, _ADTS_RATES[rate_index])


def _read_mpeg_audio(data: bytes, at: int) -> FrameHead | None:
    """ISO/IEC 11172-3, 2.4.1.3 and 13818-3; layers II and III."""
    if data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version = data[at + 1] >> 3 & 3  # 0: MPEG-2.5, 2: MPEG-2, 3: MPEG-1
    layer = 4 - (data[at + 1] >> 1 & 3)
    bit_rate_index = data[at + 2] >> 4
    rate_index = data[at + 2] >> 2 & 3
    if version == 1 or layer not in {2, 3} or bit_rate_index in {0, 15} or rate_index == 3:
        return None
    sample_rate = _MPEG_RATES[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    full_rates = _LAYER2_RATES if layer == 2 else _LAYER3_RATES
    bit_rate = 1000 * (full_rates if version == 3 else _LOW_RATES)[bit_rate_index]
    samples = 576 if layer == 3 and version != 3 else 1152
    size = samples // 8 * bit_rate // sample_rate + (data[at + 2] >> 1 & 1)
    return FrameHead(0, size, samples, sample_rate)


def _read_opus(data: bytes, at: int) -> FrameHead | None:
    """Opus access unit with its control header (ETSI TS 103 491 / Opus in MPEG-TS)."""
    if data[at] != 0x7F or data[at + 1] & 0xE0 != 0xE0:
        return None
    flags = data[at + 1]
    position = at + 2
    size = 0
    while position < len(data):
        size += data[position]
        position += 1
        if data[position - 1] != 255:
            break
    position += (2 if flags & 0x10 else 0) + (2 if flags & 0x08 else 0)
    if not 0 < size <= _MAX_OPUS_PACKET:
        return None
    header_size = position - at
    samples = _opus_samples(data[position : position + 2])
    return FrameHead(header_size, header_size + size, samples, 48000)


def _opus_samples(packet: bytes) -> int:
    """Length at 48 kHz that a packet's first bytes state (RFC 6716, 3.1)."""
    if not packet:
        return 960
    config = packet[0] >> 3
    if config < 12:
        frame = (480, 960, 1920, 2880)[config & 3]
    elif config < 16:
        frame = (480, 960)[config & 1]
    else:
        frame = (120, 240, 480, 960)[config & 3]
    code = packet[0] & 3
    if code == 0:
        return frame
    if code == 3:
        return frame * ((packet[1] & 63) if len(packet) > 1 else 1)
    return frame * 2


_READERS: dict[AudioCodec, tuple[FrameReader, int, bytes]] = {
    "aac": (_read_adts, 7, b"\xff"),
    "mp2": (_read_mpeg_audio, 4, b"\xff"),
    "opus": (_read_opus, 3, b"\x7f"),
}
"""Reader, the bytes it needs, and the first byte of every frame."""
