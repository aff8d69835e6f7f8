"""The visible mark of altered pictures (EU AI Act, Article 50): "AI-translated" in a corner."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_worker.items import Planes
from edge_worker.rvp.picture import PlaneViews

TEXT: Final = "AI-translated"
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_HEIGHT_SHARE: Final = 1 / 22
_MIN_HEIGHT: Final = 14
_BACK_LUMA: Final = 40
_TEXT_LUMA: Final = 225
_BACK_SHARE: Final = 0.55  # how much of the picture the plate hides
_NEUTRAL_CHROMA: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class _Plate:
    left: int
    top: int
    luma: NDArray[np.float32]
    """What is added, shape (h, w)."""
    keep: NDArray[np.float32]
    """How much of the picture stays."""


def with_label(planes: Planes, text: str = TEXT) -> Planes:
    """A copy of the picture with ``text`` on a dim plate in the lower left corner."""
    marked = planes.copy()
    views = PlaneViews.of(marked)
    plate = _plate(planes.shape[1], planes.shape[0] * 2 // 3, text)
    height, width = plate.luma.shape
    across, down = slice(plate.left, plate.left + width), slice(plate.top, plate.top + height)
    views.y[down, across] = (views.y[down, across] * plate.keep + plate.luma).astype(np.uint8)
    half = (
        slice(plate.top // 2, (plate.top + height) // 2),
        slice(plate.left // 2, (plate.left + width) // 2),
    )
    keep = plate.keep[::2, ::2]
    for chroma in (views.u, views.v):
        chroma[half] = (chroma[half] * keep + _NEUTRAL_CHROMA * (1 - keep)).astype(np.uint8)
    return marked


@lru_cache(maxsize=16)
def _plate(width: int, height: int, text: str) -> _Plate:
    line = max(_MIN_HEIGHT, round(height * _HEIGHT_SHARE))
    scale = 0.5 * line / cv2.getTextSize("A", _FONT, 1.0, 1)[0][1]
    (text_width, _), _ = cv2.getTextSize(text, _FONT, scale, 1)
    plate_width = min(width, text_width + line) & ~1
    plate_height = min(height, line + line // 3) & ~1
    ink: NDArray[np.uint8] = np.zeros((plate_height, plate_width), np.uint8)
    at = (line // 2, (plate_height + round(0.5 * line)) // 2)
    cv2.putText(ink, text, at, _FONT, scale, 255, 1, cv2.LINE_AA)
    drawn = ink.astype(np.float32) / 255
    keep = (1 - _BACK_SHARE) * (1 - drawn)
    luma = _BACK_SHARE * _BACK_LUMA * (1 - drawn) + _TEXT_LUMA * drawn
    margin = (line // 2) & ~1
    left = min(margin, width - plate_width) & ~1
    top = max(0, height - plate_height - margin) & ~1
    return _Plate(left, top, luma.astype(np.float32), keep.astype(np.float32))
