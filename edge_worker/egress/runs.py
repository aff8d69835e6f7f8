"""Where the timestamps of a recording go on, where they leap, and to what film each run belongs.

A camera that starts again may begin its clock anew, before or far after where it was, and a stream
may change the size of its pictures. An mp4 can follow neither: a leap of the clock is closed up,
and at a change of the pictures a further film begins.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Self

import av
from av.container import InputContainer
from av.stream import Stream

from edge_worker.media.nal import nal_units
from edge_worker.span import Span

OPTIONS = MappingProxyType({"correct_ts_overflow": "0"})
"""Without it a clock that lies back is taken for one that ran over, 26 hours later."""

_LATE_NS, _AHEAD_NS = 2_000_000_000, 10_000_000_000
"""A track may begin this much before its run's other one, and go on this much after its last
packet; further is a leap."""
_HEADERS = {7, 8}
"""H.264 sequence and picture parameter sets."""
_ENDLESS_NS = 2**62


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a recording whose clock goes on."""

    film: int
    """Number of the film that it belongs to, from 0."""
    output: Span
    """First picture, or sound where there are no pictures, to end; output PTS."""
    film_start_ns: int
    """Where it begins on the film's clock."""

    @classmethod
    def from_start(cls, start_ns: int) -> Self:
        """The only run of a film that begins at output PTS ``start_ns``."""
        return cls(0, Span(start_ns, _ENDLESS_NS), 0)

    @property
    def shift_ns(self) -> int:
        """Film time less output time."""
        return self.film_start_ns - self.output.start_ns


class Piece(NamedTuple):
    """A packet, and the number of the run that it belongs to."""

    packet: "av.Packet[Stream]"
    run: int


class _Pictures(NamedTuple):
    """What a run's pictures are like."""

    headers: bytes
    size: tuple[int, int] | None


@dataclass(slots=True)
class _Open:
    """A run as far as it has been read."""

    film: int
    first_ns: int
    pictures: "_Pictures | None" = None
    last_ns: dict[int, int] = field(default_factory=dict)
    """Newest DTS of each stream."""
    start_ns: int | None = None
    end_ns: int = 0

    def takes(self, stream: int, dts_ns: int) -> bool:
        own_ns = self.last_ns.get(stream)
        if own_ns is not None:
            return 0 < dts_ns - own_ns <= _AHEAD_NS
        newest_ns = max(self.last_ns.values(), default=self.first_ns)
        return -_LATE_NS <= dts_ns - newest_ns <= _AHEAD_NS


def tracks_of(source: InputContainer) -> list[Stream]:
    """The first track of pictures and the first of sound."""
    return [*source.streams.video[:1], *source.streams.audio[:1]]


def runs_of(recording: Path) -> tuple[Run, ...]:
    """Every run of a recording in order, numbered as in ``pieces``.

    One without a keyframe is empty.

    Raises:
        ValueError: no run holds a keyframe, or, without pictures, any sound.
        av.FFmpegError: it is no MPEG-TS.
    """
    opened: list[_Open] = []
    with av.open(str(recording), options=dict(OPTIONS)) as source:
        for _ in _sorted(source, opened):
            pass
    if all(one.start_ns is None for one in opened):
        raise ValueError(f"{recording}: no keyframe in {recording.stat().st_size} bytes; no film")
    runs: list[Run] = []
    ends_ns: dict[int, int] = {}
    films = sorted({one.film for one in opened if one.start_ns is not None})
    for one in opened:
        start_ns = one.first_ns if one.start_ns is None else one.start_ns
        output = Span(start_ns, start_ns if one.start_ns is None else one.end_ns)
        film = films.index(one.film) if one.film in films else 0
        begins_ns = ends_ns.get(film, 0)
        runs.append(Run(film, output, begins_ns))
        ends_ns[film] = begins_ns + output.duration_ns
    return tuple(runs)


def pieces(source: InputContainer) -> Iterator[Piece]:
    """Every packet of a recording that was opened with ``OPTIONS``, with its run."""
    return _sorted(source, [])


def headers_of(data: bytes) -> bytes:
    """Parameter sets of an H.264 picture, Annex B; empty without any."""
    found = [data[start:end] for _, start, end in nal_units(data) if data[start] & 31 in _HEADERS]
    return b"".join(b"\0\0\0\1" + unit for unit in found)


def size_of(packet: "av.Packet[Stream]") -> tuple[int, int] | None:
    """Width and height of a keyframe, in pixels; None if it cannot be decoded."""
    decoder = av.CodecContext.create(packet.stream.codec_context.name, "r")
    if not isinstance(decoder, av.VideoCodecContext):
        return None
    try:
        frames = [*decoder.decode(av.Packet(bytes(packet))), *decoder.decode(None)]
    except av.FFmpegError:
        return None
    return (frames[0].width, frames[0].height) if frames else None


def _sorted(source: InputContainer, opened: list[_Open]) -> Iterator[Piece]:
    tracks = tracks_of(source)
    starts_by = tracks[0].type if tracks else ""
    for packet in source.demux(tracks):
        if packet.pts is None or packet.dts is None:
            continue
        scale = packet.time_base * 1_000_000_000
        pts_ns, dts_ns = round(packet.pts * scale), round(packet.dts * scale)
        is_start = packet.stream.type == starts_by and packet.is_keyframe
        pictures = None
        if is_start and starts_by == "video":
            pictures = _pictures(packet, opened[-1].pictures if opened else None)
        number = _run_for(opened, packet.stream.index, dts_ns, pictures)
        run = opened[number]
        run.last_ns[packet.stream.index] = dts_ns
        run.pictures = run.pictures or pictures
        if run.start_ns is None and is_start:
            run.start_ns = pts_ns
        run.end_ns = max(run.end_ns, pts_ns + round((packet.duration or 0) * scale))
        yield Piece(packet, number)


def _pictures(packet: "av.Packet[Stream]", known: _Pictures | None) -> _Pictures:
    headers = headers_of(bytes(packet))
    if known is not None and headers == known.headers:
        return known
    return _Pictures(headers, size_of(packet))


def _run_for(opened: list[_Open], stream: int, dts_ns: int, pictures: _Pictures | None) -> int:
    """Number of the packet's run; a new one begins where it fits none.

    The demuxer gives a track's last packet when its next one begins, so packets of the run before
    may still come.
    """
    if not opened:
        opened.append(_Open(0, dts_ns))
    newest = len(opened) - 1
    run = opened[newest]
    fits = run.takes(stream, dts_ns)
    is_stale = dts_ns < run.first_ns or not fits
    if is_stale and newest and pictures is None and opened[newest - 1].takes(stream, dts_ns):
        return newest - 1
    resized = bool(pictures and run.pictures and pictures.size != run.pictures.size)
    if fits and not resized:
        return newest
    opened.append(_Open(run.film + resized, dts_ns, None if resized else run.pictures))
    return newest + 1
