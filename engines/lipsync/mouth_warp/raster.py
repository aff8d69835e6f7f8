"""Piecewise affine image warping through one id map and one ``cv2.remap``."""

import math
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
        # One row per axis: numpy reduces along contiguous memory many times faster.
        plane = np.ascontiguousarray(points.T)
        (left, top), (right, bottom) = plane.min(1).tolist(), plane.max(1).tolist()
        x, y = max(0, math.floor(left) - margin), max(0, math.floor(top) - margin)
        end_x = min(shape[1], math.ceil(right) + margin + 1)
        end_y = min(shape[0], math.ceil(bottom) + margin + 1)
        return cls(x, y, max(0, end_x - x), max(0, end_y - y))

    @property
    def empty(self) -> bool:
        """True if it holds no pixel."""
        return self.width == 0 or self.height == 0

    @property
    def origin(self) -> _Floats:
        """Its first pixel, shape (2,)."""
        return np.array([self.x, self.y], np.float32)

    def within(self, other: "Area") -> "Area":
        """The part of this area that the other one shares."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        right = min(self.x + self.width, other.x + other.width)
        bottom = min(self.y + self.height, other.y + other.height)
        return Area(x, y, max(0, right - x), max(0, bottom - y))

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
        corners = (vertices - area.origin)[triangles]
        ids = np.zeros((area.height, area.width), np.int16)
        fixed = np.rint(corners * 16).astype(np.int32)
        thick = np.flatnonzero(_thickness(corners) > _THINNEST)
        draw, line = cv2.fillConvexPoly, cv2.LINE_8
        for place, triangle in zip((thick + 1).tolist(), fixed[thick], strict=True):
            draw(ids, triangle, place, line, 4)
        return cls(area, ids, corners)

    def part(self, area: Area) -> "Raster":
        """What covers a smaller area within this one."""
        left, top = area.x - self.area.x, area.y - self.area.y
        ids = self.ids[top : top + area.height, left : left + area.width]
        return Raster(area, ids, self.corners - np.array([left, top], np.float32))

    def warp(self, picture: _Pixels, origins: _Floats) -> _Pixels:
        """The area's pixels taken from ``picture``.

        Args:
            picture: where to take them from; a pixel of no triangle comes from the place that it
                has in the area.
            origins: shape (m, 3, 2), where each triangle's corners lie in ``picture``.
        """
        ids = self.ids.astype(np.intp)
        by_x, by_y, place = (
            # One gather moves x and y together; they stay neighbours along long rows.
            pairs.view(np.float64)[:, 0].take(ids, mode="clip").view(np.float32)
            for pairs in self._affines(origins)
        )
        by_x *= np.repeat(np.arange(self.area.width, dtype=np.float32), 2)
        by_y *= np.arange(self.area.height, dtype=np.float32)[:, None]
        place += by_x
        place += by_y
        # OpenCV bends four channels in half the time of three.
        warped = cv2.remap(  # type: ignore[call-overload]  # the stubs miss that one map can do
            cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA),
            place.reshape(*ids.shape, 2),
            None,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR), dtype=np.uint8)

    def _affines(self, origins: _Floats) -> _Floats:
        """Shape (3, m + 1, 2): step per column, step per row and start of every id's map."""
        to = self.corners
        e1, e2 = to[:, 1] - to[:, 0], to[:, 2] - to[:, 0]
        f1, f2 = origins[:, 1] - origins[:, 0], origins[:, 2] - origins[:, 0]
        area = e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0]
        flat = np.abs(area) < 1e-3  # covers no pixel; keep the numbers finite
        area[flat] = np.inf
        e1 /= area[:, None]
        e2 /= area[:, None]
        affines = np.empty((3, len(origins) + 1, 2), np.float32)
        affines[:, 0] = (1, 0), (0, 1), (0, 0)
        by_x, by_y, start = affines[:, 1:]
        np.subtract(f1 * e2[:, 1:], f2 * e1[:, 1:], out=by_x)
        np.subtract(f2 * e1[:, :1], f1 * e2[:, :1], out=by_y)
        np.subtract(origins[:, 0], by_x * to[:, 0, :1], out=start)
        start -= by_y * to[:, 0, 1:]
        return affines


def _thickness(corners: _Floats) -> _Floats:
    """Shortest height of each triangle."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    e1, e2, e3 = b - a, c - a, c - b
    area = np.abs(e1[:, 0] * e2[:, 1] - e1[:, 1] * e2[:, 0])
    lengths = [e[:, 0] * e[:, 0] + e[:, 1] * e[:, 1] for e in (e1, e2, e3)]
    longest = np.maximum(np.maximum(lengths[0], lengths[1]), lengths[2])
    return np.asarray(area / np.sqrt(np.maximum(longest, 1e-6)), dtype=np.float32)
