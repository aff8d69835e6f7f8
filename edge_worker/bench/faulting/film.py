"""The visitor as segments, on any clock and in any coding."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edge_worker.bench import BenchFailedError
from edge_worker.camera.opening import open_tracks
from edge_worker.camera.pacing import CaptureOrder
from edge_worker.camera.source import SourceAddress
from edge_worker.demo import SAMPLE
from edge_worker.media.access_unit import AccessUnit, AudioCodec, VideoCodec
from edge_worker.media.mpegts import Muxer
from edge_worker.media.segments import MediaSegment, SegmentCutter
from edge_worker.verify.reference import ReferenceUtterance, read_reference

START_TICKS = 20 * 90_000
"""Where a camera's clock stands when it begins."""
_QUIET_S = 1.0
"""Silence after the last sentence, so that it is cut."""


@dataclass(frozen=True, slots=True)
class Film:
    """What a camera sees and hears."""

    units: tuple[AccessUnit, ...]
    """In the order in which a camera has them ready; the first at tick 0, about."""
    video: VideoCodec | None
    audio: AudioCodec | None
    said: tuple[ReferenceUtterance, ...]

    def segments(self, start: int = START_TICKS, first_seq: int = 0) -> list[MediaSegment]:
        """As a camera sends it.

        Args:
            start: ticks at which its clock begins.
            first_seq: number of the first segment.
        """
        cutter = SegmentCutter(Muxer(self.video, self.audio, "door"), first_seq=first_seq)
        cut: list[MediaSegment] = []
        for unit in self.units:
            cut += cutter.add(replace(unit, pts=unit.pts + start, dts=unit.dts + start))
        return cut + cutter.flush()

    def part(self, start_s: float, end_s: float) -> "Film":
        """From the keyframe at or after ``start_s`` to ``end_s``, its clock going on."""
        start, end = round(start_s * 90_000), round(end_s * 90_000)
        keys = [one.pts for one in self.units if one.kind == "video" and one.key]
        begin = next((pts for pts in keys if pts >= start), start)
        kept = tuple(one for one in self.units if begin <= one.pts < end)
        return replace(self, units=kept)


def visitor(seconds: float) -> Film:
    """The sample's visitor for about so long, to the end of a sentence."""
    said = read_reference(SAMPLE / "reference.json").utterances
    told = tuple(one for one in said if one.span.end_ns < seconds * 1e9)
    end_s = told[-1].span.end_ns / 1e9 + _QUIET_S
    film = read(SAMPLE / "visitor.mp4", told)
    return replace(film, units=tuple(one for one in film.units if one.pts < end_s * 90_000))


def read(path: Path, said: Sequence[ReferenceUtterance]) -> Film:
    """A film file."""
    source, tracks = open_tracks(SourceAddress(str(path)))
    try:
        order = CaptureOrder(tracks.kinds)
        ready = [unit for one in tracks.units() for _, unit in order.add(one)]
        ready += [unit for _, unit in order.flush()]
        units = tuple(
            replace(one, pts=one.pts - tracks.origin, dts=one.dts - tracks.origin) for one in ready
        )
        picture, sound = tracks.picture, tracks.sound
        return Film(
            units,
            picture.codec if picture else None,
            sound.codec if sound else None,
            tuple(said),
        )
    finally:
        source.close()


def recoded(folder: Path, name: str, options: Sequence[str], film: Film) -> Film:
    """The visitor in another coding, as ffmpeg makes it.

    Args:
        folder: for the file.
        name: of the file.
        options: of ffmpeg, for the picture.
        film: as it is.

    Raises:
        BenchFailedError: ffmpeg is not installed, or cannot do it.
    """
    made = folder / f"{name}.mp4"
    program = shutil.which("ffmpeg")
    if program is None:
        raise BenchFailedError("this bench needs ffmpeg: install it with your package manager")
    seconds = max(unit.pts for unit in film.units) / 90_000
    given = ["-v", "error", "-y", "-i", str(SAMPLE / "visitor.mp4"), "-t", f"{seconds:.3f}"]
    done = subprocess.run(  # noqa: S603 - a program found by its own name, our arguments
        [program, *given, *options, "-bf", "0", "-g", "25", "-c:a", "copy", str(made)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BenchFailedError(f"ffmpeg cannot make {name}: {done.stderr.strip()}")
    return read(made, film.said)
