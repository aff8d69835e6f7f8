"""Reads the marks of altered pictures back out of a recording (H.264 SEI messages)."""

import json
from collections.abc import Iterator
from pathlib import Path

from edge_worker.media.mpegts import Demuxer
from edge_worker.media.nal import read_sei
from edge_worker.media.timestamps import ticks_to_ns
from edge_worker.span import Span

_CHUNK = 188 * 512
_PICTURE_NS = 40_000_000
_TOUCHING_NS = 60_000_000


def marked_pictures(recording: Path) -> Iterator[tuple[int, bool]]:
    """(PTS in nanoseconds, lips rendered) of every marked picture of an MPEG-TS file."""
    demuxer = Demuxer()
    with recording.open("rb") as file:
        while chunk := file.read(_CHUNK):
            for unit in demuxer.feed(chunk):
                text = read_sei(unit) if unit.kind == "video" else None
                if text is not None:
                    yield ticks_to_ns(unit.pts), bool(json.loads(text).get("lips"))


def rendered_spans(recording: Path, film_start_ns: int) -> tuple[Span, ...]:
    """Stretches of the film whose mouth was rendered; the film begins at ``film_start_ns``."""
    spans: list[Span] = []
    for pts_ns, lips in marked_pictures(recording):
        if not lips:
            continue
        start_ns = pts_ns - film_start_ns
        if spans and start_ns - spans[-1].end_ns < _TOUCHING_NS:
            spans[-1] = Span(spans[-1].start_ns, start_ns + _PICTURE_NS)
        else:
            spans.append(Span(start_ns, start_ns + _PICTURE_NS))
    return tuple(spans)
