"""The head as a rigid body: its canonical shape, and its pose from landmarks.

Head coordinates are in inter-ocular distances (IOD, outer eye corner to outer eye corner), with
the axes of the picture: x to the right, y down, z away from the camera.
"""

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
    rigid: NDArray[np.intp]
    """Points that move with the skull whatever the mouth does."""
    rigid_mean: Points
    rigid_spread: Points
    """The rigid points from their mean."""
    rigid_power: float
    """Sum of the squares of ``rigid_spread``."""


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
    return CanonicalHead(points, triangles, rigid, mean, spread, float(np.square(spread).sum()))


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
        r = self.rotation
        yaw = np.degrees(np.arctan2(r[0, 2], r[2, 2]))
        pitch = np.degrees(np.arcsin(-np.clip(r[1, 2], -1.0, 1.0)))
        roll = np.degrees(np.arctan2(r[1, 0], r[0, 0]))
        return float(yaw), float(pitch), float(roll)


def fit_pose(points: Points) -> HeadPose:
    """Fit the canonical head to landmarks, shape (468, 3), on the points that no mouth moves.

    Least squares after Umeyama, "Least-squares estimation of transformation parameters between
    two point patterns", PAMI 1991.
    """
    head = canonical_head()
    seen = points[head.rigid]
    seen_mean = seen.mean(0)
    u, singular, vt = np.linalg.svd(seen.T @ head.rigid_spread)
    mirrored = np.linalg.det(u) * np.linalg.det(vt) < 0
    signs = np.array([1.0, 1.0, -1.0 if mirrored else 1.0], dtype=np.float32)
    rotation = ((u * signs) @ vt).astype(np.float32)
    scale = float((singular * signs).sum()) / head.rigid_power
    shift = (seen_mean - scale * rotation @ head.rigid_mean).astype(np.float32)
    return HeadPose(rotation, scale, shift)


def inter_ocular_px(points: Points) -> float:
    """Distance of the outer eye corners in pixels."""
    return float(np.linalg.norm(points[LEFT_EYE_OUTER, :2] - points[RIGHT_EYE_OUTER, :2]))
