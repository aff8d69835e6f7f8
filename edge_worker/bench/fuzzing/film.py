"""The demo's visitor as segments: good bytes to begin with."""

from functools import cache
from importlib import resources
from pathlib import Path

from edge_worker.camera.capture import BEGINNING, Capture, PlaybackClock
from edge_worker.camera.opening import open_tracks
from edge_worker.camera.source import SourceAddress
from edge_worker.media.timestamps import ticks_to_ns

_SEGMENTS = 40


@cache
def film() -> tuple[bytes, ...]:
    """The first seconds of the sample as its camera would send them."""
    with resources.as_file(resources.files("edge_worker.demo") / "sample" / "visitor.mp4") as path:
        return _segments(path)


def _segments(path: Path) -> tuple[bytes, ...]:
    source, tracks = open_tracks(SourceAddress(str(path)))
    try:
        picture, sound = tracks.picture, tracks.sound
        capture = Capture(
            "door",
            picture.codec if picture else None,
            sound.codec if sound else None,
            PlaybackClock(ticks_to_ns(BEGINNING), 0),
            tracks.origin,
        )
        made: list[bytes] = []
        for unit in tracks.units():
            made += [one.data for one in capture.add(unit, 0)]
            if len(made) >= _SEGMENTS:
                break
        return tuple(made)
    finally:
        source.close()
