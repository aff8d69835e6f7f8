"""How a movement of lips and jaw spreads over the lower face: a smooth mesh deformation.

The lips and the jaw are driven, the upper face, the outline and a ring on the neck stay; every
point between follows by a blend of the harmonic and the biharmonic equation on the mesh (Joshi et
al., "Harmonic coordinates for character articulation", SIGGRAPH 2007; Botsch and Kobbelt, 2004),
solved once as a matrix.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engines.face.head import canonical_head
from engines.face.topology import (
    FACE_OVAL,
    INNER_RING,
    LIPS,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    POINTS,
    RING_LOWER,
    RING_UPPER,
)
from engines.lipsync.mouth_warp.thinning import thinned

_Floats = NDArray[np.float32]
_Indices = NDArray[np.intp]

_BIHARMONIC: Final = 0.65  # the rest is harmonic
_NECK_REACH: Final = 0.40  # the neck ring's distance beyond the outline, in outline radii
_STILL: Final = 0.02  # a point that follows its drivers by less than this stays
_CHIN_PLACE: Final = 18  # of the chin in FACE_OVAL
_SIDE: Final = 9  # outline points on each side of the chin

# How far each point follows the jaw: 1 moves with the chin.
_JAW: Final[dict[int, float]] = {
    152: 1.0, 175: 1.0, 199: 1.0, 200: 0.98,
    148: 0.95, 377: 0.95, 171: 0.97, 396: 0.97, 208: 0.95, 428: 0.95, 201: 0.97, 421: 0.97,
    83: 0.95, 313: 0.95, 32: 0.9, 262: 0.9, 194: 0.9, 418: 0.9, 140: 0.86, 369: 0.86,
    176: 0.85, 400: 0.85, 211: 0.75, 431: 0.75, 170: 0.7, 395: 0.7, 149: 0.68, 378: 0.68,
    169: 0.5, 394: 0.5, 150: 0.48, 379: 0.48, 135: 0.3, 364: 0.3, 136: 0.28, 365: 0.28,
    172: 0.1, 397: 0.1,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class LowerFace:
    """The part of the mesh that a speaking mouth moves: 468 landmarks and a ring on the neck."""

    triangles: _Indices
    """Shape (m, 3): first those that span the gap between the lips, then skin and lips."""
    touched: _Indices
    """Every vertex of these triangles: outside them no pixel changes."""
    jaw: _Indices
    jaw_weights: _Floats
    _neck: _Indices
    _free: _Indices
    _influence: _Floats

    @property
    def count(self) -> int:
        """Number of vertices."""
        return POINTS + len(self._neck)

    def vertices(self, points: _Floats) -> _Floats:
        """All vertices in the picture, shape (n, 2), for landmarks of shape (468, 3)."""
        flat = points[:, :2]
        middle = flat[[MOUTH_RIGHT, MOUTH_LEFT]].mean(0)
        outline = flat[self._neck]
        neck = outline + _NECK_REACH * (outline - middle)
        return np.concatenate([flat, neck]).astype(np.float32, copy=False)

    def spread(self, lips: _Floats, jaw: _Floats) -> _Floats:
        """Movement of every vertex, for movements of ``LIPS``, (80, 2), and ``jaw``, (k, 2)."""
        moves = np.zeros((self.count, 2), np.float32)
        moves[LIPS] = lips
        moves[self.jaw] = jaw
        moves[self._free] = self._influence @ np.concatenate([lips, jaw])
        return moves


@cache
def lower_face() -> LowerFace:
    """The mesh, solved once."""
    head = canonical_head()
    low = head.points[:, 1]
    neck = FACE_OVAL[_CHIN_PLACE - _SIDE : _CHIN_PLACE + _SIDE + 1]
    ring = POINTS + np.arange(len(neck))
    between = _strip(neck, ring)
    upper, lower = INNER_RING[RING_UPPER], INNER_RING[RING_LOWER]
    mouth = _gap(upper, lower)
    skin = _without(head.triangles, mouth_points=np.union1d(upper, lower))
    triangles = np.concatenate([skin, between])

    jaw = np.array(list(_JAW), dtype=np.intp)
    driven = np.concatenate([LIPS, jaw])
    still = np.setdiff1d(np.union1d(np.flatnonzero(low < 0.02), FACE_OVAL), np.union1d(LIPS, jaw))
    free = np.setdiff1d(np.arange(POINTS), np.union1d(still, driven))
    plane = np.concatenate([head.points[:, :2], head.points[neck, :2] + [0, 0.35]])
    influence = _solve(plane, triangles, free, driven)

    moving = np.union1d(driven, free[np.abs(influence).sum(1) > _STILL])
    pulled = np.isin(triangles, moving).any(1)
    weights = np.array(list(_JAW.values()), dtype=np.float32)
    near = np.unique(triangles[np.isin(triangles, LIPS).any(1)])
    drawn = np.concatenate([mouth, thinned(triangles[pulled], plane, keep=near)])
    return LowerFace(drawn, np.unique(drawn), jaw, weights, neck, free, influence)


def _strip(inside: _Indices, outside: _Indices) -> _Indices:
    a, b = inside[:-1], inside[1:]
    c, d = outside[:-1], outside[1:]
    return np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])


def _gap(upper: _Indices, lower: _Indices) -> _Indices:
    """Triangles between two lip edges that share both corners."""
    first = np.stack([upper[1:-1], lower[1:-1], upper[2:]], 1)
    second = np.stack([lower[:-2], lower[1:-1], upper[1:-1]], 1)
    return np.concatenate([first, second])


def _without(triangles: _Indices, *, mouth_points: _Indices) -> _Indices:
    """Leave out the triangles that close the canonical mouth."""
    return triangles[~np.isin(triangles, mouth_points).all(1)]


def _solve(
    plane: NDArray[np.floating], triangles: _Indices, free: _Indices, driven: _Indices
) -> _Floats:
    weights = np.zeros((len(plane), len(plane)))
    for a, b in ((0, 1), (1, 2), (2, 0)):
        i, j = triangles[:, a], triangles[:, b]
        near = 1 / np.maximum(np.linalg.norm(plane[i] - plane[j], axis=1), 0.02)
        np.add.at(weights, (i, j), near)
        np.add.at(weights, (j, i), near)
    diagonal = np.maximum(weights.sum(1), 1e-9)
    harmonic = np.diag(diagonal) - weights
    biharmonic = harmonic @ np.diag(1 / diagonal) @ harmonic
    system = (1 - _BIHARMONIC) * harmonic / diagonal.mean() + _BIHARMONIC * (
        biharmonic / np.diag(biharmonic).mean()
    )
    influence = -np.linalg.solve(system[np.ix_(free, free)], system[np.ix_(free, driven)])
    return np.asarray(influence, dtype=np.float32)
