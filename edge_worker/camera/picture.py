"""The picture's way from source packets to access units: passed through, or encoded anew."""

import logging
from fractions import Fraction
from typing import Protocol

import av
from av.bitstream import BitStreamFilterContext
from av.error import FFmpegError

from edge_worker.camera.packets import Packet, ticks_of
from edge_worker.camera.rotation import turned
from edge_worker.media.access_unit import AccessUnit, VideoCodec
from edge_worker.media.encode import VideoEncoder
from edge_worker.media.fit import fitted
from edge_worker.media.i420 import planes_of
from edge_worker.media.timestamps import TICKS_PER_SECOND, ticks_to_ns

_log = logging.getLogger(__name__)

_DEFAULT_RATE = Fraction(25)
_BITS_PER_PIXEL = 2.5
_PASSED: dict[str, VideoCodec] = {"h264": "h264", "hevc": "hevc"}


class PicturePath(Protocol):
    """Turns packets of a video track into access units."""

    codec: VideoCodec
    width: int
    height: int
    failed: int
    note: str
    """What is done to the pictures, for people; empty if they pass as they are."""

    def feed(self, packet: Packet) -> list[AccessUnit]:
        """Access units that this packet completes; a damaged one is counted."""
        ...

    def flush(self) -> list[AccessUnit]:
        """What is still inside, at the end of the source."""
        ...


def picture_path(stream: av.VideoStream, turns: int = 0) -> PicturePath:
    """The cheapest way that gives what receivers take: H.264 or H.265 of at most 1280x720.

    Args:
        stream: the source's video track.
        turns: clockwise quarter turns that its pictures need.
    """
    stored = (stream.codec_context.width, stream.codec_context.height)
    upright = stored[::-1] if turns % 2 else stored
    width, height = fitted(*upright)
    codec = _PASSED.get(stream.codec_context.name)
    fits = (width, height) == upright
    if codec and fits and not turns:
        return PassedPicture(stream, codec)
    why = "" if fits else f", scaled to {width}x{height}; a sub-stream of the camera saves this"
    turning = f", turned by {turns * 90} degrees" if turns else ""
    name = stream.codec_context.name
    note = f"{name} {stored[0]}x{stored[1]} is encoded as H.264{turning}{why}"
    _log.info("%s", note)
    return EncodedPicture(stream, width, height, turns, note)


def frame_rate(stream: av.VideoStream) -> Fraction:
    """Frames per second, as the source states it."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 0 < rate <= 240:
            return Fraction(rate)
    return _DEFAULT_RATE


class PassedPicture:
    """Annex B out of whatever the container had; parameter sets before every keyframe."""

    note = ""

    def __init__(self, stream: av.VideoStream, codec: VideoCodec) -> None:
        self.codec = codec
        self.width = stream.codec_context.width
        self.height = stream.codec_context.height
        self.failed = 0
        self._filter = BitStreamFilterContext(
            f"{codec}_mp4toannexb,dump_extra=freq=keyframe", stream
        )
        self._last_dts: int | None = None
        self._spacing = Fraction(TICKS_PER_SECOND) / frame_rate(stream)
        self._unstamped: Packet | None = None

    def feed(self, packet: Packet) -> list[AccessUnit]:
        """Access units that this packet completes."""
        try:
            filtered = self._filter.filter(packet)
        except FFmpegError:
            self.failed += 1
            self._filter.flush()
            return []
        return [unit for packet in filtered for unit in self._units(packet)]

    def flush(self) -> list[AccessUnit]:
        """Nothing is held back."""
        return []

    def _units(self, packet: Packet) -> list[AccessUnit]:
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None:
            # RTSP gives the first keyframe without one: the next picture tells where it lies.
            self.failed += self._unstamped is not None
            self._unstamped = packet
            return []
        pts = ticks_of(stamp, packet.time_base)
        dts = pts if packet.dts is None else min(ticks_of(packet.dts, packet.time_base), pts)
        if self._last_dts is not None and packet.dts is None:
            dts = min(self._last_dts + 1, pts)  # the container states none while it reorders
        self._last_dts = dts
        before = dts - round(self._spacing)
        held, self._unstamped = self._unstamped, None
        units = [] if held is None else [self._unit(held, before, before)]
        return [*units, self._unit(packet, pts, dts)]

    def _unit(self, packet: Packet, pts: int, dts: int) -> AccessUnit:
        return AccessUnit("video", self.codec, pts, dts, bytes(packet), packet.is_keyframe)


class EncodedPicture:
    """Decoded, scaled to fit, turned upright, encoded as H.264 without B-frames."""

    codec: VideoCodec = "h264"

    def __init__(
        self, stream: av.VideoStream, width: int, height: int, turns: int, note: str
    ) -> None:
        self.note = note
        self.width, self.height = width & ~1, height & ~1
        self._turns = turns
        self._decoded = (self.height, self.width) if turns % 2 else (self.width, self.height)
        self.failed = 0
        self._decoder = stream.codec_context
        self._encoder = VideoEncoder(
            self.width,
            self.height,
            frame_rate=float(frame_rate(stream)),
            bit_rate=int(self.width * self.height * _BITS_PER_PIXEL),
        )
        self._newest: int | None = None

    def feed(self, packet: Packet) -> list[AccessUnit]:
        """Access units that this packet completes."""
        return self._run(packet)

    def flush(self) -> list[AccessUnit]:
        """Pictures that the decoder still held back."""
        return self._run(None) + self._encoder.flush()

    def _run(self, packet: Packet | None) -> list[AccessUnit]:
        try:
            frames = self._decoder.decode(packet)
        except FFmpegError:
            self.failed += 1
            return []
        return [unit for frame in frames for unit in self._encode(frame)]

    def _encode(self, frame: av.VideoFrame) -> list[AccessUnit]:
        if frame.pts is None or frame.time_base is None:
            self.failed += 1
            return []
        pts = ticks_of(frame.pts, frame.time_base)
        if self._newest is not None and pts <= self._newest:
            self.failed += 1
            return []
        self._newest = pts
        fits = (frame.width & ~1, frame.height & ~1) == self._decoded
        planes = planes_of(frame, None if fits else self._decoded)
        return self._encoder.encode(turned(planes, self._turns), ticks_to_ns(pts))
