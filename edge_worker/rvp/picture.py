"""Between I420 planes (limited range, BT.601) and BGR pictures, whole or in part."""

import math
from dataclasses import dataclass
from typing import Final

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


_FINE: Final = 0.018  # IOD; half of a closed mouth's line
_COARSE: Final = 0.05  # IOD; pores and wrinkles vanish
_BLACK: Final = np.float32(16)
_GREY: Final = np.float32(128)


@dataclass(frozen=True, slots=True, eq=False)
class FacePlanes:
    """What a face's colours are read from, smoothed; places are pixels of the whole picture."""

    luma: NDArray[np.uint8]
    """Brightness as filmed."""
    coarse: NDArray[np.float32]
    """Brightness, smooth at the scale of skin."""
    blue: NDArray[np.float32]
    """Cb, half as wide and high, smooth at the scale of skin."""
    red: NDArray[np.float32]
    """Cr, likewise."""
    left: int
    top: int
    iod_px: float

    @classmethod
    def of(cls, planes: Planes, box: Box, iod_px: float) -> "FacePlanes":
        """Cut out ``box`` (even edges, within the picture, not empty)."""
        views, half = PlaneViews.of(planes), _halved(box)
        luma = views.y[box.top : box.bottom, box.left : box.right]
        reach = max(1, round(_COARSE * iod_px))
        return cls(
            luma=luma,
            coarse=_averaged(luma, reach),
            blue=_averaged(views.u[half], max(1, reach // 2)),
            red=_averaged(views.v[half], max(1, reach // 2)),
            left=box.left,
            top=box.top,
            iod_px=iod_px,
        )

    def fine_at(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Brightness above black at ``places``, shape (n, 2), as (n,).

        Smooth at the scale of a lip's line. Smoothed anew at each call: seldom asked for.
        """
        luma = self.luma.astype(np.float32)
        fine = _array(cv2.GaussianBlur(luma, (0, 0), max(0.6, _FINE * self.iod_px)))
        return _sampled(fine, places - np.array([self.left, self.top], np.float32)) - _BLACK

    def coarse_at(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Brightness above black at ``places``, smooth at the scale of skin."""
        return _sampled(self.coarse, places - np.array([self.left, self.top], np.float32)) - _BLACK

    def colours_at(self, places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Blue and red above grey at ``places``, shape (n, 2)."""
        # A sample of colour lies between two of brightness.
        half = (places - np.array([self.left + 0.5, self.top + 0.5], np.float32)) * np.float32(0.5)
        return np.stack([_sampled(self.blue, half), _sampled(self.red, half)], -1) - _GREY


def _averaged(plane: NDArray[np.uint8], reach: int) -> NDArray[np.float32]:
    side = (2 * reach + 1, 2 * reach + 1)
    return _array(cv2.boxFilter(plane, cv2.CV_32F, side, borderType=cv2.BORDER_REPLICATE))


def _sampled(plane: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    x, y = np.ascontiguousarray(places.T, np.float32)[..., None]
    edge = cv2.BORDER_REPLICATE
    return _array(cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=edge))[:, 0]


def _array(values: object) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)


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
