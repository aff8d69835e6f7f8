"""Play a film of one condition: track, gate, render, and look at the mouth again."""

# ruff: noqa: RUF001 - the IPA letters are meant

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import av
import numpy as np

from edge_worker.bench.scenes import Decision, Scene
from edge_worker.items import (
    AudioBlock,
    PhonemeTiming,
    PlacedSpeech,
    SyncedSpeech,
    Utterance,
    VideoFrame,
)
from edge_worker.media.fit import fitted
from edge_worker.media.i420 import planes_of
from edge_worker.rvp.gates import Gate
from edge_worker.rvp.lips import Lips
from edge_worker.rvp.picture import Box, to_bgr
from edge_worker.rvp.speaker import SpeakerChoice
from edge_worker.rvp.tracker import FaceTrack, TrackedFrame, Tracker
from engines.face import FaceLandmarker, FaceMesh
from engines.face.head import fit_pose, inter_ocular_px
from engines.face.region import region_of
from engines.face.topology import LOWER_LIP_INNER, UPPER_LIP_INNER
from engines.lipsync.mouth_curve import MouthCurve, timed_visemes
from engines.lipsync.mouth_warp import MouthWarp
from engines.lipsync.visemes import Viseme

_EPOCH: Final = "bench"
_RATE: Final = 16_000
START_NS: Final = 400_000_000
"""When the made-up speech begins."""
_PHONE_NS: Final = 80_000_000
_MARK_NS: Final = 30_000_000
_MARKS: Final = "ˈˌː "
_PHONES: Final = "həlˈoʊ mˈaɪ fɹˈɛnd pˈʊt ðə bˈɑks baɪ ðə dˈɔːɹ ænd kˈɔːl mˈiː wˈʌn tˈaɪm "


@dataclass(frozen=True, slots=True)
class Sight:
    """One frame and what was made of it."""

    pts_ns: int
    gate: Gate
    """Of the largest face."""
    rendered: bool
    iod_px: float | None
    opening: float | None
    """Of the mouth as filmed, IOD."""
    meant: float
    """Opening that the mouth was to have, IOD."""
    again: float | None
    """Opening as rendered."""
    track_ms: float
    lips_ms: float


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """A film and what was made of it."""

    sights: tuple[Sight, ...]
    closures_ns: tuple[int, ...]
    """When the lips were to be shut for P, B or M."""
    stills: tuple[tuple[TrackedFrame, VideoFrame], ...]
    """Some frames before and after."""


def play(scene: Scene, path: Path, landmarker: FaceLandmarker, *, stills: int = 4) -> Played:
    """Render made-up speech into the largest face of a film.

    Args:
        scene: the condition that was filmed.
        path: the film.
        landmarker: of the tracker, and of the second look.
        stills: how many frames to keep.

    Raises:
        av.FFmpegError: the film cannot be read.
    """
    tracker, lips = Tracker(landmarker), Lips(MouthWarp())
    tracked_frames: list[TrackedFrame] = []
    track_ms: list[float] = []
    for frame in _frames(path):
        began_ns = time.thread_time_ns()
        tracked_frames.append(tracker.track(frame))
        track_ms.append((time.thread_time_ns() - began_ns) / 1e6)
    end_ns = tracked_frames[-1].frame.pts_ns if tracked_frames else 0
    speech = _speech(end_ns - START_NS)
    chosen = _chosen(path, tracked_frames, end_ns) if scene.decided_by is Decision.CHOICE else None
    curve = MouthCurve(speech.speech.phonemes)
    sights, kept = [], []
    every = max(1, len(tracked_frames) // stills)
    for number, (tracked, cost_ms) in enumerate(zip(tracked_frames, track_ms, strict=True)):
        face = tracked.faces[0] if tracked.faces else None
        speaker = face.id if face is not None else None
        if scene.decided_by is Decision.CHOICE:
            speaker = chosen
        pts_ns = tracked.frame.pts_ns
        began_ns = time.thread_time_ns()
        shown = lips.render(tracked, speech, speaker, pts_ns)
        spent_ms = (time.thread_time_ns() - began_ns) / 1e6
        again = _opening(shown.frame, face, landmarker) if face and shown.altered else None
        sights.append(
            Sight(
                pts_ns=pts_ns,
                gate=face.gate if face else Gate.NO_FACE,
                rendered=shown.altered,
                iod_px=face.iod_px if face else None,
                opening=face.mouth_opening if face else None,
                meant=curve.at(pts_ns - START_NS).opening,
                again=again,
                track_ms=cost_ms,
                lips_ms=spent_ms,
            )
        )
        if number % every == every // 2:
            kept.append((tracked, shown.frame))
    return Played(tuple(sights), _closures(speech), tuple(kept))


def _frames(path: Path) -> Iterator[VideoFrame]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            planes = planes_of(frame, fitted(frame.width, frame.height))
            pts_ns = round(float(frame.time or 0) * 1e9)
            yield VideoFrame(_EPOCH, pts_ns, planes)


def _chosen(path: Path, frames: list[TrackedFrame], end_ns: int) -> int | None:
    """The track whose mouth moved with the film's sound."""
    choice = SpeakerChoice()
    for block in _sound(path):
        choice.hear(block)
    for tracked in frames:
        choice.observe(tracked)
    return choice.choose(_EPOCH, START_NS, end_ns)


def _sound(path: Path) -> Iterator[AudioBlock]:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return
        resampler = av.AudioResampler(format="flt", layout="mono", rate=_RATE)
        heard = 0
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                samples = part.to_ndarray().reshape(-1).astype(np.float32, copy=False)
                yield AudioBlock(_EPOCH, heard * 1_000_000_000 // _RATE, _RATE, samples)
                heard += len(samples)


def _speech(length_ns: int) -> PlacedSpeech:
    """Made-up speech that fills ``length_ns``."""
    phonemes: list[PhonemeTiming] = []
    now_ns = 0
    while now_ns < length_ns:
        for symbol in _PHONES:
            end_ns = now_ns + (_MARK_NS if symbol in _MARKS else _PHONE_NS)
            phonemes.append(PhonemeTiming(symbol, now_ns, end_ns))
            now_ns = end_ns
    utterance = Utterance("bench", _EPOCH, 0, now_ns, "pt", "", 1.0, "en", "")
    samples = np.zeros(now_ns * _RATE // 1_000_000_000, np.float32)
    return PlacedSpeech(SyncedSpeech(utterance, _RATE, samples, tuple(phonemes)), START_NS, 1.0)


def _closures(speech: PlacedSpeech) -> tuple[int, ...]:
    return tuple(
        speech.start_ns + (viseme.start_ns + viseme.end_ns) // 2
        for viseme in timed_visemes(speech.speech.phonemes)
        if viseme.viseme is Viseme.CLOSED
    )


def _opening(frame: VideoFrame, face: FaceTrack, landmarker: FaceLandmarker) -> float:
    """The mouth's opening, seen again in the rendered picture."""
    region = region_of(face.mesh)
    box = Box.around_region(region).even(frame.width, frame.height)
    near = replace(region, x=region.x - box.left, y=region.y - box.top)
    mesh: FaceMesh = landmarker.mesh(to_bgr(frame.planes, box), near)
    pose = fit_pose(mesh.points)
    gap = (mesh.points[LOWER_LIP_INNER] - mesh.points[UPPER_LIP_INNER]) @ pose.rotation
    return float(np.hypot(gap[0], gap[1])) / inter_ocular_px(mesh.points)
