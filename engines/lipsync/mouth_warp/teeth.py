"""Teeth as small textures in head coordinates: upper row fixed to the skull, lower to the jaw.

A texture's origin is where the closed lips meet. Average rows are drawn for people whose own teeth
were never seen (crown widths after Wheeler's "Dental Anatomy"; one IOD is about 89 mm).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float32]

DENSITY: Final = 192
"""Texture pixels per IOD."""
HALF_WIDTH: Final = 0.34
ABOVE: Final = 0.16
BELOW: Final = 0.14
UPPER_EDGE: Final = 0.024
"""How far the upper incisors reach below the line where the lips meet."""
LOWER_EDGE: Final = 0.014
"""Where the lower incisors' edges lie with the jaw closed: behind the upper ones."""


@dataclass(frozen=True, slots=True)
class _Crown:
    width: float
    """As seen from the front."""
    step: float
    """How much its edge stands back from the central one's."""
    round: float
    """How round its edge is, 0..1."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One row of teeth."""

    texture: _Floats
    """Shape (h, w, 4), shade and cover: OpenCV bends four channels in half the time of three."""

    @classmethod
    def of(cls, shade: NDArray[np.floating], cover: NDArray[Any]) -> "Row":
        """A row from its two parts."""
        return cls(np.dstack([shade, cover]).astype(np.float32))

    @property
    def shade(self) -> _Floats:
        """Shape (h, w, 3), BGR, relative to the brightness of the person's skin."""
        return self.texture[..., :3]

    @property
    def cover(self) -> _Floats:
        """Shape (h, w), 0..1."""
        return self.texture[..., 3]

    def tinted(self, colour: NDArray[np.floating]) -> "Row":
        """The row with its shade times ``colour``, BGR."""
        return Row.of(self.shade * colour, self.cover)

    def moved(self, down: float | _Floats) -> "Row":
        """The row ``down`` IOD lower, everywhere or by column, shape (w,); its ends go on."""
        height, width = self.cover.shape
        columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
        shift = np.broadcast_to(np.asarray(down, np.float32) * DENSITY, (width,))
        map_x = np.broadcast_to(columns, (height, width)).copy()
        map_y = rows[:, None] - shift[None, :]
        moved = cv2.remap(
            self.texture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return Row(np.asarray(moved, dtype=np.float32))


_UPPER: Final = (
    _Crown(0.092, 0.0, 0.5),
    _Crown(0.070, 0.009, 0.8),
    _Crown(0.068, 0.003, 1.0),
    _Crown(0.056, 0.014, 0.8),
    _Crown(0.040, 0.020, 0.8),
)
_LOWER: Final = (
    _Crown(0.056, 0.0, 0.3),
    _Crown(0.060, 0.002, 0.4),
    _Crown(0.062, 0.000, 1.0),
    _Crown(0.054, 0.010, 0.8),
    _Crown(0.040, 0.018, 0.8),
)
# What lies in the mouth's shadow is lit by what the tongue and the cheeks reflect.
_SHADE_WARMTH: Final = np.array([1.35, 1.15, 0.9], np.float32)
_ENAMEL: Final = np.array([0.88, 0.96, 1.0], np.float32)


def grid() -> tuple[_Floats, _Floats]:
    """Head x and y of every texture pixel, each of shape (h, w)."""
    columns = np.arange(round(2 * HALF_WIDTH * DENSITY), dtype=np.float32) + 0.5
    rows = np.arange(round((ABOVE + BELOW) * DENSITY), dtype=np.float32) + 0.5
    x, y = np.meshgrid(columns / DENSITY - HALF_WIDTH, rows / DENSITY - ABOVE)
    return x.astype(np.float32), y.astype(np.float32)


@cache
def drawn_upper() -> Row:
    """An average upper row; its shade is relative to enamel in full light."""
    x, y = grid()
    return _draw(_UPPER, x, (UPPER_EDGE - y), height=0.115)


@cache
def drawn_lower() -> Row:
    """An average lower row; its shade is relative to enamel in full light."""
    x, y = grid()
    return _draw(_LOWER, x, (y - LOWER_EDGE), height=0.095)


def _draw(crowns: tuple[_Crown, ...], x: _Floats, from_edge: _Floats, *, height: float) -> Row:
    cover = np.zeros_like(x)
    light = np.zeros_like(x)
    start = 0.0
    for crown in crowns:
        for side in (-1, 1):
            middle = side * (start + crown.width / 2)
            across = (x - middle) / (crown.width / 2)
            along = (from_edge - crown.step) / height
            inside = _outline(across, along, crown, height)
            light = np.where(inside > cover, _relief(across * side, along), light)
            cover = np.maximum(cover, inside)
        start += crown.width
    # The arch turns away from the light towards the back.
    arch = 1 - 0.55 * np.clip((np.abs(x) - 0.06) / 0.24, 0, 1) ** 1.15
    shade = light[..., None] * _ENAMEL * arch[..., None] ** _SHADE_WARMTH
    return Row.of(shade, cv2.GaussianBlur(cover, (0, 0), 0.8))


def _outline(across: _Floats, along: _Floats, crown: _Crown, height: float) -> _Floats:
    """Coverage of one crown: rounded corners at the biting edge, curved at the gum."""
    rounding = crown.round * 0.20 * np.square(np.clip(np.abs(across) - 0.25, 0, None))
    lengthwise = np.minimum(along - rounding, 1 - along - 0.1 * np.square(across)) * height
    sideways = (1.0 - np.abs(across)) * crown.width / 2
    return np.asarray(
        np.clip(lengthwise * DENSITY + 0.5, 0, 1) * np.clip(sideways * DENSITY + 0.5, 0, 1),
        dtype=np.float32,
    )


def _relief(across: _Floats, along: _Floats) -> _Floats:
    """Light on one crown: darker towards gaps, gum and the thin edge, a gloss off centre."""
    form = 1 - 0.46 * np.clip(np.abs(across), 0, 1) ** 5 - 0.22 * np.clip(along, 0, 1) ** 1.3
    form -= 0.14 * np.exp(-np.square(along / 0.07))
    gloss = np.exp(-np.square((across + 0.2) / 0.4) - np.square((along - 0.3) / 0.2))
    return np.asarray(np.clip(form + 0.10 * gloss, 0, 1), dtype=np.float32)
