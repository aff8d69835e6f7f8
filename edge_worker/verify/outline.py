"""The second eye: 68 outline points by a network of another family.

Detector and landmark network come from face-api (``models/README.md``). They were trained by other
people on other pictures than the mesh that the renderer steers by, and share no code with it, so
that an error of the one does not hide in the other. Points are numbered as in 300-W (Sagonas et
al., 2013).
"""

from importlib.resources import files

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from engines.face import Picture

MIN_IOD_PX = 20.0
"""Below this the points of the lips are noise."""

_INNER_LIPS = ((61, 67), (62, 66), (63, 65))
"""Upper and lower, right to left."""
_RIGHT_EYE, _LEFT_EYE = 36, 45
_NOSE_BRIDGE, _CHIN = 27, 8

_SIDE = 112
_LANDMARK_MEAN = np.array([122.782, 117.001, 104.298], np.float32)
_VIEWS = ((0.0, 0.0, 1.0), (0.02, 0.01, 1.04), (-0.02, -0.01, 0.97))
"""Shifts and scale of the crops whose points are averaged: one crop's jitter is not the mouth's."""
_CROP = 1.3
"""Side of the crop / extent of the points."""
_FOLLOW = 0.3
"""How far the crop goes towards where the points are now."""

_DETECTOR_SIDE, _GRID = 416, 13
_DETECTOR_MEAN = np.array([117.001, 114.697, 97.404], np.float32)
_ANCHORS = np.array(
    [
        (1.603231, 2.094468),
        (6.041143, 7.080126),
        (2.882459, 3.518061),
        (4.266906, 5.178857),
        (9.041765, 10.66308),
    ]
)
_MIN_SCORE = 0.5
_LOOK_AGAIN = 50
"""Pictures after which the detector is asked again, so that a lost face is noticed."""
_MAX_DRIFT = 0.5
"""A crop this far from the detected face, in sides, follows something else."""

Box = tuple[float, float, float]
"""Centre x and y, and side, pixels."""
Points = NDArray[np.float64]
"""Shape (68, 2), pixels."""


class OutlineEye:
    """Follows the face that the detector is surest of.

    Raises:
        onnxruntime.RuntimeException: the models beside this module are damaged.
    """

    name = "outline points"

    def __init__(self) -> None:
        self._detector = _session("tiny_face_detector.onnx")
        self._landmarks = _session("face_landmark_68.onnx")
        self._box: Box | None = None
        self._since = 0

    def opening(self, picture: Picture) -> float:
        """Inner-lip gap / inter-ocular distance; NaN without a usable face."""
        self._since += 1
        if self._box is None or self._since >= _LOOK_AGAIN:
            self._look(picture)
        if self._box is None:
            return float("nan")
        views = self._points(picture, self._box)
        self._box = _followed(self._box, views.mean(axis=0))
        return float(np.mean([opening_of(points) for points in views]))

    def _look(self, picture: Picture) -> None:
        found = self._detect(picture)
        self._since = 0
        if found is None:
            self._box = None
        elif self._box is None or _apart(found, self._box) > _MAX_DRIFT:
            self._box = found

    def _detect(self, picture: Picture) -> Box | None:
        """The surest face in the whole picture, else in its overlapping quarters."""
        whole = self._detect_in(picture, 0, 0)
        if whole[0] >= _MIN_SCORE:
            return whole[1]
        height, width = (round(0.6 * side) for side in picture.shape[:2])
        parts = [
            self._detect_in(picture[y : y + height, x : x + width], x, y)
            for y in (0, picture.shape[0] - height)
            for x in (0, picture.shape[1] - width)
        ]
        score, box = max(parts, key=lambda part: part[0])
        return box if score >= _MIN_SCORE else None

    def _detect_in(self, picture: Picture, left: int, top: int) -> tuple[float, Box]:
        height, width = picture.shape[:2]
        scale = _DETECTOR_SIDE / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        filled = np.zeros((_DETECTOR_SIDE, _DETECTOR_SIDE, 3), np.uint8)
        filled[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        (output,) = self._detector.run(None, {"image": _tensor(filled[None], _DETECTOR_MEAN)})
        cells = output[0].astype(np.float64).reshape(len(_ANCHORS), 5, _GRID, _GRID)
        scores = _sigmoid(cells[:, 4])
        anchor, row, column = np.unravel_index(int(scores.argmax()), scores.shape)
        x, y, log_width, log_height, _ = cells[anchor, :, row, column]
        cell = _DETECTOR_SIDE / _GRID / scale
        extent = cell * max(np.exp([log_width, log_height]) * _ANCHORS[anchor])
        box = ((column + _sigmoid(x)) * cell + left, (row + _sigmoid(y)) * cell + top, extent)
        return float(scores[anchor, row, column]), (float(box[0]), float(box[1]), float(box[2]))

    def _points(self, picture: Picture, box: Box) -> NDArray[np.float64]:
        """Points as seen in each view, shape (views, 68, 2)."""
        x, y, side = box
        views = [(x + dx * side, y + dy * side, side * scale) for dx, dy, scale in _VIEWS]
        shrink = min(1.0, 2 * _SIDE / side)  # a crop from far larger pictures would alias
        if shrink < 1:
            small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            picture = small.astype(np.uint8, copy=False)
        crops = np.stack([_crop(picture, view, shrink) for view in views])
        (output,) = self._landmarks.run(None, {"image": _tensor(crops, _LANDMARK_MEAN)})
        found = output.astype(np.float64).reshape(len(views), 68, 2)
        return np.stack(
            [(points - 0.5) * view[2] + view[:2] for points, view in zip(found, views, strict=True)]
        )


def opening_of(points: Points) -> float:
    """Mean gap of the inner lips / distance of the outer corners of the eyes.

    NaN for a face too small to tell. The gap counts along the face's own vertical.
    """
    iod = float(np.linalg.norm(points[_LEFT_EYE] - points[_RIGHT_EYE]))
    down = points[_CHIN] - points[_NOSE_BRIDGE]
    length = float(np.linalg.norm(down))
    if iod < MIN_IOD_PX or length == 0:
        return float("nan")
    gaps = [(points[lower] - points[upper]) @ down / length for upper, lower in _INNER_LIPS]
    return max(0.0, float(np.mean(gaps)) / iod)


def _followed(box: Box, points: Points) -> Box:
    low, high = points.min(axis=0), points.max(axis=0)
    there = (*((low + high) / 2), _CROP * float((high - low).max()))
    x, y, side = (
        float((1 - _FOLLOW) * was + _FOLLOW * now) for was, now in zip(box, there, strict=True)
    )
    return x, y, side


def _apart(one: Box, other: Box) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1])) / other[2]


def _crop(picture: Picture, box: Box, shrink: float) -> Picture:
    """What ``box`` shows, in a picture that is ``shrink`` times as large as the box's."""
    x, y, side = (shrink * length for length in box)
    scale = _SIDE / side
    matrix = np.array([[scale, 0, _SIDE / 2 - scale * x], [0, scale, _SIDE / 2 - scale * y]])
    crop = cv2.warpAffine(picture, matrix, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
    return crop.astype(np.uint8, copy=False)


def _tensor(pictures: NDArray[np.uint8], mean: NDArray[np.float32]) -> NDArray[np.float32]:
    """BGR pictures, shape (n, h, w, 3), as the networks want them: RGB, (n, 3, h, w)."""
    centred = (pictures[..., ::-1].astype(np.float32) - mean) / 255
    return np.ascontiguousarray(centred.transpose(0, 3, 1, 2))


def _sigmoid(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-value)), np.float64)


def _session(name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    data = (files("edge_worker.verify") / "models" / name).read_bytes()
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
