"""Faces: detection and landmarks."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""BGR, shape (height, width, 3)."""


@dataclass(frozen=True, slots=True)
class FaceRegion:
    """A rotated square around a face, in pixels."""

    x: float
    """Centre."""
    y: float
    size: float
    angle: float
    """Radians, clockwise in the picture."""
    score: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class FaceMesh:
    """Landmarks of one face."""

    points: NDArray[np.float32]
    """Shape (468, 3): x, y in pixels, z in the same scale; the MediaPipe topology."""
    score: float
    """How sure the model is that this is a face, 0..1; says nothing about occlusion."""

    def moved(self, x: float, y: float) -> "FaceMesh":
        """The same face, ``x`` pixels further right and ``y`` further down."""
        return FaceMesh(self.points + np.array([x, y, 0], np.float32), self.score)


class FaceLandmarker(Protocol):
    """A loaded face detector and mesh model."""

    def detect(self, picture: Picture) -> list[FaceRegion]:
        """Faces in the picture, largest first."""
        ...

    def mesh(self, picture: Picture, region: FaceRegion) -> FaceMesh:
        """Landmarks of the face within ``region``."""
        ...
