"""Where to look for a face whose landmarks are known."""

import math
from typing import Final

import numpy as np

from engines.face import FaceMesh, FaceRegion
from engines.face.topology import LEFT_EYE_OUTER, RIGHT_EYE_OUTER

MARGIN: Final = 1.5
"""A region's side over the face's: what the mesh model was trained on."""


def region_of(mesh: FaceMesh) -> FaceRegion:
    """Where to look for this face in the next frame."""
    points = mesh.points[:, :2]
    across, down = (points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]).tolist()
    angle = math.atan2(down, across)
    c, s = math.cos(angle), math.sin(angle)
    upright = np.array([[c, s], [-s, c]], np.float32) @ points.T
    left, top = upright.min(1).tolist()
    right, bottom = upright.max(1).tolist()
    x, y = (left + right) / 2, (top + bottom) / 2
    size = MARGIN * max(right - left, bottom - top)
    return FaceRegion(c * x - s * y, s * x + c * y, size, angle, mesh.score)
