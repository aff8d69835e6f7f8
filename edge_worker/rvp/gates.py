"""When lips may not be rendered: too small, turned away, covered, too dark."""

from enum import StrEnum
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from engines.face.head import HeadPose, canonical_head, inter_ocular_px
from engines.face.topology import FACE_OVAL, INNER_MIDDLE_RING, INNER_RING

_Floats = NDArray[np.float32]

MIN_IOD_PX: Final = 25.0
_YAW_FULL: Final = 18.0
_YAW_NONE: Final = 22.0  # estimated; the true angle is larger
_MIN_LUMA: Final = 0.08
# Colour distances: clean faces stay below .09 while talking, hands and cups go beyond .13. Between
# them the person's own restlessness decides.
_COVERED: Final = (0.09, 0.13)
_RESTLESS: Final = 3.0
_LEARN: Final = 0.06
_COARSE: Final = 16  # every 16th pixel each way
_COLOURLESS: Final = 2.5  # mean difference of the channels, of 255
_CLEAN_FRAMES: Final = 10
_RELEARN_NS: Final = 10_000_000_000
_REACH: Final = 0.05  # IOD: half side of the square averaged around each point


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
        self._restlessness = 0.0
        self._colourful = True

    def judge(
        self, picture: Picture, points: _Floats, pose: HeadPose, at_ns: int, *, degraded: bool
    ) -> Gate:
        """The first reason not to render a face with landmarks (468, 3), or ``Gate.OPEN``."""
        iod_px = inter_ocular_px(points)
        if degraded:
            return Gate.DEGRADED
        if iod_px < MIN_IOD_PX:
            return Gate.SMALL
        if yaw_allowance(pose.angles[0]) == 0.0:
            return Gate.PROFILE
        upper, lower = _upper_points(), _lower_points()
        seen = _colours(picture, points[np.concatenate([upper, lower]), :2], iod_px)
        skin = seen[: len(upper)].mean(0)
        if float(skin.mean()) < _MIN_LUMA * 255:
            return Gate.DARK
        self._notice_infrared(picture)
        return (
            Gate.OCCLUDED
            if self._covered(seen[len(upper) :] / np.maximum(skin, 1), at_ns)
            else Gate.OPEN
        )

    def _notice_infrared(self, picture: Picture) -> None:
        """A camera that turns to infrared or back shows other colours: learn the face anew."""
        coarse = picture[::_COARSE, ::_COARSE].astype(np.float32)
        colourful = float(np.ptp(coarse, axis=-1).mean()) > _COLOURLESS
        if colourful is not self._colourful:
            self._learned, self._clean_frames = None, 0
        self._colourful = colourful

    def _covered(self, lower: _Floats, at_ns: int) -> bool:
        if self._learned is None:
            self._learned = lower
        distance = float(np.abs(lower - self._learned).mean())
        limit = float(np.clip(_RESTLESS * self._restlessness + 0.02, *_COVERED))
        if distance > limit and self._clean_frames >= _CLEAN_FRAMES:
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
        self._restlessness += pace * (distance - self._restlessness)
        return False


@cache
def _lower_points() -> NDArray[np.intp]:
    """Skin and outer lips of the lower face; not its outline, where the background moves."""
    head = canonical_head().points
    low = (head[:, 1] > 0.03) & (head[:, 1] < 0.75) & (np.abs(head[:, 0]) < 0.42)
    inside = np.concatenate([INNER_RING, INNER_MIDDLE_RING, FACE_OVAL])
    return np.setdiff1d(np.flatnonzero(low), inside)


@cache
def _upper_points() -> NDArray[np.intp]:
    """Nose and cheeks below the eyes: what a hand on the mouth leaves free."""
    head = canonical_head().points
    high = (head[:, 1] > -0.32) & (head[:, 1] < -0.08) & (np.abs(head[:, 0]) < 0.36)
    return np.setdiff1d(np.flatnonzero(high), FACE_OVAL)


def _colours(picture: Picture, points: _Floats, iod_px: float) -> _Floats:
    """Mean colours around ``points``, shape (n, 2), as (n, 3); points outside take the edge's."""
    height, width = picture.shape[:2]
    reach = max(1, round(_REACH * iod_px))
    low = np.clip(np.floor(points.min(0)).astype(int) - reach, 0, [width - 1, height - 1])
    high = np.clip(np.ceil(points.max(0)).astype(int) + reach + 1, 1, [width, height])
    part = picture[low[1] : max(high[1], low[1] + 1), low[0] : max(high[0], low[0] + 1)]
    smooth = cv2.blur(part, (2 * reach + 1, 2 * reach + 1), borderType=cv2.BORDER_REPLICATE)
    places = np.round(points).astype(int) - low
    places = np.clip(places, 0, [smooth.shape[1] - 1, smooth.shape[0] - 1])
    return np.asarray(smooth[places[:, 1], places[:, 0]], dtype=np.float32)
