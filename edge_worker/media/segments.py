"""Segments: one message of media each, cut where a receiver can make the most of it."""

from dataclasses import dataclass

from edge_worker.media.access_unit import AccessUnit, Kind
from edge_worker.media.mpegts import Muxer
from edge_worker.media.timestamps import ns_to_ticks, ticks_to_ns

TARGET_NS = 120_000_000


@dataclass(frozen=True, slots=True)
class MediaSegment:
    """One message of media: whole access units behind their own program tables."""

    data: bytes
    pts_ns: int
    """Media time of its earliest access unit."""
    duration_ns: int
    """Length of its longest track."""
    key: bool
    """It begins with a keyframe; true for every segment of a stream without pictures."""
    seq: int


class SegmentCutter:
    """Collects access units and cuts before each keyframe and when the target length is reached.

    A segment is let go with the access unit that fills it: the next one need not be there yet.

    Args:
        muxer: packs the access units; its service name may be changed at any time.
        target_ns: length to cut at.
        first_seq: number of the first segment.
    """

    def __init__(self, muxer: Muxer, *, target_ns: int = TARGET_NS, first_seq: int = 0) -> None:
        self.muxer = muxer
        self._target = ns_to_ticks(target_ns)
        self._seq = first_seq
        self._first: dict[Kind, int] = {}
        self._end: dict[Kind, int] = {}
        self._key = False
        self._newest: dict[Kind, int] = {}

    def add(self, unit: AccessUnit) -> list[MediaSegment]:
        """Take the next access unit (``pts`` unwrapped); gives the segments that it completes.

        Each track is measured by itself, since encoded sound trails the picture by its delay.
        """
        segments: list[MediaSegment] = []
        starts_picture_group = unit.kind == "video" and unit.key
        so_far = unit.pts - self._first.get(unit.kind, unit.pts)
        if starts_picture_group or not -self._target < so_far < self._target:
            segments += self.flush()
        if not self._first:
            self._key = starts_picture_group or not self.muxer.has_video
        first = min(self._first.get(unit.kind, unit.pts), unit.pts)
        end = max(self._end.get(unit.kind, unit.pts), unit.pts + self._spacing(unit))
        self._first[unit.kind], self._end[unit.kind] = first, end
        self.muxer.add(unit)
        if end - first >= self._target:
            segments += self.flush()
        return segments

    def flush(self) -> list[MediaSegment]:
        """Cut now; nothing if nothing was added."""
        if not self._first:
            return []
        spans = [self._end[kind] - first for kind, first in self._first.items()]
        segment = MediaSegment(
            data=self.muxer.cut(),
            pts_ns=ticks_to_ns(min(self._first.values())),
            duration_ns=ticks_to_ns(max(spans)),
            key=self._key,
            seq=self._seq,
        )
        self._seq += 1
        self._first.clear()
        self._end.clear()
        return [segment]

    def _spacing(self, unit: AccessUnit) -> int:
        """How long this access unit lasts, judged by the one before it."""
        previous = self._newest.get(unit.kind, unit.pts)
        self._newest[unit.kind] = unit.pts
        spacing = unit.pts - previous
        return spacing if 0 <= spacing <= self._target else 0
