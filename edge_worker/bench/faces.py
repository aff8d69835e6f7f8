"""When lips show: every condition, asserted both ways, on a visitor and on a real man."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.face_play import START_NS, Played, Sight, play
from edge_worker.bench.face_sheet import write_sheet
from edge_worker.bench.report import BenchReport, Cell, Column, Row
from edge_worker.bench.scenes import Decision, Scene, Shot, encode, scenes, shots
from edge_worker.bench.scenes.clips import enlarge, real_man
from edge_worker.demo import SAMPLE
from edge_worker.rvp.gates import Gate
from engines.face import FaceLandmarker
from engines.face.mediapipe import MediaPipeFace

_SECONDS: Final = 4.0
_QUICK_SECONDS: Final = 0.6
_QUICK: Final = ("clean", "mask")
_SHEETS_OF: Final = "visitor"  # pictures of the real man are not ours to pass on
_MIN_FIGURES: Final = 25  # frames
_CLOSED_IOD: Final = 0.03
_NEAR_NS: Final = 60_000_000

_COLUMNS: Final = (
    Column("clip"),
    Column("condition"),
    Column("iod", "px", 0, "distance of the outer eye corners, median"),
    Column("open", "%", 1, "frames whose gate is open, of those in which a bare mouth is seen"),
    Column("rendered", "%", 1, "frames with lips rendered, of the same while there is speech"),
    Column("shown", "%", 1, "frames with lips rendered, of those in which they may not be"),
    Column("gates", help="share of all frames, in percent"),
    Column("r", "", 2, "the re-tracked mouth against what was meant"),
    Column("leak", "", 2, "regression weight of the original's opening in the rendered one"),
    Column("closures", help="P, B and M with the lips shut within 60 ms"),
    Column("track", "ms", 1, "tracking and gates, thread CPU time per frame, median"),
    Column("lips", "ms", 1, "curve and rendering, likewise, of rendered frames"),
)


@dataclass(frozen=True, slots=True, eq=False)
class _Clip:
    """Somebody who talks."""

    name: str
    path: Path
    shots: tuple[Shot, ...]


def run(options: BenchOptions) -> BenchReport:
    """Film every condition, play it and measure.

    Raises:
        BenchFailedError: a condition is asked for that there is none of.
        av.FFmpegError: a film cannot be written or read.
    """
    if unknown := sorted(set(options.only) - set(scenes())):
        raise BenchFailedError(f"no condition {unknown}; there are: {', '.join(scenes())}")
    cv2.setNumThreads(1)
    landmarker = MediaPipeFace()
    seconds = _QUICK_SECONDS if options.quick else _SECONDS
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, path in _clips(Path(folder), seconds).items():
            clip = _Clip(name, path, tuple(shots(path, landmarker, seconds)))
            for scene in _wanted(options):
                options.progress(f"{name}, {scene.name}")
                played = _played(scene, clip, landmarker, options.folder)
                rows.append(Row({"clip": name, "condition": scene.title, **figures(scene, played)}))
                if name == _SHEETS_OF:
                    write_sheet(options.folder / f"{scene.name}.jpg", scene, played)
    return BenchReport(
        name="faces",
        title="When lips show",
        columns=_COLUMNS,
        rows=tuple(rows),
        notes=(
            "Conditions are painted onto a synthetic visitor and a real man.",
            "Each film is encoded, decoded, tracked, gated and rendered like a camera's.",
            "The mouth is driven by phones of 80 ms, whatever is said in the clip.",
            "Frames within 0.4 s of a change count on neither side; speech begins after 0.4 s.",
            "A dash: too few rendered frames to tell.",
        ),
    )


def _clips(folder: Path, seconds: float) -> dict[str, Path]:
    clips = {_SHEETS_OF: SAMPLE / "visitor.mp4"}
    man = real_man()
    if man is not None:
        clips["man"] = folder / "man.mp4"
        enlarge(man, clips["man"], seconds)
    return clips


def _wanted(options: BenchOptions) -> list[Scene]:
    names = options.only or (_QUICK if options.quick else tuple(scenes()))
    return [scenes()[name] for name in names]


def _played(scene: Scene, clip: _Clip, landmarker: FaceLandmarker, folder: Path) -> Played:
    path = folder / f"{clip.name}-{scene.name}.mp4"
    with av.open(str(clip.path)) as container:
        rate = container.streams.video[0].average_rate or Fraction(25)
    # Sound matters only where it decides.
    sound = clip.path if scene.decided_by is Decision.CHOICE else None
    encode(scene, clip.shots, path, rate=rate, sound=sound)
    return play(scene, path, landmarker)


def figures(scene: Scene, played: Played) -> dict[str, Cell]:
    """The cells of one row."""
    told = [sight for sight in played.sights if not scene.is_changing(sight.pts_ns / 1e9)]
    free = [sight for sight in told if not scene.is_shut(sight.pts_ns / 1e9)]
    shut = [sight for sight in told if scene.is_shut(sight.pts_ns / 1e9)]
    drawn = [sight for sight in free if sight.rendered and sight.again is not None]
    return {
        "iod": _median([s.iod_px for s in played.sights if s.iod_px is not None]),
        "open": _share([s.gate is Gate.OPEN for s in free]),
        "rendered": _share([s.rendered for s in free if s.pts_ns >= START_NS]),
        "shown": _share([s.rendered for s in shut]),
        "gates": _gates(played),
        **_fidelity(drawn, played),
        "track": _median([s.track_ms for s in played.sights]),
        "lips": _median([s.lips_ms for s in played.sights if s.rendered]),
    }


def _fidelity(drawn: list[Sight], played: Played) -> dict[str, Cell]:
    """How well the rendered mouth does what was meant."""
    if len(drawn) < _MIN_FIGURES:
        return {}
    again = np.array([s.again for s in drawn], float)
    meant = np.array([s.meant for s in drawn], float)
    before = np.array([s.opening for s in drawn], float)
    parts = np.column_stack([meant, before, np.ones(len(drawn))])
    weights, *_ = np.linalg.lstsq(parts, again, rcond=None)
    shut, asked = 0, 0
    for at_ns in played.closures_ns:
        near = [s.again for s in drawn if abs(s.pts_ns - at_ns) <= _NEAR_NS and s.again is not None]
        asked += bool(near)
        shut += bool(near) and min(near) < _CLOSED_IOD
    moving = min(again.std(), meant.std()) > 0
    return {
        "r": float(np.corrcoef(again, meant)[0, 1]) if moving else None,
        "leak": float(weights[1]),
        "closures": f"{shut}/{asked}",
    }


def _gates(played: Played) -> str:
    counts = Counter(sight.gate.value for sight in played.sights)
    total = len(played.sights)
    return ", ".join(f"{gate} {100 * n / total:.0f}" for gate, n in counts.most_common())


def _median(values: list[float]) -> float | None:
    return float(np.median(values)) if values else None


def _share(values: list[bool]) -> float | None:
    return float(np.mean(values)) if values else None
