"""Where to look for a face whose landmarks are known."""

from typing import Final

import numpy as np

from engines.face import FaceMesh, FaceRegion
from engines.face.topology import LEFT_EYE_OUTER, RIGHT_EYE_OUTER

MARGIN: Final = 1.5
"""A region's side over the face's: what the mesh model was trained on."""


def region_of(mesh: FaceMesh) -> FaceRegion:
    """Where to look for this face in the next frame."""
    points = mesh.points[:, :2]
    eyes = points[LEFT_EYE_OUTER] - points[RIGHT_EYE_OUTER]
    angle = float(np.arctan2(eyes[1], eyes[0]))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    upright = points @ turn
    low, high = upright.min(0), upright.max(0)
    centre = (low + high) / 2 @ turn.T
    size = MARGIN * float((high - low).max())
    return FaceRegion(float(centre[0]), float(centre[1]), size, angle, mesh.score)
