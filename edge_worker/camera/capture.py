"""From access units to the segments of one epoch, each with the time of its capture."""

import logging
import secrets
import time
from dataclasses import dataclass
from typing import Protocol

from edge_worker.media import clock as media_clock
from edge_worker.media.access_unit import AccessUnit, AudioCodec, Kind, VideoCodec
from edge_worker.media.mpegts import Muxer
from edge_worker.media.segments import MediaSegment, SegmentCutter
from edge_worker.media.timestamps import TICKS_PER_SECOND, ticks_to_ns
from mqtt_schemas import ClockAnchor, ClockSource, MediaProperties

_log = logging.getLogger(__name__)

BEGINNING = 20 * TICKS_PER_SECOND
"""Media clock at a source's start; priming and decode-only pictures before it stay above 0."""

_STATED_EVERY_NS = 1_000_000_000
_MAX_EARLY_NS, _MAX_LATE_NS = 100_000_000, 5_000_000_000
_ANCHOR_NS = 10_000_000_000
_FAR_AHEAD, _FAR_BEHIND = 10 * TICKS_PER_SECOND, 2 * TICKS_PER_SECOND


@dataclass(frozen=True, slots=True)
class CapturedSegment:
    """A segment ready to be published."""

    data: bytes
    properties: MediaProperties
    anchor: ClockAnchor | None
    """To be published with it: at the start of an epoch, and every 10 s."""


class CaptureClock(Protocol):
    """Tells when a moment of the media clock was captured."""

    def observe(self, pts_ns: int, arrival_ns: int) -> None:
        """A picture or sound of this media time is there."""
        ...

    def state(self, pts_ns: int, utc_ns: int) -> None:
        """The source itself says when this moment was captured."""
        ...

    def utc_of(self, pts_ns: int) -> int:
        """UTC of the capture, nanoseconds."""
        ...

    @property
    def source(self) -> ClockSource:
        """How far it can be trusted."""
        ...


@dataclass(frozen=True, slots=True)
class PlaybackClock:
    """A file's: the moment at which it began decides, exactly."""

    pts_ns: int
    utc_ns: int
    source: ClockSource = ClockSource.NTP

    def observe(self, pts_ns: int, arrival_ns: int) -> None:
        """Arrivals tell nothing new."""

    def state(self, pts_ns: int, utc_ns: int) -> None:
        """When a recording was made does not matter."""

    def utc_of(self, pts_ns: int) -> int:
        """UTC at which this moment is played."""
        return self.utc_ns + pts_ns - self.pts_ns


class LiveClock:
    """A live source's: its own clock if it is right, else its earliest arrivals."""

    def __init__(self) -> None:
        self._clock = media_clock.MediaClock("")
        self._arrival_ns = 0
        self._stated_ns: int | None = None
        self._distrusted = False

    @property
    def source(self) -> ClockSource:
        """NTP once the device has told a plausible time."""
        return ClockSource.NTP if self._clock.source == "ntp" else ClockSource.ARRIVAL

    def observe(self, pts_ns: int, arrival_ns: int) -> None:
        """Take an arrival."""
        self._arrival_ns = arrival_ns
        self._clock.arrived(pts_ns, arrival_ns)

    def state(self, pts_ns: int, utc_ns: int) -> None:
        """Take what the device says, unless its clock is plainly wrong; once a second is enough."""
        if self._stated_ns is not None and abs(pts_ns - self._stated_ns) < _STATED_EVERY_NS:
            return
        self._stated_ns = pts_ns
        late_ns = time.time_ns() - utc_ns
        if -_MAX_EARLY_NS <= late_ns <= _MAX_LATE_NS:
            self._clock.anchor(media_clock.ClockAnchor("", pts_ns, utc_ns, "ntp"))
        elif not self._distrusted:
            self._distrusted = True
            _log.warning(
                "the device's clock is %.1f s off; its pictures are dated by their arrival",
                late_ns / 1e9,
            )

    def utc_of(self, pts_ns: int) -> int:
        """UTC of the capture; dated by arrival it is late by the source's own delay."""
        return self._clock.utc_of(pts_ns)


class Capture:
    """One epoch of a stream.

    Args:
        stream: its id.
        video: codec of the pictures, None without any.
        audio: codec of the sound, None without any.
        clock: tells when a moment was captured.
        origin: ticks of the source's own clock that become ``BEGINNING``.
    """

    def __init__(
        self,
        stream: str,
        video: VideoCodec | None,
        audio: AudioCodec | None,
        clock: CaptureClock,
        origin: int,
    ) -> None:
        self.epoch = secrets.token_hex(8)
        self.end = BEGINNING
        """Ticks of this epoch's clock at which the newest access unit ends, about."""
        self._stream = stream
        self._clock = clock
        self._shift = BEGINNING - origin
        self._newest: dict[Kind, int] = {}
        self._cutter = SegmentCutter(Muxer(video, audio, stream))
        self._anchored_ns: int | None = None
        self._anchored_by: ClockSource | None = None

    def resume(self, origin: int) -> None:
        """A new pass of the source begins at ``origin``; it goes on where the last one ended."""
        self._shift = self.end - origin

    def on_clock(self, ticks: int) -> int:
        """Ticks of the source on this epoch's clock."""
        return ticks + self._shift

    def restarted(self, unit: AccessUnit) -> bool:
        """Whether the source's clock jumped, so that a new epoch has to begin with this one."""
        newest = self._newest.get(unit.kind)
        if newest is None:
            return False
        return not -_FAR_BEHIND <= self.on_clock(unit.pts) - newest <= _FAR_AHEAD

    def add(self, unit: AccessUnit, arrival_ns: int) -> list[CapturedSegment]:
        """Take the next access unit, in the source's ticks; gives the segments it completes."""
        pts = self.on_clock(unit.pts)
        spacing = pts - self._newest.get(unit.kind, pts)
        self._newest[unit.kind] = max(pts, self._newest.get(unit.kind, pts))
        self.end = max(self.end, pts + max(0, min(spacing, TICKS_PER_SECOND)))
        self._clock.observe(ticks_to_ns(pts), arrival_ns)
        shifted = AccessUnit(
            unit.kind, unit.codec, pts, self.on_clock(unit.dts), unit.data, unit.key, unit.gap
        )
        return [self._captured(segment) for segment in self._cutter.add(shifted)]

    def state(self, ticks: int, utc_ns: int) -> None:
        """The source says when this moment of its own clock was captured."""
        self._clock.state(ticks_to_ns(self.on_clock(ticks)), utc_ns)

    def flush(self) -> list[CapturedSegment]:
        """Cut now."""
        return [self._captured(segment) for segment in self._cutter.flush()]

    def _captured(self, segment: MediaSegment) -> CapturedSegment:
        utc_ns = self._clock.utc_of(segment.pts_ns)
        properties = MediaProperties(
            seq=segment.seq, pts_ns=segment.pts_ns, epoch=self.epoch, capture_ns=utc_ns
        )
        anchor = None
        due = self._anchored_ns is None or segment.pts_ns - self._anchored_ns >= _ANCHOR_NS
        if due or self._anchored_by is not self._clock.source:
            self._anchored_ns, self._anchored_by = segment.pts_ns, self._clock.source
            anchor = ClockAnchor(
                stream=self._stream,
                epoch=self.epoch,
                pts_ns=segment.pts_ns,
                utc_ns=utc_ns,
                source=self._clock.source,
            )
        return CapturedSegment(segment.data, properties, anchor)
