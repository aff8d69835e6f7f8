"""Figures for rendered lips; each is a pure function of curves or pictures."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import FaceMesh, Picture
from engines.face.head import fit_pose

Floats = NDArray[np.float64]

CLOSED_IOD: Final = 0.03
NEAR_NS: Final = 60_000_000
_SHIFTS_S: Final = 0.3
_SHIFT_STEP_S: Final = 0.005
_MOUTH: Final = ((-0.30, 0.30), (-0.16, 0.26))  # IOD around the middle of the lips: x, y
_CHEEKS: Final = ((-0.42, -0.20), (-0.30, -0.12)), ((0.20, 0.42), (-0.30, -0.12))
_GRID: Final = 64  # samples per IOD
_LIP_MIDDLE: Final = (13, 14)


def following(shown: Floats, asked: Floats, source: Floats) -> tuple[float, float, float]:
    """How the shown opening follows what was asked.

    Args:
        shown: opening of the rendered mouth, seen again, shape (n,).
        asked: by the mouth curve.
        source: of the untouched mouth.

    Returns:
        Correlation of shown and asked; weight of the asked and of the source's opening in the
        shown one (least squares): 1 and 0 for a perfect renderer.
    """
    parts = np.stack([asked, source, np.ones(len(asked))], 1)
    weights = np.linalg.lstsq(parts, shown, rcond=None)[0]
    return float(np.corrcoef(shown, asked)[0, 1]), float(weights[0]), float(weights[1])


def closures(times_ns: NDArray[np.int64], shown: Floats, closed_ns: Sequence[int]) -> float | None:
    """Share of ``closed_ns`` near which a picture shows the lips closed; None without pictures."""
    verdicts = []
    for moment in closed_ns:
        near = shown[np.abs(times_ns - moment) <= NEAR_NS]
        if len(near):
            verdicts.append(bool((near < CLOSED_IOD).any()))
    return float(np.mean(verdicts)) if verdicts else None


def lag_ms(times_ns: NDArray[np.int64], shown: Floats, curve_ns: Floats, curve: Floats) -> float:
    """How much later than ``curve`` the shown opening moves; where both correlate best."""
    shifts = np.arange(-_SHIFTS_S, _SHIFTS_S + _SHIFT_STEP_S / 2, _SHIFT_STEP_S)
    fits = [
        np.corrcoef(shown, np.interp(times_ns - s * 1e9, curve_ns, curve))[0, 1] for s in shifts
    ]
    return float(1000 * shifts[int(np.argmax(fits))])


def unrest(pictures: Sequence[Picture], meshes: Sequence[FaceMesh], places: str) -> float:
    """Mean change of brightness from picture to picture in head coordinates, in levels.

    Args:
        pictures: consecutive ones.
        meshes: of the face in each.
        places: ``mouth`` or ``cheeks``.
    """
    windows = (_MOUTH,) if places == "mouth" else _CHEEKS
    changes = []
    for window in windows:
        views = np.stack([_flat(p, m, window) for p, m in zip(pictures, meshes, strict=True)])
        changes.append(float(np.abs(np.diff(views, axis=0)).mean()))
    return float(np.mean(changes))


def outside_psnr(before: Picture, after: Picture, mesh: FaceMesh) -> float:
    """PSNR of what lies more than 0.3 IOD from the lower face, dB; 99 where nothing changed."""
    pose = fit_pose(mesh.points)
    low = mesh.points[fit_head_rows(mesh), :2]
    mask = np.full(before.shape[:2], 255, np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(low.astype(np.int32)), 0)
    reach = 2 * round(0.3 * pose.scale) + 1
    far = cv2.erode(mask, np.ones((reach, reach), np.uint8)) > 0
    if not far.any():
        return 99.0
    error = float(np.square(before[far].astype(float) - after[far]).mean())
    return min(99.0, 10 * float(np.log10(255**2 / error))) if error > 0 else 99.0


def fit_head_rows(mesh: FaceMesh) -> NDArray[np.intp]:
    """Landmarks below the base of the nose."""
    head = fit_pose(mesh.points).to_head(mesh.points)
    return np.flatnonzero(head[:, 1] > 0)


def chroma(picture: Picture) -> int:
    """The largest difference between a pixel's colours: 0 for a grey picture."""
    return int((picture.max(-1).astype(int) - picture.min(-1)).max())


def _flat(
    picture: Picture, mesh: FaceMesh, window: tuple[tuple[float, float], tuple[float, float]]
) -> NDArray[np.float32]:
    """Brightness of a window in the plane of the face, smoothed by a pixel."""
    pose = fit_pose(mesh.points)
    plane = pose.scale * pose.rotation[:2, :2].astype(np.float64) / _GRID
    middle = mesh.points[list(_LIP_MIDDLE), :2].mean(0)
    (left, right), (top, bottom) = window
    start = middle + plane @ (np.array([left, top]) * _GRID)
    size = (round((right - left) * _GRID), round((bottom - top) * _GRID))
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (0, 0), 1)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    view = cv2.warpAffine(grey, np.column_stack([plane, start]), size, flags=flags)
    return np.asarray(view, np.float32)
