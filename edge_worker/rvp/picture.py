"""Between I420 planes (limited range, BT.601) and BGR pictures, whole or in part."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_worker.items import Planes
from engines.face import Picture


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels; ``right`` and ``bottom`` are the first ones outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def empty(self) -> bool:
        """True if no pixel is inside."""
        return self.right <= self.left or self.bottom <= self.top

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


def to_bgr(planes: Planes) -> Picture:
    """The whole picture."""
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR_I420), dtype=np.uint8)


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
    target.y[box.top : box.bottom, box.left : box.right] = source.y
    half = (
        slice(box.top // 2, box.bottom // 2),
        slice(box.left // 2, box.right // 2),
    )
    target.u[half] = source.u
    target.v[half] = source.v
    return altered
