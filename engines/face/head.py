"""The head as a rigid body: its canonical shape, and its pose from landmarks.

Head coordinates are in inter-ocular distances (IOD, outer eye corner to outer eye corner), with
the axes of the picture: x to the right, y down, z away from the camera.
"""

import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from engines.face.topology import FACE_OVAL, LEFT_EYE_OUTER, LIPS, NOSE_BASE, RIGHT_EYE_OUTER

Points = NDArray[np.float32]

_BELOW_NOSE = 0.12  # IOD; what lies higher moves with the skull, not with the jaw


@dataclass(frozen=True, slots=True, eq=False)
class CanonicalHead:
    """MediaPipe's canonical face model."""

    points: Points
    """Shape (468, 3), origin at the nose base."""
    triangles: NDArray[np.intp]
    """Shape (898, 3)."""
    rigid_mean: Points
    """Of the points that move with the skull whatever the mouth does."""
    rigid_fit: Points
    """Shape (4, 468): three rows of the rigid points from their mean, one that takes the mean."""
    rigid_power: float
    """Sum of the squares of the rigid points from their mean."""


@cache
def canonical_head() -> CanonicalHead:
    """The canonical head, read once."""
    path = files("engines.face") / "models" / "canonical_face.npz"
    with path.open("rb") as file, np.load(file) as stored:
        points = stored["vertices"].astype(np.float32)
        triangles = stored["triangles"].astype(np.intp)
    points = points - points[NOSE_BASE]
    loose = np.union1d(FACE_OVAL, LIPS)
    rigid = np.setdiff1d(np.flatnonzero(points[:, 1] < -_BELOW_NOSE), loose)
    mean = points[rigid].mean(0)
    spread = points[rigid] - mean
    fit = np.zeros((4, len(points)), np.float32)
    fit[:3, rigid] = spread.T
    fit[3, rigid] = 1 / len(rigid)
    return CanonicalHead(points, triangles, mean, fit, float(np.square(spread).sum()))


@dataclass(frozen=True, slots=True, eq=False)
class HeadPose:
    """Weak perspective: picture = scale * rotation @ head + shift."""

    rotation: NDArray[np.float32]
    """Shape (3, 3)."""
    scale: float
    """Pixels per IOD."""
    shift: NDArray[np.float32]
    """Shape (3,), pixels."""

    def to_head(self, points: Points) -> Points:
        """Picture points, shape (n, 3), in head coordinates."""
        return ((points - self.shift) @ self.rotation / self.scale).astype(np.float32, copy=False)

    def to_picture(self, points: Points) -> Points:
        """Head points, shape (n, 3), in the picture."""
        placed = self.scale * points @ self.rotation.T + self.shift
        return placed.astype(np.float32, copy=False)

    @property
    def angles(self) -> tuple[float, float, float]:
        """Yaw, pitch and roll in degrees; all 0 when the face looks into the camera."""
        (r00, _, r02), (r10, _, r12), (_, _, r22) = self.rotation.tolist()
        yaw = math.atan2(r02, r22)
        pitch = math.asin(-max(-1.0, min(1.0, r12)))
        roll = math.atan2(r10, r00)
        return math.degrees(yaw), math.degrees(pitch), math.degrees(roll)


def fit_pose(points: Points) -> HeadPose:
    """Fit the canonical head to landmarks, shape (468, 3), on the points that no mouth moves.

    Least squares after Umeyama, "Least-squares estimation of transformation parameters between
    two point patterns", PAMI 1991.
    """
    head = canonical_head()
    seen = head.rigid_fit @ points
    covariance = seen[:3].T
    u, singular, vt = np.linalg.svd(covariance)
    if np.linalg.det(covariance) < 0:
        u[:, 2] *= -1
        singular[2] *= -1
    rotation = u @ vt
    scale = float(singular.sum()) / head.rigid_power
    shift = seen[3] - scale * rotation @ head.rigid_mean
    return HeadPose(rotation, scale, shift.astype(np.float32, copy=False))


def inter_ocular_px(points: Points) -> float:
    """Distance of the outer eye corners in pixels."""
    return math.dist(points[LEFT_EYE_OUTER, :2].tolist(), points[RIGHT_EYE_OUTER, :2].tolist())
