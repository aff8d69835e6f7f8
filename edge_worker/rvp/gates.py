"""When lips may not be rendered: too small, turned away, covered, too dark."""

from enum import StrEnum
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_worker.items import VideoFrame
from edge_worker.rvp.picture import Box, PlaneViews, to_bgr
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
_LEARN: Final = 0.12  # a look
_COARSE: Final = 8  # every 8th sample of the colour planes each way
_COLOURLESS: Final = 1.0  # mean distance of the colour planes from grey, of 255
_INFRARED_LOOKS: Final = 12  # how often a camera's colours are checked while all is well
_CLEAN_FRAMES: Final = 10  # after so many clean ones, every second frame is enough while open
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
    return max(0.0, min(1.0, (_YAW_NONE - abs(yaw_degrees)) / (_YAW_NONE - _YAW_FULL)))


class FaceGates:
    """Judges one person; learns what the uncovered lower face looks like."""

    def __init__(self) -> None:
        self._learned: _Floats | None = None
        self._clean_frames = 0
        self._covered_since_ns: int | None = None
        self._restlessness = 0.0
        self._colourful = True
        self._last = Gate.OPEN
        self._judged = 0

    def judge(self, frame: VideoFrame, points: _Floats, pose: HeadPose) -> Gate:
        """The first reason not to render a face with landmarks (468, 3), or ``Gate.OPEN``.

        Its colours are looked at in every second frame while nothing is in the way.
        """
        iod_px = inter_ocular_px(points)
        if frame.degraded:
            return Gate.DEGRADED
        if iod_px < MIN_IOD_PX:
            return Gate.SMALL
        if yaw_allowance(pose.angles[0]) == 0.0:
            return Gate.PROFILE
        self._judged += 1
        if self._last is Gate.OPEN and self._clean_frames > _CLEAN_FRAMES and self._judged % 2:
            return Gate.OPEN
        self._last = self._look(frame, points, iod_px)
        return self._last

    def _look(self, frame: VideoFrame, points: _Floats, iod_px: float) -> Gate:
        """Dark, covered or open."""
        upper = len(_upper_points())
        seen = _colours(frame, points[_sampled_points(), :2], iod_px)
        if seen is None:
            return Gate.OCCLUDED
        skin = seen[:upper].mean(0)
        if float(skin.mean()) < _MIN_LUMA * 255:
            return Gate.DARK
        covered = self._covered(seen[upper:] / np.maximum(skin, 1), frame)
        return Gate.OCCLUDED if covered else Gate.OPEN

    def _covered(self, lower: _Floats, frame: VideoFrame) -> bool:
        if self._clean_frames % _INFRARED_LOOKS == 0:
            self._notice_infrared(frame)
        learned, distance = self._compared(lower)
        if self._is_far(distance):
            self._notice_infrared(frame)
            learned, distance = self._compared(lower)
        if self._is_far(distance):
            if self._covered_since_ns is None:
                self._covered_since_ns = frame.pts_ns
            # New glasses, a mask taken off, other light: what stays this long is the new face.
            if frame.pts_ns - self._covered_since_ns < _RELEARN_NS:
                return True
            learned, self._clean_frames = lower, 0
        self._covered_since_ns = None
        self._clean_frames += 1
        pace = max(_LEARN, 1 / self._clean_frames)
        self._learned = learned + np.float32(pace) * (lower - learned)
        self._restlessness += pace * (distance - self._restlessness)
        return False

    def _notice_infrared(self, frame: VideoFrame) -> None:
        """A camera that turns to infrared or back shows other colours: learn the face anew."""
        colourful = _is_colourful(frame)
        if colourful is not self._colourful:
            self._learned, self._clean_frames = None, 0
        self._colourful = colourful

    def _compared(self, lower: _Floats) -> tuple[_Floats, float]:
        """What was learned, and how far ``lower`` is from it."""
        learned = lower if self._learned is None else self._learned
        return learned, float(np.abs(lower - learned).mean())

    def _is_far(self, distance: float) -> bool:
        low, high = _COVERED
        limit = max(low, min(high, _RESTLESS * self._restlessness + 0.02))
        return distance > limit and self._clean_frames >= _CLEAN_FRAMES


def _is_colourful(frame: VideoFrame) -> bool:
    planes = PlaneViews.of(frame.planes)
    coarse = np.stack([plane[::_COARSE, ::_COARSE] for plane in (planes.u, planes.v)])
    return float(np.abs(coarse.astype(np.float32) - 128).mean((1, 2)).max()) > _COLOURLESS


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


@cache
def _sampled_points() -> NDArray[np.intp]:
    return np.concatenate([_upper_points(), _lower_points()])


def _colours(frame: VideoFrame, points: _Floats, iod_px: float) -> _Floats | None:
    """Mean colours around ``points``, shape (n, 2), as (n, 3); points outside take the edge's.

    None if all of them are outside the picture.
    """
    reach = max(1, round(_REACH * iod_px))
    plane = np.rint(points.T).astype(np.intp)
    left, top = (plane.min(1) - reach).tolist()
    right, bottom = (plane.max(1) + reach + 1).tolist()
    box = Box(left, top, right, bottom).even(frame.width, frame.height)
    if box.empty:
        return None
    part = to_bgr(frame.planes, box)
    smooth = cv2.blur(part, (2 * reach + 1, 2 * reach + 1), borderType=cv2.BORDER_REPLICATE)
    x = np.clip(plane[0], box.left, box.right - 1) - box.left
    y = np.clip(plane[1], box.top, box.bottom - 1) - box.top
    return np.asarray(smooth[y, x], dtype=np.float32)
