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
_CORNERS: Final = [20, 30]  # places in LIPS, inner ring
_SMILE: Final = 0.025  # IOD by which corners lie above the middle without a smile
_SMILE_WIDENS: Final = 0.8  # on each side, per lift
_SOBER: Final = 0.45  # of a smile that goes while its owner speaks,
_SOBER_ROUNDED: Final = 0.35  # and as much more on rounded vowels
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


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What every target of one person starts from."""

    lips: _Floats
    """Shape (80, 3), at rest."""
    sobering: _Floats
    """Shape (80, 2): what makes a smile go; zero for somebody who does not smile."""
    across: _Floats
    """Shape (80,): 0 in the middle of each ring, 1 at its corners."""
    middle: _Floats
    """Shape (3,): where the closed lips meet."""
    centre: float
    half_width: float

    @classmethod
    def of(cls, neutral: _Floats) -> "Rest":
        """From the face at rest, shape (468, 3)."""
        lips = neutral[LIPS]
        middle = (neutral[UPPER_LIP_INNER] + neutral[LOWER_LIP_INNER]) / 2
        ends = float(neutral[MOUTH_RIGHT, 0]), float(neutral[MOUTH_LEFT, 0])
        right, left = lips[_RIGHT_CORNER, 0], lips[_LEFT_CORNER, 0]
        across = np.minimum(np.abs(2 * lips[:, 0] - right - left) / np.abs(left - right), 1)
        half_width = abs(ends[1] - ends[0]) / 2
        return cls(lips, _sobering(lips, middle), across, middle, sum(ends) / 2, half_width)


def mouth_target(rest: Rest, shape: MouthShape) -> MouthTarget:
    """Lips and jaw of a person at rest, put into ``shape``."""
    lips = rest.lips.copy()
    lips[:, :2] += np.float32(_SOBER + _SOBER_ROUNDED * shape.rounding) * rest.sobering
    lips[:, 1] += _vertical(rest.across, shape)
    wider = (1 + shape.width) * (1 - 0.30 * shape.rounding)
    lips[:, 0] = rest.centre + (lips[:, 0] - rest.centre) * wider
    lips[:, 2] -= 0.05 * shape.rounding
    jaw_drop = _JAW_SHARE * shape.opening * (1 - 0.45 * shape.rounding) - 0.012 * shape.tuck
    return MouthTarget(lips, jaw_drop, rest.middle, rest.half_width)


def _sobering(lips: _Floats, middle: _Floats) -> _Floats:
    """What takes a smile off lips at rest, shape (80, 2), to be added in part.

    Cheeks and eyes keep theirs, so that the whole of it would look wrong.
    """
    corners = lips[_CORNERS]
    smile = max(0.0, float(middle[1] - corners[:, 1].mean()) - _SMILE)
    half = float(abs(corners[1, 0] - corners[0, 0])) / 2
    across = (lips[:, 0] - middle[0]) / max(half, 1e-3)
    narrower = -_SMILE_WIDENS * smile * across
    lower = smile * np.minimum(np.square(across), 1)
    return np.stack([narrower, lower], 1).astype(np.float32)


def _vertical(across: _Floats, shape: MouthShape) -> _Floats:
    """Movement of each lip point along y, shape (80,)."""
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
