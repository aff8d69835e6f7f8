"""One stream for all who watch it by WebRTC: read once, its sound encoded once, paced once."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction

import av

from edge_worker.media.access_unit import AccessUnit, AudioCodec, Kind
from edge_worker.media.decode import AudioDecoder
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.resample import Resampler
from edge_worker.media.timestamps import TICKS_PER_SECOND, Unwrapper
from edge_worker.serving.feed import Feed, FeedEnded
from edge_worker.serving.whep.opus import SAMPLE_RATE, OpusEncoder
from edge_worker.serving.whep.pace import Pace
from edge_worker.serving.whep.track import Packet, PacketTrack

_log = logging.getLogger(__name__)
_VIDEO_BASE = Fraction(1, TICKS_PER_SECOND)
_AUDIO_BASE = Fraction(1, SAMPLE_RATE)
_GROUP_PACKETS = 400
"""Pictures kept for those who come; a longer group of pictures is no beginning."""
_STEP_S = 1e-6
"""Between packets that are due at once: the loop keeps no order among equals."""
_BEGINNING_TICKS = TICKS_PER_SECOND // 1000
"""Between the pictures that a viewer begins with: they are shown at once, not one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Reception:
    """What one viewer receives."""

    video: PacketTrack
    audio: PacketTrack

    def stop(self) -> None:
        """Receive no more."""
        self.video.stop()
        self.audio.stop()


class Programme:
    """Reads a stream's feed while somebody watches.

    Args:
        stream: id.
        feed: of its output; H.265 in it is left out, browsers do not take it.
    """

    def __init__(self, stream: str, feed: Feed) -> None:
        self.stream = stream
        self._feed = feed
        self._receptions: set[Reception] = set()
        self._due_s: dict[Kind, float] = {}
        """When the newest packet of each kind is due."""
        self._group: list[Packet] = []
        """Pictures since the newest keyframe."""
        self._reading: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Nobody watches it."""
        return not self._receptions

    @contextmanager
    def received(self) -> Iterator[Reception]:
        """A viewer's packets, from the newest keyframe on, for as long as the context lasts."""
        reception = Reception(PacketTrack("video", _hurried(self._group)), PacketTrack("audio"))
        self._receptions.add(reception)
        if self._reading is None:
            self._reading = asyncio.create_task(self._read(), name=f"whep-{self.stream}")
        try:
            yield reception
        finally:
            reception.stop()
            self._receptions.discard(reception)
            if not self._receptions:
                self._stop_reading()

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        self._group = []

    async def _read(self) -> None:
        """Until the feed ends; then every viewer's tracks end."""
        try:
            with closing(self._feed.watch()) as viewer, suppress(FeedEnded):
                reader = _Reader()
                while True:
                    self._schedule(reader.read(await viewer.next()), reader.pace)
        except Exception:  # noqa: BLE001 - whatever it was, other streams go on
            _log.exception("%s: WebRTC viewers are sent away", self.stream)
        self._reading, self._group = None, []
        for reception in tuple(self._receptions):
            reception.stop()

    def _schedule(self, units: list[AccessUnit], pace: Pace) -> None:
        """Have each sent when it is due; what comes next is not held up by what is not due yet."""
        loop = asyncio.get_running_loop()
        now_ns = round(loop.time() * 1e9)
        for unit in units:
            stamp, due_ns = pace.place(unit.pts, now_ns)
            # When delay is given back, what came before is still sent before.
            due_s = max(due_ns / 1e9, self._due_s.get(unit.kind, 0) + _STEP_S)
            self._due_s[unit.kind] = due_s
            loop.call_at(due_s, self._send, unit, stamp, self._reading)

    def _send(self, unit: AccessUnit, stamp: int, reading: asyncio.Task[None] | None) -> None:
        if reading is not self._reading:
            return  # nobody watches any more, or it has begun anew
        if unit.kind == "video":
            self._show(_video_packet(unit, stamp))
            return
        packet = _audio_packet(unit, stamp)
        for reception in self._receptions:
            reception.audio.offer(packet)

    def _show(self, packet: Packet) -> None:
        if packet.is_keyframe or len(self._group) >= _GROUP_PACKETS:
            self._group = []
        if packet.is_keyframe or self._group:
            self._group.append(packet)
        for reception in self._receptions:
            reception.video.offer(packet)


class _Reader:
    """Bytes of the feed into what WebRTC carries: H.264 as it is, sound as Opus."""

    def __init__(self) -> None:
        self.pace = Pace()
        self._demuxer = Demuxer()
        self._unwrapper = Unwrapper()
        self._decoder: AudioDecoder | None = None
        self._resampler = Resampler(SAMPLE_RATE)
        self._encoder = OpusEncoder()

    def read(self, data: bytes) -> list[AccessUnit]:
        """Access units of the next bytes, timestamps unwrapped."""
        units: list[AccessUnit] = []
        for unit in self._demuxer.feed(data, whole=True):
            if self._unwrapper.jumps(unit.pts):
                self._unwrapper = Unwrapper()
            unwrapped = replace(unit, pts=self._unwrapper.unwrap(unit.pts))
            if unit.codec == "h264":
                units.append(unwrapped)
            elif unit.codec in {"aac", "mp2"}:
                units += self._opus(unwrapped)
        return units

    def _opus(self, unit: AccessUnit) -> list[AccessUnit]:
        codec: AudioCodec = "aac" if unit.codec == "aac" else "mp2"
        if self._decoder is None or self._decoder.codec != codec:
            self._decoder = AudioDecoder(codec, "")
        return [
            packet
            for decoded in self._decoder.decode(unit)
            for block in self._resampler.process(decoded)
            for packet in self._encoder.encode(block)
        ]


def _hurried(group: list[Packet]) -> list[Packet]:
    """The same pictures with timestamps so close that a browser shows only the newest."""
    last = group[-1].pts if group else None
    if last is None:
        return []
    count = len(group)
    return [
        _packet(bytes(one), last - (count - 1 - number) * _BEGINNING_TICKS, key=one.is_keyframe)
        for number, one in enumerate(group)
    ]


def _video_packet(unit: AccessUnit, stamp: int) -> Packet:
    return _packet(unit.data, stamp, key=unit.key)


def _packet(data: bytes, stamp: int, *, key: bool) -> Packet:
    packet: Packet = av.Packet(data)
    packet.pts, packet.time_base = stamp, _VIDEO_BASE
    packet.is_keyframe = key
    return packet


def _audio_packet(unit: AccessUnit, stamp: int) -> Packet:
    packet: Packet = av.Packet(unit.data)
    packet.pts, packet.time_base = stamp * SAMPLE_RATE // TICKS_PER_SECOND, _AUDIO_BASE
    packet.is_keyframe = True
    return packet
