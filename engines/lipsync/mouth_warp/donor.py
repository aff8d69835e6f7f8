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
from engines.face.topology import INNER_RING
from engines.lipsync.mouth_warp.light import Light
from engines.lipsync.mouth_warp.teeth import (
    ABOVE,
    DENSITY,
    HALF_WIDTH,
    Row,
    drawn_lower,
    drawn_upper,
    grid,
)

_Floats = NDArray[np.float32]

TEETH_DEPTH: Final = 0.05
"""How far the teeth lie behind the lips, IOD."""
_MIN_OPENING: Final = 0.045
_LOOK_OPENING: Final = 0.06  # wide enough that teeth would show if they ever did
_STRIDE: Final = 3  # looking at every third frame is enough,
_STRIDE_LATER: Final = 9  # at every ninth where teeth are known or were long looked for
_LONG: Final = 90  # frames
_BETTER: Final = 1.25  # a new donor must be this much better, so that the teeth do not change
_MIN_TEETH: Final = 0.0015  # square IOD
_SHY: Final = 0.45  # how bright drawn teeth are for people who never show theirs
_LOOKS: Final = 8
_FRONT: Final = 12  # texture pixels on each side of the middle
_SHORTEST: Final = 0.3  # of the typical height
_LOWER_DIM: Final = 0.62  # lower teeth stand in the upper ones' shadow


@dataclass(frozen=True, slots=True, eq=False)
class Teeth:
    """Both rows, ready to be placed."""

    upper: Row
    lower: Row

    @property
    def edge(self) -> float:
        """How far the upper front teeth reach below the line where the lips meet, IOD."""
        middle = self.upper.cover.shape[1] // 2
        covered = (self.upper.cover[:, middle - _FRONT : middle + _FRONT] > 0.5).any(axis=1)
        return float(np.flatnonzero(covered)[-1] + 1) / DENSITY - ABOVE if covered.any() else 0.0


class OwnTeeth:
    """Looks for the person's teeth; until they are seen, average ones stand in."""

    def __init__(self) -> None:
        self._quality = 0.0
        self._donor: Teeth | None = None
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
        settled = self._donor is not None or self._offers > _LONG
        if self._offers % (_STRIDE_LATER if settled else _STRIDE) != 1:
            return
        shade = _to_texture(picture, pose, middle).astype(np.float32) / np.float32(light.level)
        inside = _aperture(head, middle)
        upper = _upper_row(_toothness(shade) * inside)
        size = float((upper > 0.5).sum()) / DENSITY**2
        self._count(opening, showed=size > _MIN_TEETH)
        if size < _MIN_TEETH:
            return
        yaw, pitch, _ = np.radians(pose.angles)
        frontal = float(np.cos(yaw) ** 2 * np.cos(pitch))
        quality = size * frontal * _detail(shade, upper)
        if quality < self._quality * _BETTER:
            return
        self._quality = quality
        self._donor = _complete(shade, upper)
        self.version += 1

    def rows(self, light: Light) -> Teeth:
        """The rows to draw, in the unit of ``Row.shade``."""
        if self._donor is not None:
            return self._donor
        colour = _enamel(light) * np.float32(_SHY if self._shy else 1.0)
        upper, lower = drawn_upper(), drawn_lower()
        return Teeth(
            Row.of(upper.shade * colour, upper.cover),
            Row.of(lower.shade * colour * np.float32(_LOWER_DIM), lower.cover),
        )

    @property
    def _shy(self) -> bool:
        return self._looks >= _LOOKS and self._seen == 0

    def _count(self, opening: float, *, showed: bool) -> None:
        if opening > _LOOK_OPENING:
            before = self._shy
            self._looks += 1
            self._seen += showed
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
    bright = 0.70 + 70 * min(1.0, level / 120) / level
    tint = 0.6 + 0.4 * light.skin / level
    return np.asarray(bright * tint, dtype=np.float32)


def _aperture(head: _Floats, middle: _Floats) -> _Floats:
    """Where the texture looks between the lips, their edges left out."""
    ring = head[INNER_RING][:, :2] - middle[:2]
    polygon = (ring + np.array([HALF_WIDTH, ABOVE], np.float32)) * DENSITY - 0.5
    filled: NDArray[np.uint8] = np.zeros(grid()[0].shape, np.uint8)
    cv2.fillPoly(filled, [np.round(polygon * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    edge = max(1, round(0.010 * DENSITY))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * edge + 1, 2 * edge + 1))
    eroded = cv2.GaussianBlur(cv2.erode(filled, kernel), (0, 0), edge * 0.6)
    return np.asarray(eroded, dtype=np.float32) / np.float32(255)


def _toothness(shade: _Floats) -> _Floats:
    """0..1: bright and hardly coloured, as enamel is and lips, gums and tongue are not."""
    brightest = shade.max(-1)
    colour = 1 - shade.min(-1) / np.maximum(brightest, 1e-3)
    bright = np.clip((brightest - 0.45) / 0.25, 0, 1)
    pale = np.clip((0.48 - colour) / 0.14, 0, 1)
    return np.asarray(bright * pale, dtype=np.float32)


def _upper_row(toothness: _Floats) -> _Floats:
    """The teeth from the top of each column to the first gap: a second row begins below it."""
    begun = np.maximum.accumulate(toothness > 0.5, axis=0)
    gap = np.maximum.accumulate(begun & (toothness < 0.25), axis=0)
    return np.asarray(toothness * ~gap, dtype=np.float32)


def _detail(shade: _Floats, upper: _Floats) -> float:
    """How sharp the teeth are: motion blur makes a poor donor."""
    edges = np.abs(cv2.Laplacian(shade.mean(-1), cv2.CV_32F))
    return 0.02 + float(edges[upper > 0.5].mean())


def _front_columns(own: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The unbroken run of well-seen columns at the middle: glints in the corners are no teeth."""
    heights = own.sum(axis=0)
    seen = heights > _SHORTEST * np.median(heights[heights > 0])
    middle = int(np.median(np.flatnonzero(seen)))
    breaks = np.flatnonzero(~seen)
    places = np.arange(len(seen))
    left = int(breaks[breaks < middle].max(initial=-1))
    right = int(breaks[breaks > middle].min(initial=len(seen)))
    return np.asarray((places > left) & (places < right) & seen)


def _complete(shade: _Floats, upper: _Floats) -> Teeth:
    """Both rows: the upper one as seen, the lower one average, in the colour of the upper."""
    own = upper > 0.5
    colour = np.asarray(np.median(shade[own], axis=0), np.float32)
    known = _front_columns(own)
    top = own.argmax(axis=0)
    hidden = known[None, :] & (np.arange(own.shape[0])[:, None] < top[None, :])

    # What the upper lip hid continues what was visible just below it.
    edge = shade[np.minimum(top + 2, own.shape[0] - 1), np.arange(len(top))]
    edge = cv2.GaussianBlur(edge[None], (0, 0), 2.0)[0]
    filled = np.where(hidden[..., None], edge[None], shade)
    cover = np.where(hidden, 1.0, upper * known[None, :])
    soft = cv2.GaussianBlur(cover.astype(np.float32), (0, 0), 1.5)
    under = drawn_lower()
    return Teeth(
        Row.of(filled, np.asarray(soft, dtype=np.float32)),
        Row.of(under.shade * colour * np.float32(_LOWER_DIM), under.cover),
    )
