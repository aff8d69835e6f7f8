"""Decoders: access units in, pictures and sound out; damage is counted, never raised."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.error import FFmpegError

from edge_worker.items import AudioBlock, Samples, VideoFrame
from edge_worker.media.access_unit import AccessUnit, AudioCodec, VideoCodec
from edge_worker.media.i420 import planes_of
from edge_worker.media.timestamps import TICKS_PER_SECOND, ticks_to_ns

MAX_PIXELS = 4096 * 2304
"""A stream that declares larger pictures is refused before memory is taken for it."""

_TIME_BASE = Fraction(1, TICKS_PER_SECOND)
_TOUCHING_NS = 2_000_000
_DECODERS: dict[AudioCodec, str] = {"aac": "aac", "mp2": "mp3float", "opus": "opus"}


@dataclass(slots=True)
class DecodeCounters:
    """What a decoder was given and what it could not use."""

    access_units: int = 0
    failed: int = 0
    """Access units that the decoder refused."""
    skipped: int = 0
    """Access units before the first keyframe."""
    degraded: int = 0
    """Pictures that were guessed, see ``VideoFrame.degraded``."""
    late: int = 0
    """Pictures that came out behind a later one and were left out."""


class VideoDecoder:
    """Decodes one video track, one thread, with as little delay as its reordering allows.

    Args:
        codec: of the access units.
        epoch: written into every frame.
        counters: to count on with; its own without.
    """

    def __init__(
        self, codec: VideoCodec, epoch: str, counters: DecodeCounters | None = None
    ) -> None:
        self.codec = codec
        self.counters = counters or DecodeCounters()
        self._epoch = epoch
        self._context = av.VideoCodecContext.create(codec, "r")
        self._context.thread_count = 1
        self._context.options = {"flags": "+low_delay", "max_pixels": str(MAX_PIXELS)}
        self._started = False
        self._clean_from: int | None = None
        self._newest: int | None = None

    def decode(self, unit: AccessUnit) -> list[VideoFrame]:
        """Pictures that this access unit (unwrapped ticks) completes, in the order of their PTS."""
        self.counters.access_units += 1
        if unit.gap:
            self.mark_gap()
        if unit.key and self._clean_from is None:
            self._clean_from = unit.pts
        self._started = self._started or unit.key
        if not self._started:
            self.counters.skipped += 1
            return []
        packet = av.Packet(unit.data)
        packet.pts, packet.dts, packet.time_base = unit.pts, unit.dts, _TIME_BASE
        packet.is_keyframe = unit.key
        return self._run(packet)

    def mark_gap(self) -> None:
        """Something is missing: pictures are degraded until the next keyframe."""
        self._clean_from = None

    def flush(self) -> list[VideoFrame]:
        """Pictures still held back for reordering; the next access unit must be a keyframe."""
        frames = self._run(None)
        self._context.flush_buffers()
        self._started = False
        self._clean_from = None
        return frames

    def _run(self, packet: "av.Packet[Any] | None") -> list[VideoFrame]:
        try:
            decoded = self._context.decode(packet)
            frames = [self._convert(frame) for frame in decoded]
        except (FFmpegError, ValueError):
            self.counters.failed += 1
            self.mark_gap()
            return []
        return [frame for frame in frames if frame is not None]

    def _convert(self, frame: av.VideoFrame) -> VideoFrame | None:
        if frame.pts is None or (self._newest is not None and frame.pts <= self._newest):
            self.counters.late += 1
            return None
        self._newest = frame.pts
        clean = self._clean_from is not None and frame.pts >= self._clean_from
        degraded = frame.is_corrupt or not clean
        self.counters.degraded += degraded
        return VideoFrame(self._epoch, ticks_to_ns(frame.pts), planes_of(frame), degraded)


class AudioDecoder:
    """Decodes one audio track to mono blocks at the track's own rate.

    Blocks touch, but for a nanosecond of rounding, as long as the track's timestamps stay within
    2 ms of its sample count; beyond that the timestamps win.

    Args:
        codec: of the access units.
        epoch: written into every block.
        counters: to count on with; its own without.
    """

    def __init__(
        self, codec: AudioCodec, epoch: str, counters: DecodeCounters | None = None
    ) -> None:
        self.codec = codec
        self.counters = counters or DecodeCounters()
        self._epoch = epoch
        self._context = _open_audio(codec)
        self._context.thread_count = 1
        self._anchor_ns = 0
        self._samples = 0
        self._sample_rate = 0

    def decode(self, unit: AccessUnit) -> list[AudioBlock]:
        """Sound of this access unit (unwrapped ticks)."""
        self.counters.access_units += 1
        packet = av.Packet(unit.data)
        packet.pts, packet.dts, packet.time_base = unit.pts, unit.dts, _TIME_BASE
        try:
            return [self._convert(frame, unit.pts) for frame in self._context.decode(packet)]
        except FFmpegError:
            self.counters.failed += 1
            return []

    def flush(self) -> list[AudioBlock]:
        """Forget what was half decoded; an audio frame never waits for another one."""
        self._context.flush_buffers()
        self._sample_rate = 0
        return []

    def _convert(self, frame: av.AudioFrame, fallback: int) -> AudioBlock:
        wire_ns = ticks_to_ns(frame.pts if frame.pts is not None else fallback)
        samples = _mono(frame)
        if frame.sample_rate != self._sample_rate or abs(wire_ns - self._next_ns) > _TOUCHING_NS:
            self._anchor_ns, self._samples = wire_ns, 0
            self._sample_rate = frame.sample_rate
        pts_ns = self._next_ns
        self._samples += len(samples)
        return AudioBlock(self._epoch, pts_ns, frame.sample_rate, samples)

    @property
    def _next_ns(self) -> int:
        if not self._sample_rate:
            return self._anchor_ns
        return self._anchor_ns + self._samples * 1_000_000_000 // self._sample_rate


def _open_audio(codec: AudioCodec) -> av.AudioCodecContext:
    context = av.CodecContext.create(_DECODERS[codec], "r")
    if not isinstance(context, av.AudioCodecContext):
        raise TypeError(f"the {codec} decoder of this FFmpeg does not decode sound")
    return context


def _mono(frame: av.AudioFrame) -> Samples:
    """The mean of all channels; these decoders give floats, full scale +-1."""
    array = np.asarray(frame.to_ndarray(), np.float32)
    if not frame.format.is_planar:
        array = array.reshape(-1, frame.layout.nb_channels).T
    return np.asarray(array.mean(axis=0, dtype=np.float32))
