"""Where lips and jaw go for a mouth shape, in head coordinates."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engines.face.topology import (
    LIPS,
    LOWER_LIP_INNER,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    RING_LOWER,
    RING_UPPER,
    UPPER_LIP_INNER,
)
from engines.lipsync import MouthShape

_Floats = NDArray[np.float32]

_RING: Final = (
    20  # points; LIPS holds the outer, the inner, the outer middle, the inner middle ring
)
_OPPOSITE: Final = 10  # the left corner's place in a ring
_JAW_SHARE: Final = 0.62  # of the opening; the lips themselves do the rest
_UPPER_SHARE: Final = 0.22
_CORNER_DROP: Final = 0.18
_TUCK_RISE: Final = 0.030  # upper lip, showing the teeth
_TUCK_GAP: Final = 0.014  # lower lip's edge below the line where the lips meet
_TUCK_ROLL: Final = 0.048  # lower lip's outline, rolling in


@dataclass(frozen=True, slots=True, eq=False)
class MouthTarget:
    """The mouth to be drawn, in head coordinates."""

    lips: _Floats
    """Shape (80, 3), in the order of ``LIPS``."""
    jaw_drop: float
    """IOD."""
    middle: _Floats
    """Shape (3,): where the closed lips meet; teeth are placed from here."""
    half_width: float
    """Of the resting mouth."""


def mouth_target(neutral: _Floats, shape: MouthShape) -> MouthTarget:
    """Lips and jaw of a person at rest, shape (468, 3), put into ``shape``."""
    rest = neutral[LIPS]
    lips = rest.copy()
    lips[:, 1] += _vertical(rest, shape)
    centre = float(neutral[MOUTH_RIGHT, 0] + neutral[MOUTH_LEFT, 0]) / 2
    lips[:, 0] = centre + (rest[:, 0] - centre) * (1 + shape.width) * (1 - 0.30 * shape.rounding)
    lips[:, 2] -= 0.05 * shape.rounding
    jaw_drop = _JAW_SHARE * shape.opening * (1 - 0.45 * shape.rounding) - 0.012 * shape.tuck
    middle = (neutral[UPPER_LIP_INNER] + neutral[LOWER_LIP_INNER]) / 2
    half_width = abs(float(neutral[MOUTH_LEFT, 0] - neutral[MOUTH_RIGHT, 0])) / 2
    return MouthTarget(lips, jaw_drop, middle, half_width)


def _vertical(rest: _Floats, shape: MouthShape) -> _Floats:
    """Movement of each lip point along y, shape (80,)."""
    right, left = rest[_RIGHT_CORNER, 0], rest[_LEFT_CORNER, 0]
    across = np.minimum(np.abs(2 * rest[:, 0] - right - left) / np.abs(left - right), 1)
    # A lens for spread lips, squarer for rounded and for smiling ones.
    bulge = 1 - across ** (2.2 + 1.3 * shape.rounding + 3.0 * max(0.0, shape.width))
    dome = 1 - np.square(across)
    upper_share = _UPPER_SHARE + 0.10 * shape.rounding
    share = np.where(_SIDE > 0, 1 - upper_share, upper_share)
    moves = _SIDE * shape.opening * share * bulge * _FOLLOWS
    moves += _SIDE * _DEPTH * (0.040 * shape.rounding - 0.028 * shape.press) * dome
    moves += shape.tuck * _TUCK * dome
    corner_drop = _CORNER_DROP * shape.opening * (1 - 0.5 * shape.rounding)
    return np.where(_SIDE == 0, corner_drop, moves).astype(np.float32, copy=False)


def _per_ring(outer: float, inner: float, outer_middle: float, inner_middle: float) -> _Floats:
    return np.repeat(np.array([outer, inner, outer_middle, inner_middle], np.float32), _RING)


def _sides() -> _Floats:
    """1 for points of the lower lip, -1 for the upper one, 0 for the corners."""
    side = np.zeros(_RING, np.float32)
    side[RING_LOWER[1:-1]] = 1
    side[RING_UPPER[1:-1]] = -1
    return np.tile(side, len(LIPS) // _RING)


_SIDE: Final = _sides()
_DEPTH: Final = _per_ring(1.0, 0.0, 0.6, 0.15)
"""0 at the inner edge of the lips, 1 at their outline."""
_FOLLOWS: Final = _per_ring(0.93, 1.0, 0.97, 1.0)
"""How much of the opening a point takes part in."""
_TUCK: Final = np.where(
    _SIDE > 0,
    _TUCK_GAP * (1 - _DEPTH) - _TUCK_ROLL * _DEPTH,
    -_TUCK_RISE * (1 - 0.35 * _DEPTH),
)
"""F and V: the upper lip rises off the teeth, the lower one rolls in under them."""
_RIGHT_CORNER: Final = np.arange(len(LIPS)) // _RING * _RING
_LEFT_CORNER: Final = _RIGHT_CORNER + _OPPOSITE
