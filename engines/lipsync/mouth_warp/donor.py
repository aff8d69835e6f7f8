"""The person's own teeth, cut from a frame in which they show them, and kept.

They are moved rigidly afterwards: stretching teeth gives fangs.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from engines.face.head import HeadPose
from engines.face.topology import INNER_RING, RING_UPPER
from engines.lipsync.mouth_warp import enamel
from engines.lipsync.mouth_warp.light import Light
from engines.lipsync.mouth_warp.teeth import ABOVE, DENSITY, HALF_WIDTH, Row, grid

_Floats = NDArray[np.float32]

TEETH_DEPTH: Final = 0.05
"""How far the teeth lie behind the lips, IOD."""
_MIN_OPENING: Final = 0.045
_LOOK_OPENING: Final = 0.06  # wide enough that teeth would show if they ever did
_STRIDE: Final = 3  # looking at every third frame is enough,
_STRIDE_LATER: Final = 9  # at every ninth where teeth are known or were long looked for
_LONG: Final = 90  # frames
_BETTER: Final = 1.25  # a new donor must be this much better, so that the teeth do not change
_SHY: Final = 0.8  # how bright drawn teeth are for people who never show theirs,
_SHY_RISE: Final = 0.026  # and how much higher than usual they end, IOD
_LOOKS: Final = 8
_RISE: Final = 0.045  # IOD, where colour tells teeth from lips


@dataclass(frozen=True, slots=True, eq=False)
class Teeth:
    """Both rows, ready to be placed."""

    upper: Row
    lower: Row


@dataclass(frozen=True, slots=True, eq=False)
class _Donor:
    row: Row
    quality: float


class OwnTeeth:
    """Looks for the person's teeth; until they are seen, average ones stand in."""

    def __init__(self) -> None:
        self._upper: _Donor | None = None
        self._lower: _Donor | None = None
        self._like_upper: Row | None = None
        self._offers = 0
        self._looks = 0
        self._seen = 0
        self.version = 0
        """Changes whenever ``rows`` would give something else."""

    def offer(
        self,
        picture: Picture,
        pose: HeadPose,
        head: _Floats,
        middle: _Floats,
        opening: float,
        light: Light,
    ) -> None:
        """Look at an untouched frame; keep its teeth if they are clearly the best so far."""
        if opening < _MIN_OPENING:
            return
        self._offers += 1
        settled = self._upper is not None or self._offers > _LONG
        if self._offers % (_STRIDE_LATER if settled else _STRIDE) != 1:
            return
        shade = _to_texture(picture, pose, middle).astype(np.float32) / np.float32(light.level)
        inside = _aperture(head, middle, rise=_RISE * light.colour)
        tooth = enamel.toothness(shade, light)
        upper = enamel.upper_row(tooth, inside, shade)
        self._count(opening, showed=upper is not None)
        yaw, pitch, _ = np.radians(pose.angles)
        frontal = float(np.cos(yaw) ** 2 * np.cos(pitch))
        if upper is not None:
            self._keep_upper(shade, upper, frontal)
        lower = enamel.lower_row(tooth, inside, shade, upper)
        if lower is not None:
            self._keep_lower(shade, lower, frontal)

    def rows(self, light: Light) -> Teeth:
        """The rows to draw, in the unit of ``Row.shade``."""
        colour = _enamel(light) * np.float32(_SHY if self._shy else 1.0)
        upper, lower = enamel.drawn_rows(colour, rise=_SHY_RISE if self._shy else 0.0)
        if self._upper is not None:
            upper = self._upper.row
            lower = self._like_upper or lower
        if self._lower is not None:
            lower = self._lower.row
        return Teeth(upper, lower)

    @property
    def _shy(self) -> bool:
        return self._looks >= _LOOKS and self._seen == 0

    def _keep_upper(self, shade: _Floats, row: _Floats, frontal: float) -> None:
        quality = enamel.size_of(row) * frontal * enamel.detail_of(shade, row)
        if self._upper is None or quality > self._upper.quality * _BETTER:
            self._upper = _Donor(enamel.completed_upper(shade, row), quality)
            self._like_upper = enamel.lower_like(shade, row)
            self.version += 1

    def _keep_lower(self, shade: _Floats, row: _Floats, frontal: float) -> None:
        quality = enamel.size_of(row) * frontal * enamel.detail_of(shade, row)
        if self._lower is None or quality > self._lower.quality * _BETTER:
            self._lower = _Donor(enamel.completed_lower(shade, row), quality)
            self.version += 1

    def _count(self, opening: float, *, showed: bool) -> None:
        before = self._shy
        self._seen += showed
        self._looks += opening > _LOOK_OPENING
        self.version += before != self._shy


def _to_texture(picture: Picture, pose: HeadPose, middle: _Floats) -> Picture:
    """What ``picture`` shows at the place of the teeth, as a texture."""
    plane = (pose.scale * pose.rotation[:2, :2]).astype(np.float64)
    centre = teeth_centre(pose, middle)
    start = centre + plane @ np.array([0.5 / DENSITY - HALF_WIDTH, 0.5 / DENSITY - ABOVE])
    height, width = grid()[0].shape
    seen = cv2.warpAffine(
        picture,
        np.column_stack([plane / DENSITY, start]),
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(seen, dtype=np.uint8)


def teeth_centre(pose: HeadPose, middle: _Floats) -> _Floats:
    """The textures' origin in the picture, shape (2,)."""
    behind = middle + np.array([0, 0, TEETH_DEPTH], np.float32)
    return pose.to_picture(behind[None])[0, :2]


def _enamel(light: Light) -> _Floats:
    """Colour of enamel in this light, relative to the skin's brightness."""
    level = light.level
    bright = 0.66 + 60 * min(1.0, level / 120) / level
    tint = 0.6 + 0.4 * light.skin / level
    return np.asarray(bright * tint, dtype=np.float32)


def _aperture(head: _Floats, middle: _Floats, *, rise: float) -> _Floats:
    """Where the texture looks between the lips, their edges left out.

    Landmarks may take teeth for the upper lip: its edge is drawn ``rise`` IOD higher.
    """
    ring = head[INNER_RING][:, :2] - middle[:2]
    ring[RING_UPPER[2:-2], 1] -= np.float32(rise)
    polygon = (ring + np.array([HALF_WIDTH, ABOVE], np.float32)) * DENSITY - 0.5
    filled: NDArray[np.uint8] = np.zeros(grid()[0].shape, np.uint8)
    cv2.fillPoly(filled, [np.round(polygon * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    edge = max(1, round(0.010 * DENSITY))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * edge + 1, 2 * edge + 1))
    eroded = cv2.GaussianBlur(cv2.erode(filled, kernel), (0, 0), edge * 0.6)
    return np.asarray(eroded, dtype=np.float32) / np.float32(255)
