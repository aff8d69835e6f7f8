"""Encoders: pictures and sound in, access units out, with timestamps exact to the tick."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.frame import PictureType

from edge_worker.items import AudioBlock, Planes, Samples
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.i420 import frame_of
from edge_worker.media.timestamps import TICKS_PER_SECOND, ns_to_ticks, ticks_to_ns

SAMPLE_RATE = 48_000
FRAME_SAMPLES = 1024

_TIME_BASE = Fraction(1, TICKS_PER_SECOND)
_KEY_INTERVAL = TICKS_PER_SECOND
_MAX_SILENCE_SAMPLES = 10 * SAMPLE_RATE
_ADTS_RATE_INDEX = 3  # 48 kHz
_COLOUR = {"color_range": "tv", "colorspace": "smpte170m"}


class VideoEncoder:
    """H.264 constrained baseline, which every browser takes: each picture gives its unit at once.

    A keyframe with SPS and PPS at least once a second of media time.

    Args:
        width: even, pixels.
        height: even, pixels.
        frame_rate: what to expect, for the rate control; pictures may come at any time.
        bit_rate: bits per second.
        preset: of x264.
    """

    def __init__(
        self,
        width: int,
        height: int,
        *,
        frame_rate: float = 25.0,
        bit_rate: int = 1_500_000,
        preset: str = "ultrafast",
    ) -> None:
        self.width = width
        self.height = height
        rate = Fraction(frame_rate).limit_denominator(1001)
        context = av.VideoCodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = _TIME_BASE
        context.framerate = rate
        context.bit_rate = bit_rate
        context.max_b_frames = 0
        context.gop_size = 10_000  # keyframes are set by media time, see encode()
        context.thread_count = 1
        context.options = _COLOUR | {
            "preset": preset,
            "profile": "baseline",
            "tune": "zerolatency",
            "forced-idr": "1",
            "maxrate": str(bit_rate),
            "bufsize": str(bit_rate // 2),
            "x264-params": "repeat-headers=1:scenecut=0",
        }
        self._context = context
        # Half a picture early rather than one picture late.
        self._key_interval = _KEY_INTERVAL - int(TICKS_PER_SECOND / rate / 2)
        self._last_key: int | None = None
        self._newest: int | None = None

    def encode(
        self, planes: Planes, pts_ns: int, *, force_keyframe: bool = False
    ) -> list[AccessUnit]:
        """Encode one picture (I420, shape (height * 3 // 2, width)).

        Raises:
            ValueError: the picture has another size, or is not later than the one before.
        """
        if planes.shape != (self.height * 3 // 2, self.width):
            raise ValueError(
                f"this encoder takes I420 planes of {self.width}x{self.height}, "
                f"shape {(self.height * 3 // 2, self.width)}; it got {planes.shape}"
            )
        pts = ns_to_ticks(pts_ns)
        if self._newest is not None and pts <= self._newest:
            raise ValueError(
                f"picture at {pts_ns} ns is not later than the one before, "
                f"at {ticks_to_ns(self._newest)} ns"
            )
        self._newest = pts
        frame = frame_of(planes)
        frame.pts, frame.time_base = pts, _TIME_BASE
        if force_keyframe or self._last_key is None or pts - self._last_key >= self._key_interval:
            frame.pict_type = PictureType.I
            self._last_key = pts
        return [_video_unit(packet) for packet in self._context.encode(frame)]

    def flush(self) -> list[AccessUnit]:
        """End the stream."""
        return [_video_unit(packet) for packet in self._context.encode(None)]


class AudioEncoder:
    """AAC-LC in ADTS, 48 kHz mono; the encoder's delay is subtracted from the timestamps.

    The first access unit lies one frame (1024 samples) before the first sample: decoding it
    fills the overlap that the next one needs.

    Args:
        bit_rate: bits per second.
    """

    def __init__(self, *, bit_rate: int = 64_000) -> None:
        self._bit_rate = bit_rate
        self._context = self._open()
        self._anchor_ns: int | None = None
        self._queued: list[Samples] = []
        self._taken = 0
        self._sent = 0

    def encode(self, block: AudioBlock) -> list[AccessUnit]:
        """Encode the next sound; a pause between blocks is filled with silence.

        Raises:
            ValueError: another sample rate than 48 kHz, or the block overlaps the one before.
        """
        if block.sample_rate != SAMPLE_RATE:
            raise ValueError(f"sound to encode has {SAMPLE_RATE} Hz; it got {block.sample_rate} Hz")
        units: list[AccessUnit] = []
        missing = self._missing(block.pts_ns)
        if missing < -1:
            raise ValueError(
                f"sound at {block.pts_ns} ns overlaps the sound before it by {-missing} samples"
            )
        if missing > _MAX_SILENCE_SAMPLES:
            units += self.flush()
        elif missing > 1:
            self._take(np.zeros(missing, np.float32))
        if self._anchor_ns is None:
            self._anchor_ns = block.pts_ns
        self._take(block.samples)
        return units + self._drain()

    def flush(self) -> list[AccessUnit]:
        """Encode what is left, padded with silence; the next block may lie anywhere."""
        if self._anchor_ns is None:
            return []
        self._take(np.zeros(-self._taken % FRAME_SAMPLES, np.float32))
        units = self._drain()
        units += [self._unit(packet) for packet in self._context.encode(None)]
        self._context = self._open()
        self._anchor_ns, self._taken, self._sent = None, 0, 0
        return units

    def _open(self) -> av.AudioCodecContext:
        context = av.AudioCodecContext.create("aac", "w")
        context.sample_rate, context.layout, context.format = SAMPLE_RATE, "mono", "fltp"
        context.bit_rate = self._bit_rate
        context.time_base = Fraction(1, SAMPLE_RATE)
        return context

    def _missing(self, pts_ns: int) -> int:
        """Samples between the end of what was taken and ``pts_ns``; negative for an overlap."""
        if self._anchor_ns is None:
            return 0
        return round((pts_ns - self._anchor_ns) * SAMPLE_RATE / 1_000_000_000) - self._taken

    def _take(self, samples: Samples) -> None:
        self._queued.append(samples)
        self._taken += len(samples)

    def _drain(self) -> list[AccessUnit]:
        """Encode every whole frame."""
        sound = np.concatenate(self._queued)
        units: list[AccessUnit] = []
        position = 0
        while position + FRAME_SAMPLES <= len(sound):
            frame = av.AudioFrame.from_ndarray(
                sound[None, position : position + FRAME_SAMPLES], format="fltp", layout="mono"
            )
            frame.sample_rate, frame.pts = SAMPLE_RATE, self._sent
            frame.time_base = Fraction(1, SAMPLE_RATE)
            units += [self._unit(packet) for packet in self._context.encode(frame)]
            self._sent += FRAME_SAMPLES
            position += FRAME_SAMPLES
        self._queued = [sound[position:]]
        return units

    def _unit(self, packet: "av.Packet[Any]") -> AccessUnit:
        # The codec counts from its own priming: its first packet has PTS -1024.
        samples = packet.pts if packet.pts is not None else 0
        pts = ns_to_ticks((self._anchor_ns or 0) + samples * 1_000_000_000 // SAMPLE_RATE)
        return AccessUnit("audio", "aac", pts, pts, _adts(bytes(packet)))


def _video_unit(packet: "av.Packet[Any]") -> AccessUnit:
    if packet.pts is None or packet.time_base is None:
        raise RuntimeError("the video encoder gave a packet without a timestamp")
    pts = int(packet.pts * packet.time_base * TICKS_PER_SECOND)
    return AccessUnit("video", "h264", pts, pts, bytes(packet), bool(packet.is_keyframe))


def _adts(frame: bytes) -> bytes:
    """The AAC-LC frame behind an ADTS header (ISO/IEC 14496-3, 1.A.2)."""
    size = len(frame) + 7
    header = (
        0xFF,
        0xF1,
        0x40 | _ADTS_RATE_INDEX << 2,
        0x40 | size >> 11,  # one channel
        size >> 3 & 0xFF,
        (size & 7) << 5 | 0x1F,
        0xFC,
    )
    return bytes(header) + frame
