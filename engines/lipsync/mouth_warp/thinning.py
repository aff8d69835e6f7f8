"""Fewer triangles for skin that moves smoothly: each one drawn costs as much as any other."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.floating]
_Indices = NDArray[np.intp]
_Triangle = tuple[int, int, int]

_SLIMMEST: Final = 0.32  # of an equilateral triangle's shape, 1; slimmer ones bend pixels badly
_LONGEST: Final = 0.35  # IOD; a longer edge would cut the curve of the field


def thinned(triangles: _Indices, plane: _Floats, *, keep: _Indices) -> _Indices:
    """The mesh with points merged into their neighbours where the triangles stay well shaped.

    Half-edge collapse (Hoppe, "Progressive meshes", SIGGRAPH 1996). The outline stays.

    Args:
        triangles: shape (m, 3).
        plane: shape (n, 2), the points.
        keep: points that stay.
    """
    mesh: list[_Triangle] = [(int(a), int(b), int(c)) for a, b, c in triangles]
    fixed = set(keep.tolist()) | _outline(mesh)
    loose = sorted(set(triangles.reshape(-1).tolist()) - fixed)
    for point in loose:
        around = [t for t in mesh if point in t]
        merged = [_merged(around, point, other) for other in _others(around, point)]
        shapes = [_worst(candidate, plane) for candidate in merged]
        best = int(np.argmax(shapes))
        if shapes[best] >= _SLIMMEST:
            mesh = [t for t in mesh if point not in t] + merged[best]
    return np.array(mesh, dtype=np.intp)


def _outline(mesh: Iterable[_Triangle]) -> set[int]:
    """Points on edges of one triangle only."""
    edges: dict[tuple[int, int], int] = {}
    for a, b, c in mesh:
        for edge in ((a, b), (b, c), (c, a)):
            key = (min(edge), max(edge))
            edges[key] = edges.get(key, 0) + 1
    return {point for edge, count in edges.items() if count == 1 for point in edge}


def _others(around: Iterable[_Triangle], point: int) -> list[int]:
    return sorted({p for t in around for p in t} - {point})


def _merged(around: Iterable[_Triangle], point: int, other: int) -> list[_Triangle]:
    """The triangles around ``point`` once it is moved onto ``other``."""
    return [
        (
            other if t[0] == point else t[0],
            other if t[1] == point else t[1],
            other if t[2] == point else t[2],
        )
        for t in around
        if other not in t
    ]


def _worst(triangles: list[_Triangle], plane: _Floats) -> float:
    """Shape of the worst triangle: 1 for an equilateral one, negative if any is turned over."""
    a, b, c = (plane[[t[k] for t in triangles]] for k in range(3))
    e1, e2, e3 = b - a, c - a, c - b
    area = e1[:, 1] * e2[:, 0] - e1[:, 0] * e2[:, 1]  # the canonical mesh turns this way
    squares = np.stack([np.square(e).sum(1) for e in (e1, e2, e3)])
    if float(squares.max()) > _LONGEST**2:
        return -1.0
    return float((2 * np.sqrt(3) * area / squares.sum(0)).min())
