"""Decoders: access units in, pictures and sound out; damage is counted, never raised."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.error import FFmpegError

from edge_worker.items import AudioBlock, Planes, Samples, VideoFrame
from edge_worker.media.access_unit import AccessUnit, AudioCodec, VideoCodec
from edge_worker.media.decode_budget import DecodeBudget
from edge_worker.media.fit import fitted
from edge_worker.media.i420 import planes_of
from edge_worker.media.timestamps import TICKS_PER_SECOND, ticks_to_ns

MAX_PIXELS = 4096 * 3072
"""A stream that declares larger pictures is refused before memory is taken for it."""

_TIME_BASE = Fraction(1, TICKS_PER_SECOND)
_TOUCHING_NS = 2_000_000
_PATIENCE = 450
"""Pictures, 15 s and more: a sender that has shown no keyframe until then sends none, but
refreshes its picture bit by bit."""
_DECODERS: dict[AudioCodec, str] = {"aac": "aac", "mp2": "mp3float", "opus": "opus"}


@dataclass(slots=True)
class DecodeCounters:
    """What a decoder was given and what it could not use."""

    access_units: int = 0
    failed: int = 0
    """Access units that the decoder refused."""
    skipped: int = 0
    """Access units before the first keyframe."""
    left_out: int = 0
    """Access units between keyframes of pictures too large to be decoded in time."""
    degraded: int = 0
    """Pictures that were guessed, see ``VideoFrame.degraded``."""
    late: int = 0
    """Pictures that came out behind a later one and were left out."""


class VideoDecoder:
    """Decodes one video track, one thread, with as little delay as its reordering allows.

    Pictures come out at the size that is worked on, see ``fitted``. Of larger ones that cost more
    than 80 % of a core only keyframes are decoded.

    Args:
        codec: of the access units.
        epoch: written into every frame.
        counters: to count on with; its own without.
        cpu_ns: CPU time of this thread.
    """

    def __init__(
        self,
        codec: VideoCodec,
        epoch: str,
        counters: DecodeCounters | None = None,
        cpu_ns: Callable[[], int] = time.thread_time_ns,
    ) -> None:
        self.codec = codec
        self.counters = counters or DecodeCounters()
        self.source_size: tuple[int, int] | None = None
        """(width, height) of the newest picture before it was scaled."""
        self._cpu_ns = cpu_ns
        self._budget = DecodeBudget()
        self._epoch = epoch
        self._context = av.VideoCodecContext.create(codec, "r")
        self._context.thread_count = 1
        self._context.options = {"flags": "+low_delay", "max_pixels": str(MAX_PIXELS)}
        self._started = False
        self._waited = 0
        self._clean_from: int | None = None
        self._newest: int | None = None

    @property
    def keyframes_only(self) -> bool:
        """The pictures are too large to decode all of them in time."""
        return self._budget.exceeded

    def decode(self, unit: AccessUnit) -> list[VideoFrame]:
        """Pictures that this access unit (unwrapped ticks) completes, in the order of their PTS."""
        self.counters.access_units += 1
        if unit.gap:
            self.mark_gap()
        if unit.key and self._clean_from is None:
            self._clean_from = unit.pts
        if not self._may_start(unit):
            self.counters.skipped += 1
            return []
        if self._budget.exceeded and not unit.key:
            self.counters.left_out += 1
            return []
        packet = av.Packet(unit.data)
        packet.pts, packet.dts, packet.time_base = unit.pts, unit.dts, _TIME_BASE
        packet.is_keyframe = unit.key
        began_ns = self._cpu_ns()
        frames = self._run(packet)
        if self._scaled:
            self._budget.spend(unit.dts, self._cpu_ns() - began_ns)
        return frames

    def mark_gap(self) -> None:
        """Something is missing: pictures are degraded until the next keyframe."""
        self._clean_from = None

    def flush(self) -> list[VideoFrame]:
        """Pictures still held back for reordering; the next access unit must be a keyframe."""
        frames = self._run(None)
        self._context.flush_buffers()
        self._started = False
        self._waited = 0
        self._clean_from = None
        return frames

    @property
    def _scaled(self) -> bool:
        return self.source_size is not None and fitted(*self.source_size) != self.source_size

    def _may_start(self, unit: AccessUnit) -> bool:
        self._waited += not self._started
        self._started = self._started or unit.key or self._waited > _PATIENCE
        return self._started

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
        planes = self._planes(frame)
        return VideoFrame(self._epoch, ticks_to_ns(frame.pts), planes, degraded)

    def _planes(self, frame: av.VideoFrame) -> Planes:
        size = (frame.width, frame.height)
        if self.source_size is not None and size != self.source_size:
            self._budget = DecodeBudget()
        self.source_size = size
        return planes_of(frame, fitted(*size) if self._scaled else None)


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
