"""A picture on its way from a person to a camera's file, and the steps that change it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from engines.face.head import inter_ocular_px

Floats = NDArray[np.floating]
"""Lengths, brightnesses, shares."""

_BANK: Final = 8  # noise pictures that are shifted about
_CHEEKS: Final = (50, 101, 205, 280, 330, 425)


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture of a film."""

    picture: Picture
    number: int
    time_s: float
    """From the start of the film."""
    face: Floats | None = None
    """Landmarks, shape (468, 3), of the bare face in this picture; None if there is none."""
    arrival: Floats | None = None
    """Those of the clip's first face, before any step: visitors move, cameras do not follow."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.picture.shape[1], self.picture.shape[0]

    @property
    def iod_px(self) -> float:
        """Distance of the outer eye corners; a tenth of the width where nobody is."""
        return self.size[0] / 10 if self.face is None else inter_ocular_px(self.face)

    def shown(self, picture: Floats | Picture) -> "Shot":
        """The same moment with other pixels, 0..255, rounded and clipped."""
        return replace(self, picture=as_picture(picture))

    def skin(self) -> Floats:
        """Mean colour of the cheeks, BGR; that of the picture where nobody is."""
        if self.face is None:
            return np.asarray(self.picture.mean((0, 1)), np.float32)
        width, height = self.size
        reach = max(1, round(0.08 * self.iod_px))
        parts = []
        for x, y, _ in self.face[list(_CHEEKS)]:
            column, row = round(min(max(x, 0), width - 1)), round(min(max(y, 0), height - 1))
            near = self.picture[max(0, row - reach) : row + reach + 1]
            parts.append(near[:, max(0, column - reach) : column + reach + 1].mean((0, 1)))
        return np.asarray(np.median(parts, 0), np.float32)


Step = Callable[[Shot], Shot]
"""Changes a picture; the same shot always becomes the same picture."""


def as_picture(values: Floats | Picture) -> Picture:
    """Pixels 0..255, rounded and clipped."""
    if values.dtype == np.uint8:
        return np.asarray(values, np.uint8)
    return np.asarray(cv2.convertScaleAbs(np.maximum(values, 0)), np.uint8)


def noise(size: tuple[int, int], number: int, *, grain_px: float = 0.0, seed: int = 0) -> Floats:
    """Unit noise for picture ``number``, shape (height, width, 1).

    Args:
        size: width and height.
        number: of the picture; each has its own noise.
        grain_px: size of the grains; 0 is white noise.
        seed: tells several kinds of noise in one picture apart.
    """
    random = np.random.default_rng((seed, number))
    bank = _noises(size, grain_px, seed)
    shift = (int(random.integers(size[1])), int(random.integers(size[0])))
    return np.asarray(np.roll(bank[random.integers(_BANK)], shift, (0, 1)), np.float32)


@cache
def _noises(size: tuple[int, int], grain_px: float, seed: int) -> tuple[Floats, ...]:
    random = np.random.default_rng(seed)
    return tuple(
        _of_unit_strength(random.standard_normal((size[1], size[0]), np.float32), grain_px)
        for _ in range(_BANK)
    )


def _of_unit_strength(white: Floats, grain_px: float) -> Floats:
    grains = white
    if grain_px > 0:
        grains = np.asarray(cv2.GaussianBlur(white, (0, 0), grain_px), np.float32)
    return np.asarray((grains / grains.std())[..., None], np.float32)


@cache
def clouds(size: tuple[int, int], roughness: float = 0.55, seed: int = 0) -> Floats:
    """Noise of all sizes, 0..1, shape (height, width, 1): plaster, clouds, cloth.

    Args:
        size: width and height.
        roughness: strength of each octave over that of the one twice its size.
        seed: another one, another pattern.
    """
    random = np.random.default_rng(seed)
    total = np.zeros((size[1], size[0]), np.float32)
    cells, strength = 3, 1.0
    while cells < max(size):
        coarse = random.random((cells, max(2, cells * size[0] // size[1])), np.float32)
        total += strength * np.asarray(
            cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC), np.float32
        )
        cells, strength = cells * 2, strength * roughness
    low, high = np.percentile(total, [1, 99])
    return np.asarray(np.clip((total - low) / (high - low), 0, 1)[..., None], np.float32)


def eased(time_s: float, start_s: float, end_s: float) -> float:
    """0 before ``start_s``, 1 after ``end_s``, smooth between."""
    x = min(1.0, max(0.0, (time_s - start_s) / (end_s - start_s)))
    return x * x * (3 - 2 * x)


def mixed(below: Picture | Floats, above: Floats, share: Floats | float) -> Floats:
    """``above`` over ``below`` where ``share`` is 1."""
    return np.asarray(below + share * (above - below), np.float32)


def stroke(
    area: Floats,
    start: tuple[float, float],
    end: tuple[float, float],
    value: float | tuple[float, ...],
    thickness: int = 1,
) -> None:
    """Draw a smooth line into ``area`` to a sixteenth of a pixel."""
    x0, y0, x1, y1 = (round(16 * place) for place in (*start, *end))
    cv2.line(area, (x0, y0), (x1, y1), value, thickness, cv2.LINE_AA, 4)
