"""Piecewise affine image warping through one id map and one ``cv2.remap``."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float32]
_Pixels = NDArray[np.uint8]

# Pixels; a thinner triangle covers pixels beyond its edges, where its map shoots far off.
_THINNEST: Final = 0.6


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of pixels."""

    x: int
    y: int
    width: int
    height: int

    @classmethod
    def around(cls, points: _Floats, margin: int, shape: tuple[int, ...]) -> "Area":
        """The rectangle around ``points``, shape (n, 2), clipped to a picture of ``shape``."""
        low = np.floor(points.min(0)).astype(int) - margin
        high = np.ceil(points.max(0)).astype(int) + margin + 1
        x, y = max(0, int(low[0])), max(0, int(low[1]))
        right, bottom = min(shape[1], int(high[0])), min(shape[0], int(high[1]))
        return cls(x, y, max(0, right - x), max(0, bottom - y))

    @property
    def empty(self) -> bool:
        """True if it holds no pixel."""
        return self.width == 0 or self.height == 0

    def of(self, picture: _Pixels) -> _Pixels:
        """This part of ``picture``, as a view."""
        return picture[self.y : self.y + self.height, self.x : self.x + self.width]


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """Which triangle covers each pixel of an area; pixels of none stay where they are."""

    area: Area
    ids: NDArray[np.int16]
    """Shape (height, width): 0 for none, else the triangle's place + 1."""
    corners: _Floats
    """Shape (m, 3, 2), in the area's pixels."""

    @classmethod
    def of(cls, vertices: _Floats, triangles: NDArray[np.intp], area: Area) -> "Raster":
        """Draw the triangles; later ones lie on top."""
        corners = vertices[triangles] - np.array([area.x, area.y], np.float32)
        ids = np.zeros((area.height, area.width), np.int16)
        fixed = np.round(corners * 16).astype(np.int32)
        thick = np.flatnonzero(_thickness(corners) > _THINNEST)
        for place, triangle in zip((thick + 1).tolist(), fixed[thick], strict=True):
            cv2.fillConvexPoly(ids, triangle, place, cv2.LINE_8, 4)
        return cls(area, ids, corners)

    def warp(self, picture: _Pixels, origins: _Floats) -> _Pixels:
        """The area's pixels taken from ``picture``.

        Args:
            picture: where to take them from.
            origins: shape (m, 3, 2), where each triangle's corners lie in ``picture``.
        """
        affine = np.empty((len(origins) + 1, 6), np.float32)
        affine[0] = (1, 0, self.area.x, 0, 1, self.area.y)
        affine[1:] = _affines(self.corners, origins)
        x = np.arange(self.area.width, dtype=np.float32)[None, :]
        y = np.arange(self.area.height, dtype=np.float32)[:, None]
        xx, xy, x0, yx, yy, y0 = (np.take(column, self.ids) for column in affine.T.copy())
        from_x = xx * x + xy * y + x0
        from_y = yx * x + yy * y + y0
        warped = cv2.remap(
            picture, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(warped, dtype=np.uint8)


def _thickness(corners: _Floats) -> _Floats:
    """Shortest height of each triangle."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    e1, e2, e3 = b - a, c - a, c - b
    area = np.abs(e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0])
    lengths = [e[:, 0] * e[:, 0] + e[:, 1] * e[:, 1] for e in (e1, e2, e3)]
    longest = np.maximum(np.maximum(lengths[0], lengths[1]), lengths[2])
    return np.asarray(area / np.sqrt(np.maximum(longest, 1e-6)), dtype=np.float32)


def _affines(to: _Floats, origins: _Floats) -> _Floats:
    """Shape (m, 6): the affine maps that take triangles ``to`` onto ``origins``."""
    e1, e2 = to[:, 1] - to[:, 0], to[:, 2] - to[:, 0]
    f1, f2 = origins[:, 1] - origins[:, 0], origins[:, 2] - origins[:, 0]
    area = e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0]
    flat = np.abs(area) < 1e-3  # covers no pixel; keep the numbers finite
    scale = np.where(flat, 0, 1 / np.where(flat, 1, area))[:, None]
    x_step = (f1 * e2[:, 1:] - f2 * e1[:, 1:]) * scale
    y_step = (f2 * e1[:, :1] - f1 * e2[:, :1]) * scale
    start = origins[:, 0] - x_step * to[:, 0, :1] - y_step * to[:, 0, 1:]
    return np.stack(
        [x_step[:, 0], y_step[:, 0], start[:, 0], x_step[:, 1], y_step[:, 1], start[:, 1]], 1
    )
