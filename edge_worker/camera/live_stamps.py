"""Timestamps of a live source made fit to trust, by the arrival of its packets.

Cameras count wrongly in many ways: every track from its own first packet when no sender report
ties them together, anew with every report of a clock that was never set, at the wrong speed, not
at all. What they say is kept wherever it can be true, since arrivals jitter; a jump is taken out,
so that the stream goes on; a track whose clock does not keep time is dated by its arrivals.
"""

import logging
from dataclasses import dataclass, field

from edge_worker.camera.clock_watch import ClockWatch
from edge_worker.camera.packets import Packet, duration_of, ticks_of
from edge_worker.media.access_unit import Kind
from edge_worker.media.timestamps import TICKS_PER_SECOND, ns_to_ticks

_log = logging.getLogger(__name__)

_JUMP = 8 * TICKS_PER_SECOND // 10
"""More than pictures are reordered by."""
_APART, _APART_WITH_REPORTS = 3 * TICKS_PER_SECOND // 10, TICKS_PER_SECOND
"""Tracks that seem further apart than this, by their arrival, do not share a clock."""
_DRIFT = 6 * TICKS_PER_SECOND // 100
_FLOOR_WINDOW = 10 * TICKS_PER_SECOND
_FAR_AHEAD = 2 * TICKS_PER_SECOND
_HELD, _HELD_TICKS = 16, TICKS_PER_SECOND


@dataclass(slots=True)
class _Track:
    offset: int = 0
    """Added to what the source states."""
    newest: int | None = None
    """Highest timestamp since it last jumped, as stated."""
    out: int | None = None
    """Highest timestamp given away."""
    by_arrival: bool = False
    watch: ClockWatch = field(default_factory=ClockWatch)
    floor: int | None = None
    """Least distance from timestamp to arrival in the window that is filling."""
    floor_from: int = 0
    last_floor: int | None = None
    """That of the window before."""


class LiveStamps:
    """Corrects the packets of one source, in place, as they come.

    Args:
        name: of the source, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._tracks: dict[Kind, _Track] = {}
        self._delay: int | None = None
        """Least distance from timestamp to arrival of any track."""
        self._apart: int | None = None
        """How much later sound arrives than pictures of the same moment, at the beginning."""
        self._said: set[str] = set()
        self._held: list[tuple[Packet, int]] = []
        self._begun = False

    def correct(self, kind: Kind, packet: Packet, arrival_ns: int) -> list[Packet]:
        """The packets that are ready, with their timestamps corrected.

        The first pictures are held back until the demuxer knows how they are reordered: RTSP gives
        the very first without a timestamp.

        Args:
            kind: of the packet's track.
            packet: as read.
            arrival_ns: of any steady clock.
        """
        arrival = ns_to_ticks(arrival_ns)
        if kind == "audio" or self._begun:
            self._correct(kind, packet, arrival)
            return [packet]
        self._held.append((packet, arrival))
        waits = len(self._held) < _HELD and arrival - self._held[0][1] < _HELD_TICKS
        if packet.dts is None and waits:
            return []
        self._begun = True
        held, self._held = self._held, []
        _stamp_first([one for one, _ in held])
        for one, came in held:
            self._correct(kind, one, came)
        return [one for one, _ in held]

    def _correct(self, kind: Kind, packet: Packet, arrival: int) -> None:
        track = self._tracks.setdefault(kind, _Track())
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is None and not track.by_arrival:
            self._give_up(track, kind, "packets carry no timestamps")
        if stamp is not None and not track.by_arrival:
            reported = packet.has_sidedata("prft")
            self._follow(track, kind, ticks_of(stamp, packet.time_base), arrival, reported=reported)
        if track.by_arrival:
            self._date(track, kind, packet, arrival)
        else:
            _shift(packet, track.offset)

    def _follow(
        self, track: _Track, kind: Kind, stamp: int, arrival: int, *, reported: bool
    ) -> None:
        """Take a stated timestamp; correct the track's offset where it cannot be true."""
        if track.newest is None:
            self._anchor(track, stamp, arrival, _APART_WITH_REPORTS if reported else _APART)
            track.newest = stamp
        elif self._jumps(track, stamp, arrival):
            self._tell(kind, "timestamps jump; they are taken as if they went on")
            self._anchor(track, stamp, arrival, _APART)
            track.newest = stamp
        same = stamp == track.newest and kind == "video"
        wrong = track.watch.take(max(stamp - track.newest, 0), arrival, same=same)
        if wrong is not None:
            self._give_up(track, kind, wrong)
            return
        track.newest = max(track.newest, stamp)
        track.out = track.newest + track.offset
        self._observe(track, arrival - track.out, arrival)

    def _jumps(self, track: _Track, stamp: int, arrival: int) -> bool:
        """Far back, or ahead of what can have been captured by now."""
        step = stamp - (track.newest or 0)
        ahead = stamp + track.offset + (self._delay or 0) - arrival
        return step < -_JUMP or (step > _JUMP and ahead > _JUMP)

    def _anchor(self, track: _Track, stamp: int, arrival: int, tolerance: int) -> None:
        """The offset with which ``stamp`` is now: that of another track, none, or its own."""
        track.floor = None
        if self._delay is None:
            return
        others = [other for other in self._tracks.values() if other is not track]
        expected = arrival - self._delay
        if track.newest is None:
            expected = _captured_now(expected, others)
        for offset in (*(other.offset for other in others), 0):
            if abs(stamp + offset - expected) <= tolerance:
                track.offset = offset
                return
        track.offset = expected - stamp

    def _observe(self, track: _Track, distance: int, arrival: int) -> None:
        """Packets come late but never early: the least distance follows each track's clock."""
        self._delay = distance if self._delay is None else min(self._delay, distance)
        if track.floor is None:
            track.floor, track.floor_from = distance, arrival
        track.floor = min(track.floor, distance)
        if arrival - track.floor_from >= _FLOOR_WINDOW:
            track.last_floor, track.floor = track.floor, None
            trusted = [t for t in self._tracks.values() if not t.by_arrival]
            floors = [t.last_floor for t in trusted if t.last_floor is not None]
            self._delay = min(floors)
            self._follow_drift()

    def _follow_drift(self) -> None:
        """Keep the tracks as far apart as they were at the beginning."""
        video, audio = self._tracks.get("video"), self._tracks.get("audio")
        if video is None or audio is None or video.by_arrival or audio.by_arrival:
            return
        if video.last_floor is None or audio.last_floor is None:
            return
        apart = audio.last_floor - video.last_floor
        if self._apart is None:
            self._apart = apart
        elif abs(apart - self._apart) > _DRIFT:
            self._tell("audio", "clock is not that of the pictures; it is brought back to it")
            audio.offset += apart - self._apart
            audio.last_floor = audio.floor = None

    def _give_up(self, track: _Track, kind: Kind, why: str) -> None:
        track.by_arrival = True
        others = [t for t in self._tracks.values() if t is not track and not t.by_arrival]
        floors = [floor for t in others for floor in (t.last_floor, t.floor) if floor is not None]
        self._delay = min(floors, default=self._delay)
        _log.warning("%s: its %s %s; it is dated by its arrival", self._name, kind, why)

    def _date(self, track: _Track, kind: Kind, packet: Packet, arrival: int) -> None:
        """Date by arrival; sound goes on by its own length as long as that fits."""
        if self._delay is None:
            self._delay = 0
        stamp = arrival - self._delay
        if track.out is not None and track.out > stamp + _FAR_AHEAD:
            track.out = None  # its clock ran too fast; going back that far is a new epoch
        if track.out is not None and kind == "video":
            stamp = max(stamp, track.out + 1)
        elif track.out is not None:
            following = track.out + ticks_of(duration_of(packet), packet.time_base)
            stamp = following if abs(stamp - following) <= _APART else max(stamp, following)
        track.out = stamp
        packet.pts = packet.dts = _units(stamp, packet)

    def _tell(self, kind: Kind, what: str) -> None:
        if what not in self._said:
            self._said.add(what)
            _log.warning("%s: its %s %s", self._name, kind, what)


def _captured_now(by_arrival: int, others: list[_Track]) -> int:
    """At a track's start the other one tells better than a clock: both come in their order."""
    newest = max((other.out for other in others if other.out is not None), default=by_arrival)
    return newest if by_arrival - newest < _FAR_AHEAD else by_arrival


def _stamp_first(packets: list[Packet]) -> None:
    """Pictures without a timestamp at the beginning lie before all the others."""
    known = [packet.pts for packet in packets if packet.pts is not None]
    if not known:
        return
    missing = [packet for packet in packets if packet.pts is None]
    spacing = duration_of(packets[-1])
    for place, packet in enumerate(missing):
        packet.pts = min(known) - (len(missing) - place) * spacing


def _shift(packet: Packet, ticks: int) -> None:
    if not ticks:
        return
    units = _units(ticks, packet)
    if packet.pts is not None:
        packet.pts += units
    if packet.dts is not None:
        packet.dts += units


def _units(ticks: int, packet: Packet) -> int:
    """90 kHz ticks in the packet's own time base."""
    return round(ticks / (packet.time_base * TICKS_PER_SECOND))
