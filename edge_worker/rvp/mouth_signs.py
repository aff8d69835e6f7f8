"""What only a bare mouth shows: lips that part, the line between them, their colour, symmetry.

The landmark model draws a mouth on a mask or a hand too, and is sure of it. But there it never
opens, and what lies under the drawn lips does not look like lips.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_worker.rvp.lower_face import Look
from edge_worker.rvp.picture import FacePlanes
from engines.face.topology import (
    INNER_RING,
    LOWER_LIP_INNER,
    MOUTH_LEFT,
    MOUTH_RIGHT,
    OUTER_RING,
    RING_LOWER,
    RING_UPPER,
    UPPER_LIP_INNER,
)

_Floats = NDArray[np.float32]

# Measured over the scenes of ``polylip bench faces``; in brackets what masks, hands and telephones
# reach, then the least that bare mouths show.
_OPEN_IOD: Final = 0.03  # (0.01) talking mouths pass it several times a second
_OPEN_SYMMETRY: Final = 0.15
_LINE: Final = 0.10  # (0.08, hands more) 0.16
_LINE_INFRARED: Final = 0.065  # (0.04, hands more) 0.08
_SYMMETRY: Final = 0.30  # (masks more, hands 0.09) 0.32
_COLOUR: Final = 0.008  # (0.005) 0.011

_DIM: Final = 8.0  # darker places have no colour to speak of
_REACH: Final = 0.16  # IOD; from the line between the lips up and down
_STEPS: Final = 33
_BESIDE: Final = 0.07  # IOD; from the lips to the skin beside them
_PATCH: Final = ((-0.38, 0.38, 20), (-0.20, 0.30, 14))  # IOD; across and down


@dataclass(frozen=True, slots=True)
class MouthSigns:
    """How much of a bare mouth one picture shows."""

    opening: float
    """Gap between the lips where the landmarks put them, mean along the mouth, IOD."""
    line: float
    """How much darker it is between the lips than above and below, over the skin's brightness."""
    symmetry: float
    """Of the mouth's picture with itself mirrored, -1..1."""
    colour: float
    """Redness of the lips less that of the skin around, over brightness; either sign."""
    colourful: bool
    """False for infrared."""

    @property
    def bare(self) -> bool:
        """Whether this is a mouth with nothing before it."""
        if self.opening > _OPEN_IOD:
            return self.line > _LINE_INFRARED and self.symmetry > _OPEN_SYMMETRY
        coloured = not self.colourful or abs(self.colour) > _COLOUR
        lined = self.line > (_LINE if self.colourful else _LINE_INFRARED)
        return lined and coloured and self.symmetry > _SYMMETRY


def mouth_signs(face: FacePlanes, points: _Floats, look: Look, iod_px: float) -> MouthSigns:
    """Look at a mouth.

    Args:
        face: the picture around the face, smooth at the scale of a lip's line.
        points: landmarks, shape (468, 3).
        look: of the same face.
        iod_px: distance of the outer eye corners.
    """
    inner, outer = points[INNER_RING, :2], points[OUTER_RING, :2]
    low, high = inner[RING_LOWER][1:-1], inner[RING_UPPER][1:-1]
    across = points[MOUTH_LEFT, :2] - points[MOUTH_RIGHT, :2]
    across = across / max(float(np.hypot(*across)), 1e-6)
    down = np.array([-across[1], across[0]], np.float32)
    columns = (low + high)[:, None] / 2 + (_offsets() * iod_px)[None, :, None] * down
    centre = points[[UPPER_LIP_INNER, LOWER_LIP_INNER], :2].mean(0)
    patch = centre + (_places() * iod_px) @ np.stack([across, down])
    away = outer - centre
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    lips, beside = (inner + outer) / 2, outer + _BESIDE * iod_px * away
    both = np.concatenate([lips, beside])
    places = np.concatenate([columns.reshape(-1, 2), patch.reshape(-1, 2), both])
    luma = face.fine_at(places)
    seen, mouth, lit = np.split(luma, [columns.size // 2, columns.size // 2 + patch.size // 2])
    red = face.colours_at(both)[:, 1] / np.maximum(lit, _DIM)
    count = len(lips)
    return MouthSigns(
        opening=float(np.linalg.norm(low - high, axis=1).mean()) / iod_px,
        line=_line(seen.reshape(columns.shape[:2])) / max(look.skin_luma, _DIM),
        symmetry=_symmetry(mouth.reshape(patch.shape[:2])),
        colour=float(np.median(red[:count]) - np.median(red[count:])),
        colourful=look.colourful,
    )


def _line(columns: _Floats) -> float:
    """How deep the valley between two ridges is, median over columns, shape (n, steps)."""
    third = _STEPS // 3
    valley = columns[:, third + 1 : -third - 1].min(1)
    ridges = np.minimum(columns[:, : third - 1].max(1), columns[:, 1 - third :].max(1))
    return float(np.median(ridges - valley))


def _symmetry(mouth: _Floats) -> float:
    fine = mouth - cv2.blur(mouth, (9, 9))
    return float((fine * fine[:, ::-1]).mean() / (np.square(fine).mean() + 1e-6))


@cache
def _offsets() -> _Floats:
    return np.linspace(-_REACH, _REACH, _STEPS, dtype=np.float32)


@cache
def _places() -> _Floats:
    across, down = (np.linspace(low, high, count, dtype=np.float32) for low, high, count in _PATCH)
    return np.stack(np.meshgrid(across, down), -1)
