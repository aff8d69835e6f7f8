"""When lips may not be rendered: too small, turned away, covered, too dark."""

from enum import StrEnum
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from engines.face.head import HeadPose

_Floats = NDArray[np.float32]

MIN_IOD_PX: Final = 25.0
_YAW_FULL: Final = 18.0
_YAW_NONE: Final = 22.0  # estimated; the true angle is larger
_MIN_LUMA: Final = 0.08
_COVERED: Final = 0.13  # clean faces stay below .09, hands and cups go beyond .16
_LEARN: Final = 0.06
_CLEAN_FRAMES: Final = 10
_RELEARN_NS: Final = 10_000_000_000
_GRID: Final = (12, 10)
_SAMPLING: Final = 4  # samples per grid cell and axis, averaged
# The lower face in head coordinates (IOD, origin at the nose base): x and y extent.
_LOWER_FACE: Final = (-0.42, 0.42, 0.03, 0.73)
_UPPER_FACE: Final = (-0.36, 0.36, -0.42, -0.08)


class Gate(StrEnum):
    """Why a face's lips may not be rendered."""

    OPEN = "open"
    """They may."""
    NO_FACE = "no_face"
    SMALL = "small"
    PROFILE = "profile"
    OCCLUDED = "occluded"
    DARK = "dark"
    DEGRADED = "degraded"
    """The decoder was guessing this picture."""
    OFF_CAMERA = "off_camera"
    """Nobody in the picture speaks this utterance."""
    FAILED = "failed"
    """The lip engine raised an error."""


def yaw_allowance(yaw_degrees: float) -> float:
    """1 for a face that looks this way, falling to 0 where it turns into profile."""
    return float(np.clip((_YAW_NONE - abs(yaw_degrees)) / (_YAW_NONE - _YAW_FULL), 0.0, 1.0))


class FaceGates:
    """Judges one person; learns what the uncovered lower face looks like."""

    def __init__(self) -> None:
        self._learned: _Floats | None = None
        self._clean_frames = 0
        self._covered_since_ns: int | None = None

    def judge(
        self, picture: Picture, pose: HeadPose, iod_px: float, at_ns: int, *, degraded: bool
    ) -> Gate:
        """The first reason not to render, or ``Gate.OPEN``."""
        if degraded:
            return Gate.DEGRADED
        if iod_px < MIN_IOD_PX:
            return Gate.SMALL
        if yaw_allowance(pose.angles[0]) == 0.0:
            return Gate.PROFILE
        skin = _sample(picture, pose, _UPPER_FACE).reshape(-1, 3).mean(0)
        if float(skin.mean()) < _MIN_LUMA * 255:
            return Gate.DARK
        lower = _sample(picture, pose, _LOWER_FACE) / np.maximum(skin, 1)
        return Gate.OCCLUDED if self._covered(lower, at_ns) else Gate.OPEN

    def _covered(self, lower: _Floats, at_ns: int) -> bool:
        if self._learned is None:
            self._learned = lower
        distance = float(np.abs(lower - self._learned).mean())
        if distance > _COVERED and self._clean_frames >= _CLEAN_FRAMES:
            if self._covered_since_ns is None:
                self._covered_since_ns = at_ns
            # New glasses, a mask taken off, other light: what stays this long is the new face.
            if at_ns - self._covered_since_ns < _RELEARN_NS:
                return True
            self._learned, self._clean_frames = lower, 0
        self._covered_since_ns = None
        self._clean_frames += 1
        pace = max(_LEARN, 1 / self._clean_frames)
        self._learned = self._learned + np.float32(pace) * (lower - self._learned)
        return False


def _sample(picture: Picture, pose: HeadPose, area: tuple[float, float, float, float]) -> _Floats:
    """Mean colours, shape (10, 12, 3), of a part of the face, seen upright."""
    left, right, top, bottom = area
    columns, rows = _GRID[0] * _SAMPLING, _GRID[1] * _SAMPLING
    plane = pose.scale * pose.rotation[:2, :2]
    step = plane * np.array([(right - left) / columns, (bottom - top) / rows], np.float32)
    start = plane @ np.array([left, top], np.float32) + pose.shift[:2]
    fine = cv2.warpAffine(
        picture,
        np.column_stack([step, start]).astype(np.float64),
        (columns, rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cv2.resize(fine, _GRID, interpolation=cv2.INTER_AREA).astype(np.float32)
