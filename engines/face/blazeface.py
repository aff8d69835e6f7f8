"""MediaPipe's face detectors: Blazeface (Bazarevsky et al. 2019), short and full range."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from engines.face import FaceRegion, Picture
from engines.face.model import Floats, load_model, sigmoid
from engines.face.region import MARGIN

_SAME_FACE: Final = 0.3  # intersection over union


@dataclass(frozen=True, slots=True)
class Range:
    """One of the detectors."""

    model: str
    """Its file."""
    side: int
    """Pixels of the square that it sees."""
    anchors: tuple[tuple[int, int], ...]
    """Stride and how many anchors there are at each place, layer by layer."""
    min_score: float
    """Detections below this are not faces."""
    min_share: float
    """Faces smaller than this, over the picture's longer side, are left to the other detector."""


# Eager as it is, the short range takes a cat's face for one half of the time below 0.6.
SHORT: Final = Range("face_detection_short_range.onnx", 128, ((8, 2), (16, 6)), 0.6, 0.18)
"""Finds faces from a sixth of the picture's longer side to those that fill it."""
FULL: Final = Range("face_detection_full_range.onnx", 192, ((4, 1),), 0.5, 0.0)
"""Finds faces from a fourteenth to three quarters of the picture's longer side."""


class BlazeFace:
    """A loaded face detector.

    Args:
        reach: which of the two.

    Raises:
        EngineUnavailableError: onnxruntime is missing.
    """

    def __init__(self, reach: Range) -> None:
        self._range = reach
        self._model = load_model(reach.model)
        self._anchors = _anchors(reach)

    def detect(self, picture: Picture) -> list[FaceRegion]:
        """Faces in the picture, surest first."""
        side = self._range.side
        box, scale, left, top = _letterbox(picture, side)
        regressors, logits = self._model.run(None, {"input": box})
        scores = sigmoid(logits[0, :, 0])
        kept = np.flatnonzero(scores > self._range.min_score)
        # Eight pairs each: centre, size, right eye, left eye, nose, mouth, right ear, left ear.
        raw = regressors[0, kept].reshape(-1, 8, 2) / side
        raw[:, 0] += self._anchors[kept]
        raw[:, 2:] += self._anchors[kept, None]
        offset = np.array([left, top], dtype=np.float32)
        found = []
        for score, pairs in _merge(raw, scores[kept]):
            points = (pairs * side - offset) / scale
            size = float((pairs[1] * side / scale).max())
            if size < self._range.min_share * max(picture.shape[:2]):
                continue
            eyes = points[3] - points[2]
            angle = float(np.arctan2(eyes[1], eyes[0]))
            found.append(
                FaceRegion(float(points[0, 0]), float(points[0, 1]), MARGIN * size, angle, score)
            )
        return found


def _anchors(reach: Range) -> Floats:
    """Centres of the detector's anchors, 0..1, shape (n, 2)."""
    grids = []
    for stride, repeats in reach.anchors:
        side = reach.side // stride
        x, y = np.meshgrid(np.arange(side), np.arange(side))
        centres = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) / side
        grids.append(np.repeat(centres, repeats, 0))
    return np.concatenate(grids).astype(np.float32)


def _letterbox(picture: Picture, side: int) -> tuple[Floats, float, int, int]:
    """The picture centred in the detector's square, RGB in -1..1; its scale and margins."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    box = np.zeros((1, side, side, 3), np.float32)
    box[0, top : top + size[1], left : left + size[0]] = small[:, :, ::-1] * (2 / 255) - 1
    return box, scale, left, top


def _merge(raw: Floats, scores: Floats) -> Iterator[tuple[float, Floats]]:
    """Blend overlapping detections by score (Blazeface's replacement for suppression)."""
    low, high = raw[:, 0] - raw[:, 1] / 2, raw[:, 0] + raw[:, 1] / 2
    area = np.prod(high - low, 1)
    free = np.ones(len(raw), bool)
    for best in np.argsort(-scores):
        if not free[best]:
            continue
        sides = np.clip(np.minimum(high, high[best]) - np.maximum(low, low[best]), 0, None)
        shared = sides.prod(1)
        same = free & (shared / (area + area[best] - shared + 1e-9) > _SAME_FACE)
        same[best] = True
        free &= ~same
        weights = scores[same, None, None]
        yield float(scores[best]), (raw[same] * weights).sum(0) / weights.sum()
