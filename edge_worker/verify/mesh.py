"""The first eye: inner lips of a dense landmark mesh."""

import numpy as np

from engines.face import FaceLandmarker, FaceMesh, FaceRegion, Picture
from engines.face.region import region_of
from engines.face.topology import (
    CHIN,
    LEFT_EYE_OUTER,
    LOWER_LIP_INNER,
    RIGHT_EYE_OUTER,
    UPPER_LIP_INNER,
)

MIN_IOD_PX = 25.0
"""Below this the landmarks of the lips are noise."""

_FOREHEAD = 10
_MIN_SCORE = 0.5


class MeshEye:
    """Follows the largest face by its landmark mesh, from picture to picture.

    Args:
        landmarker: finds the landmarks.
    """

    name = "landmark mesh"

    def __init__(self, landmarker: FaceLandmarker) -> None:
        self._landmarker = landmarker
        self._region: FaceRegion | None = None

    def opening(self, picture: Picture) -> float:
        """Inner-lip gap / inter-ocular distance; NaN without a usable face."""
        mesh = self._face(picture)
        self._region = region_of(mesh) if mesh is not None else None
        return opening_of(mesh) if mesh is not None else float("nan")

    def _face(self, picture: Picture) -> FaceMesh | None:
        if self._region is not None:
            mesh = self._landmarker.mesh(picture, self._region)
            if mesh.score > _MIN_SCORE:
                return mesh
        regions = self._landmarker.detect(picture)
        if not regions:
            return None
        mesh = self._landmarker.mesh(picture, regions[0])
        return mesh if mesh.score > _MIN_SCORE else None


def opening_of(mesh: FaceMesh) -> float:
    """Inner-lip gap / inter-ocular distance, NaN for a face too small to tell.

    The gap counts along the face's own vertical (forehead to chin) and the eyes' distance in
    three dimensions, so that a turned or tilted head does not read as a moving mouth.
    """
    points = mesh.points.astype(np.float64)
    left, right = points[RIGHT_EYE_OUTER], points[LEFT_EYE_OUTER]
    if np.linalg.norm((right - left)[:2]) < MIN_IOD_PX:
        return float("nan")
    down = points[CHIN, :2] - points[_FOREHEAD, :2]
    down /= np.linalg.norm(down)
    gap = (points[LOWER_LIP_INNER, :2] - points[UPPER_LIP_INNER, :2]) @ down
    return max(0.0, float(gap / np.linalg.norm(right - left)))
