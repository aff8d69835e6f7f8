"""Between I420 planes (limited range, BT.601) and BGR pictures, whole or in part."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_worker.items import Planes
from engines.face import FaceMesh, FaceRegion, Picture
from engines.face.region import MARGIN


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels; ``right`` and ``bottom`` are the first ones outside."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around_region(cls, region: FaceRegion) -> "Box":
        """The upright rectangle around a rotated square, with a pixel to spare."""
        turned = abs(math.cos(region.angle)) + abs(math.sin(region.angle))
        half = region.size * turned / 2 + 1
        return cls._spanning(region.x - half, region.y - half, region.x + half, region.y + half)

    @classmethod
    def around_face(cls, mesh: FaceMesh) -> "Box":
        """A face with as much around it as the landmark model sees."""
        # One row per axis: numpy reduces along contiguous memory many times faster.
        plane = np.ascontiguousarray(mesh.points[:, :2].T)
        left, top = plane.min(1).tolist()
        right, bottom = plane.max(1).tolist()
        margin = (MARGIN - 1) / 2 * max(right - left, bottom - top)
        return cls._spanning(left - margin, top - margin, right + margin, bottom + margin)

    @classmethod
    def _spanning(cls, left: float, top: float, right: float, bottom: float) -> "Box":
        return cls(math.floor(left), math.floor(top), math.ceil(right) + 1, math.ceil(bottom) + 1)

    @property
    def empty(self) -> bool:
        """True if no pixel is inside."""
        return self.right <= self.left or self.bottom <= self.top

    def moved(self, x: int, y: int) -> "Box":
        """The same box, ``x`` pixels further right and ``y`` further down."""
        return Box(self.left + x, self.top + y, self.right + x, self.bottom + y)

    def even(self, width: int, height: int) -> "Box":
        """The smallest box around this one, within the picture, whose edges halve exactly."""
        return Box(
            max(0, self.left) & ~1,
            max(0, self.top) & ~1,
            min(width, (self.right + 1) & ~1),
            min(height, (self.bottom + 1) & ~1),
        )


@dataclass(frozen=True, slots=True, eq=False)
class PlaneViews:
    """Views of the three planes of one I420 picture: writing to them writes to the picture."""

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]

    @classmethod
    def of(cls, planes: Planes) -> "PlaneViews":
        """Split ``planes``, shape (height * 3 // 2, width), both even."""
        width = planes.shape[1]
        height = planes.shape[0] * 2 // 3
        quarter = height * width // 4
        flat = planes.reshape(-1)
        luma = height * width
        chroma = (height // 2, width // 2)
        return cls(
            flat[:luma].reshape(height, width),
            flat[luma : luma + quarter].reshape(chroma),
            flat[luma + quarter : luma + 2 * quarter].reshape(chroma),
        )


def to_bgr(planes: Planes, box: Box | None = None) -> Picture:
    """The pixels inside ``box`` (even edges, within the picture, not empty), or all of them."""
    part = planes if box is None else _cut(planes, box)
    return np.asarray(cv2.cvtColor(part, cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)


def _cut(planes: Planes, box: Box) -> Planes:
    """The planes of a smaller picture."""
    height, width = box.bottom - box.top, box.right - box.left
    part = np.empty((height * 3 // 2, width), np.uint8)
    source, target, half = PlaneViews.of(planes), PlaneViews.of(part), _halved(box)
    target.y[:] = source.y[box.top : box.bottom, box.left : box.right]
    target.u[:] = source.u[half]
    target.v[:] = source.v[half]
    return part


def with_patch(planes: Planes, picture: Picture, box: Box) -> Planes:
    """A copy of ``planes`` whose pixels inside ``box`` (even edges) come from ``picture``.

    ``picture`` has the size of the box. Everything outside the box stays bit-identical.
    """
    patch = np.asarray(
        cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_BGR2YUV_I420), dtype=np.uint8
    )
    source = PlaneViews.of(patch)
    altered = planes.copy()
    target = PlaneViews.of(altered)
    half = _halved(box)
    target.y[box.top : box.bottom, box.left : box.right] = source.y
    target.u[half] = source.u
    target.v[half] = source.v
    return altered


def _halved(box: Box) -> tuple[slice, slice]:
    """The box in the planes of colour."""
    return slice(box.top // 2, box.bottom // 2), slice(box.left // 2, box.right // 2)
