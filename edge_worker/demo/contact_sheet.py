"""A sheet of stills: the same moments before and after, whole picture and mouth."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge_worker.demo.record import RunRecord
from edge_worker.verify import film
from engines.face import FaceLandmarker, Picture
from engines.face.head import inter_ocular_px
from engines.face.topology import MOUTH_LEFT, MOUTH_RIGHT
from engines.lipsync.mouth_curve import MouthCurve
from engines.lipsync.visemes import Viseme, viseme_of

_TELLING = (
    Viseme.CLOSED,
    Viseme.OPEN,
    Viseme.ROUND,
    Viseme.LIP_TEETH,
    Viseme.SPREAD,
    Viseme.ROUND_OPEN,
    Viseme.HUSH,
    Viseme.MID,
)
"""What a reader can check a mouth against, most telling first."""
_VOWELS = {Viseme.OPEN, Viseme.MID, Viseme.ROUND_OPEN, Viseme.SPREAD}

_NEAR_NS = 100_000_000
_WIDE = 224
_GAP = 8
_SIDE = 92
_HEAD = 40
_PAPER, _INK, _FAINT = (250, 250, 250), (30, 30, 30), (120, 120, 120)
_ROWS = ("before", "after", "before", "after")
_CROP_IOD = 1.25
"""Width of the mouth's crop."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame worth looking at."""

    time_ns: int
    """In the output film."""
    label: str


def moments(run: RunRecord, count: int = 6) -> tuple[Moment, ...]:
    """The plainest phone of each kind that was spoken, at most ``count``, in order of time.

    That is the longest one, and of vowels the one with the mouth widest open: a short vowel
    between two closures hardly opens it.
    """
    found: dict[Viseme, tuple[float, Moment]] = {}
    for u in run.dubbed:
        curve = MouthCurve(u.phonemes)
        for phone in u.phonemes:
            viseme = viseme_of(phone.symbol)
            if viseme not in _TELLING or u.placed is None:
                continue
            middle = (phone.start_ns + phone.end_ns) // 2
            vowel = viseme in _VOWELS
            plainness = curve.at(middle).opening if vowel else phone.end_ns - phone.start_ns
            if viseme not in found or plainness > found[viseme][0]:
                found[viseme] = (plainness, Moment(u.placed.start_ns + middle, viseme.value))
    chosen = [found[viseme][1] for viseme in _TELLING if viseme in found][:count]
    return tuple(sorted(chosen, key=lambda moment: moment.time_ns))


def write_contact_sheet(
    original: Path,
    translated: Path,
    path: Path,
    chosen: Sequence[Moment],
    *,
    output_start_ns: int,
    landmarker: FaceLandmarker,
) -> None:
    """Write a PNG: one column per moment; whole pictures above, mouths below.

    Raises:
        ValueError: no moment lies within the films.
    """
    before = _stills(original, [m.time_ns + output_start_ns for m in chosen])
    after = _stills(translated, [m.time_ns for m in chosen])
    columns = [
        _column(moment, before[n], after[n], landmarker)
        for n, moment in enumerate(chosen)
        if n in before and n in after
    ]
    if not columns:
        raise ValueError(f"{translated}: none of {len(chosen)} moments lies within the films")
    gap = np.full((columns[0].shape[0], _GAP, 3), _PAPER, np.uint8)
    sheet = [_row_names(columns[0].shape[0])]
    for column in columns:
        sheet += [gap, column]
    cv2.imwrite(str(path), np.hstack([*sheet, gap]))


def _stills(path: Path, times_ns: Sequence[int]) -> dict[int, Picture]:
    """The picture nearest to each time, by its place in ``times_ns``; at most 100 ms away."""
    best: dict[int, tuple[int, Picture]] = {}
    for shown_ns, frame in film.frames(path):
        for place, time_ns in enumerate(times_ns):
            away = abs(shown_ns - time_ns)
            if away <= _NEAR_NS and (place not in best or away < best[place][0]):
                best[place] = (away, film.as_picture(frame))
    return {place: picture for place, (_, picture) in best.items()}


def _column(moment: Moment, before: Picture, after: Picture, landmarker: FaceLandmarker) -> Picture:
    whole = [_scaled(picture) for picture in (before, after)]
    mouths = [_mouth(picture, landmarker) for picture in (before, after)]
    parts = [_heading(moment)]
    for picture in (*whole, *mouths):
        parts += [picture, np.full((_GAP, _WIDE, 3), _PAPER, np.uint8)]
    return np.vstack(parts)


def _scaled(picture: Picture) -> Picture:
    height = round(_WIDE * picture.shape[0] / picture.shape[1])
    small = cv2.resize(picture, (_WIDE, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def _mouth(picture: Picture, landmarker: FaceLandmarker) -> Picture:
    height = round(_WIDE * 0.7)
    regions = landmarker.detect(picture)
    if not regions:
        return np.full((height, _WIDE, 3), 200, np.uint8)
    points = landmarker.mesh(picture, regions[0]).points
    x, y = points[[MOUTH_RIGHT, MOUTH_LEFT], :2].mean(axis=0)
    scale = _WIDE / (_CROP_IOD * inter_ocular_px(points))
    matrix = np.array([[scale, 0, _WIDE / 2 - scale * x], [0, scale, height / 2 - scale * y]])
    crop = cv2.warpAffine(
        picture, matrix, (_WIDE, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return crop.astype(np.uint8, copy=False)


def _heading(moment: Moment) -> Picture:
    strip = np.full((_HEAD, _WIDE, 3), _PAPER, np.uint8)
    _write(strip, moment.label, (2, 27), 0.72, _INK)
    _write(strip, f"{moment.time_ns / 1e9:.2f} s", (_WIDE - 78, 27), 0.48, _FAINT)
    return strip


def _row_names(height: int) -> Picture:
    names = np.full((height, _SIDE, 3), _PAPER, np.uint8)
    whole, mouth = round(_WIDE * 0.75), round(_WIDE * 0.7)
    y = _HEAD
    for name, tall in zip(_ROWS, (whole, whole, mouth, mouth), strict=True):
        _write(names, name, (12, y + tall // 2), 0.56, _INK)
        y += tall + _GAP
    return names


def _write(
    page: Picture, text: str, place: tuple[int, int], size: float, ink: tuple[int, int, int]
) -> None:
    cv2.putText(page, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, ink, 1, cv2.LINE_AA)
