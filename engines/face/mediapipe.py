"""MediaPipe's face detectors and attention mesh (Grishchenko et al. 2020) on onnxruntime.

The models' origin and conversion are told in ``models/README.md``.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import FaceMesh, FaceRegion, Picture
from engines.face.blazeface import FULL, SHORT, BlazeFace
from engines.face.model import Floats, load_model, sigmoid
from engines.face.topology import LIPS, POINTS

_MESH: Final = "face_attention_lips.onnx"
_MESH_SIDE: Final = 192
_BGR_TO_RGB: Final = (2, 0, 1, 1, 0, 2)  # pairs of a channel's place before and after
_SAME_PLACE: Final = 0.3  # distance of two centres over the larger region's side


class MediaPipeFace:
    """Loaded face detectors and mesh model; one instance serves one thread at a time.

    Raises:
        EngineUnavailableError: onnxruntime is missing.
    """

    def __init__(self) -> None:
        self._detectors = (BlazeFace(SHORT), BlazeFace(FULL))
        self._mesh = load_model(_MESH)
        self._rgb = np.empty((1, 3, _MESH_SIDE, _MESH_SIDE), np.uint8)
        self._pixels = np.empty((1, 3, _MESH_SIDE, _MESH_SIDE), np.float32)

    def detect(self, picture: Picture) -> list[FaceRegion]:
        """Faces, largest first: from a fourteenth of the picture's longer side to all of it."""
        found: list[FaceRegion] = []
        for detector in self._detectors:
            for region in detector.detect(picture):
                if not any(_same_face(region, known) for known in found):
                    found.append(region)
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
        cv2.mixChannels([square], list(self._rgb[0]), _BGR_TO_RGB)
        np.multiply(self._rgb, np.float32(1 / 255), out=self._pixels)
        mesh, lips, flag = self._mesh.run(None, {"input_1": self._pixels})
        points: Floats = mesh.reshape(POINTS, 3).copy()
        points[LIPS, :2] = lips.reshape(len(LIPS), 2)
        return FaceMesh(crop.to_picture(points), float(sigmoid(flag).item()))


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

    def to_picture(self, points: Floats) -> Floats:
        (xx, xy, x0), (yx, yy, y0) = self.matrix.tolist()
        turn = np.array([[xx, yx, 0], [xy, yy, 0], [0, 0, self.scale]], np.float32)
        return points @ turn + np.array([x0, y0, 0], np.float32)


def _same_face(one: FaceRegion, other: FaceRegion) -> bool:
    apart = math.hypot(one.x - other.x, one.y - other.y)
    return apart < _SAME_PLACE * max(one.size, other.size)
