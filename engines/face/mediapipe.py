"""MediaPipe's short-range face detector and attention mesh on onnxruntime, one thread, no spinning.

Blazeface (Bazarevsky et al. 2019) and Attention Mesh (Grishchenko et al. 2020); the models'
origin and conversion are told in ``models/README.md``.
"""

import math
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines import EngineUnavailableError
from engines.face import FaceMesh, FaceRegion, Picture
from engines.face.region import MARGIN
from engines.face.topology import LIPS, POINTS

_DETECTOR: Final = "face_detection_short_range.onnx"
_MESH: Final = "face_attention_lips.onnx"
_DETECTOR_SIDE: Final = 128
_MESH_SIDE: Final = 192
_SAME_FACE: Final = 0.3  # intersection over union

_Floats = NDArray[np.float32]


class MediaPipeFace:
    """A loaded face detector and mesh model; one instance serves one thread at a time.

    Args:
        min_score: detections below this are not faces.

    Raises:
        EngineUnavailableError: onnxruntime is missing.
    """

    def __init__(self, *, min_score: float = 0.5) -> None:
        self._min_score = min_score
        self._detector = _session(_DETECTOR)
        self._mesh = _session(_MESH)
        self._anchors = _anchors()
        self._pixels = np.empty((1, _MESH_SIDE, _MESH_SIDE, 3), np.float32)

    def detect(self, picture: Picture) -> list[FaceRegion]:
        """Faces in the picture, largest first; finds faces above an eighth of the longer side."""
        box, scale, left, top = _letterbox(picture)
        regressors, logits = self._detector.run(None, {"input": box})
        scores = _sigmoid(logits[0, :, 0])
        kept = np.flatnonzero(scores > self._min_score)
        # Eight pairs each: centre, size, right eye, left eye, nose, mouth, right ear, left ear.
        raw = regressors[0, kept].reshape(-1, 8, 2) / _DETECTOR_SIDE
        raw[:, 0] += self._anchors[kept]
        raw[:, 2:] += self._anchors[kept, None]
        offset = np.array([left, top], dtype=np.float32)
        found = []
        for score, pairs in _merge(raw, scores[kept]):
            points = (pairs * _DETECTOR_SIDE - offset) / scale
            size = float((pairs[1] * _DETECTOR_SIDE / scale).max())
            eyes = points[3] - points[2]
            angle = float(np.arctan2(eyes[1], eyes[0]))
            found.append(
                FaceRegion(float(points[0, 0]), float(points[0, 1]), MARGIN * size, angle, score)
            )
        return sorted(found, key=lambda region: -region.size)

    def mesh(self, picture: Picture, region: FaceRegion) -> FaceMesh:
        """Landmarks of the face within ``region``."""
        crop = _Crop.of(region)
        # OpenCV bends four channels in half the time of three.
        square = cv2.warpAffine(
            cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA),
            crop.matrix,
            (_MESH_SIDE, _MESH_SIDE),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        rgb = cv2.cvtColor(square, cv2.COLOR_BGRA2RGB)
        np.copyto(self._pixels[0], rgb)
        self._pixels *= np.float32(1 / 255)
        mesh, lips, flag = self._mesh.run(None, {"input_1": self._pixels})
        points: _Floats = mesh.reshape(POINTS, 3).copy()
        points[LIPS, :2] = lips.reshape(len(LIPS), 2)
        return FaceMesh(crop.to_picture(points), float(_sigmoid(flag).item()))


@dataclass(frozen=True, slots=True, eq=False)
class _Crop:
    """The similarity from the mesh model's square to the picture."""

    matrix: NDArray[np.float64]
    scale: float

    @classmethod
    def of(cls, region: FaceRegion) -> "_Crop":
        scale = region.size / _MESH_SIDE
        c, s = math.cos(region.angle) * scale, math.sin(region.angle) * scale
        half = _MESH_SIDE / 2
        matrix = np.array(
            [[c, -s, region.x - (c - s) * half], [s, c, region.y - (s + c) * half]], np.float64
        )
        return cls(matrix, scale)

    def to_picture(self, points: _Floats) -> _Floats:
        (xx, xy, x0), (yx, yy, y0) = self.matrix.tolist()
        turn = np.array([[xx, yx, 0], [xy, yy, 0], [0, 0, self.scale]], np.float32)
        return points @ turn + np.array([x0, y0, 0], np.float32)


def _session(name: str) -> Any:  # noqa: ANN401 - onnxruntime ships no types
    try:
        import onnxruntime  # noqa: PLC0415 - loaded only when an engine is
    except ImportError as error:
        raise EngineUnavailableError(
            "face landmarks need onnxruntime: install polylip[worker]"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = (files("engines.face") / "models" / name).read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _anchors() -> _Floats:
    """Centres of the detector's 896 anchors, 0..1: two at stride 8, six at stride 16."""
    grids = []
    for stride, repeats in ((8, 2), (16, 6)):
        side = _DETECTOR_SIDE // stride
        x, y = np.meshgrid(np.arange(side), np.arange(side))
        centres = (np.stack([x, y], -1).reshape(-1, 2) + 0.5) / side
        grids.append(np.repeat(centres, repeats, 0))
    return np.concatenate(grids).astype(np.float32)


def _letterbox(picture: Picture) -> tuple[_Floats, float, int, int]:
    """The picture centred in the detector's square, RGB in -1..1; its scale and margins."""
    height, width = picture.shape[:2]
    scale = _DETECTOR_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    left, top = (_DETECTOR_SIDE - size[0]) // 2, (_DETECTOR_SIDE - size[1]) // 2
    box = np.zeros((1, _DETECTOR_SIDE, _DETECTOR_SIDE, 3), np.float32)
    box[0, top : top + size[1], left : left + size[0]] = small[:, :, ::-1] * (2 / 255) - 1
    return box, scale, left, top


def _merge(raw: _Floats, scores: _Floats) -> list[tuple[float, _Floats]]:
    """Blend overlapping detections by score (Blazeface's replacement for suppression)."""
    low, high = raw[:, 0] - raw[:, 1] / 2, raw[:, 0] + raw[:, 1] / 2
    area = np.prod(high - low, 1)
    free = np.ones(len(raw), bool)
    merged = []
    for best in np.argsort(-scores):
        if not free[best]:
            continue
        sides = np.clip(np.minimum(high, high[best]) - np.maximum(low, low[best]), 0, None)
        shared = sides.prod(1)
        same = free & (shared / (area + area[best] - shared + 1e-9) > _SAME_FACE)
        same[best] = True
        free &= ~same
        weights = scores[same, None, None]
        merged.append((float(scores[best]), (raw[same] * weights).sum(0) / weights.sum()))
    return merged


def _sigmoid(x: _Floats) -> _Floats:
    return (1 / (1 + np.exp(-np.clip(x, -80, 80)))).astype(np.float32)
