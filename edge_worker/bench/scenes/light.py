"""What light does: infrared lamps, a bright sky behind, dusk, wavering exposure."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np

from edge_worker.bench.scenes.cutout import matte
from edge_worker.bench.scenes.shot import Floats, Shot, Step, clouds, eased, mixed, noise
from engines.face.topology import LEFT_EYE_OUTER, RIGHT_EYE_OUTER

_INFRARED: Final = np.array([0.06, 0.20, 0.74], np.float32)  # of B, G, R: skin and cloth are bright
_EYES: Final = ((LEFT_EYE_OUTER, 362), (RIGHT_EYE_OUTER, 133))


@dataclass(frozen=True, slots=True)
class Lamp:
    """The infrared lamps beside the lens."""

    hotspot: tuple[float, float] = (0.5, 0.42)
    """Its middle, in widths and heights of the picture."""
    reach: float = 0.42
    """Of the hotspot, in diagonals."""
    strength: float = 1.5
    """In its middle, over daylight."""
    wander: float = 0.0
    """How far it wanders over the picture, in widths."""


def infrared(lamp: Lamp | None = None, *, from_s: float = -1e9) -> Step:
    """A camera that turns to infrared at ``from_s``: a dark moment, then too bright, then grey."""
    shines = lamp or Lamp()

    def step(shot: Shot) -> Shot:
        since = shot.time_s - from_s
        if since < 0:
            # Dusk: the camera turns to infrared because it is getting dark.
            dusk = 1 - 0.35 * eased(shot.time_s, from_s - 2, from_s)
            return shot.shown(shot.picture * np.float32(dusk))
        return _infrared(shot, shines, since)

    return step


def _infrared(shot: Shot, lamp: Lamp, since_s: float) -> Shot:
    grey = (shot.picture.astype(np.float32) @ _INFRARED)[..., None]
    grey = _with_bright_pupils(shot, 18 + 0.85 * grey)
    wander = lamp.wander * float(np.sin(0.9 * shot.time_s))
    light = _lamplight(shot.size, lamp, round(100 * wander))
    settling = 1 + 0.8 * float(np.exp(-since_s / 0.22)) if since_s < 3 else 1.0
    lit = grey * light * settling
    if since_s < 0.08:
        lit = 0.12 * lit  # the filter moves out of the light's way
    bent = 255 * (1 - np.exp(-lit / 190)) * 1.16
    return shot.shown(np.repeat(bent + 5.5 * noise(shot.size, shot.number, grain_px=0.6), 3, -1))


@cache
def _lamplight(size: tuple[int, int], lamp: Lamp, wander: int) -> Floats:
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    dx = (x - (lamp.hotspot[0] + wander / 100) * width) / np.hypot(width, height)
    dy = (y - lamp.hotspot[1] * height) / np.hypot(width, height)
    spot = np.exp(-(dx**2 + dy**2) / (2 * (lamp.reach / 2) ** 2))
    return np.asarray((0.16 + (lamp.strength - 0.16) * spot)[..., None], np.float32)


def _with_bright_pupils(shot: Shot, grey: Floats) -> Floats:
    """Eyes throw the lamps' light straight back."""
    if shot.face is None:
        return grey
    height, width = grey.shape[:2]
    radius = 0.022 * shot.iod_px
    shining = grey.copy()
    for outer, inner in _EYES:
        x, y = ((shot.face[outer, :2] + shot.face[inner, :2]) / 2).tolist()
        reach = round(4 * radius) + 1
        left, top = max(0, round(x) - reach), max(0, round(y) - reach)
        right, bottom = min(width, round(x) + reach), min(height, round(y) + reach)
        if right <= left or bottom <= top:
            continue
        rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
        spot = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * radius**2))
        shining[top:bottom, left:right] += 120 * spot[..., None]
    return shining


def backlight() -> Step:
    """Somebody before a blown-out sky; the exposure pumps and never gets it right."""

    def step(shot: Shot) -> Shot:
        person = matte(shot)
        pumping = _pumping(shot.time_s)
        sky = 150 + 1.1 * shot.picture.astype(np.float32)
        dark = shot.picture * np.float32(0.34)
        scene = mixed(sky, dark, person) * pumping
        glare = cv2.GaussianBlur(np.minimum(scene, 330), (0, 0), 0.05 * shot.size[0])
        return shot.shown(0.9 * scene + 0.13 * glare + 3.5 * noise(shot.size, shot.number))

    return step


def pumping() -> Step:
    """Exposure that goes up and down by a third, in steps as cameras make them."""
    return lambda shot: shot.shown(shot.picture * np.float32(_pumping(shot.time_s)))


def _pumping(time_s: float) -> float:
    steps = math.tanh(2.5 * math.sin(1.9 * time_s))
    return 1 + 0.32 * steps * (0.6 + 0.4 * math.sin(0.7 * time_s))


def evening() -> Step:
    """A dim street: little light, high gain, coarse noise in brightness and colour."""

    def step(shot: Shot) -> Shot:
        faint = 0.42 * shot.picture.astype(np.float32)
        grey = faint.mean(-1, keepdims=True)
        pale = mixed(grey, faint, 0.6)
        blotches = np.concatenate(
            [noise(shot.size, shot.number, grain_px=2.5, seed=seed) for seed in (1, 2, 3)], -1
        )
        fine = noise(shot.size, shot.number, grain_px=0.7)
        return shot.shown(12 + pale + 5.0 * fine + 2.5 * blotches)

    return step


def darkness() -> Step:
    """Night without lamps: next to nothing but noise."""
    return lambda shot: shot.shown(
        0.045 * shot.picture.astype(np.float32) + 2.0 * noise(shot.size, shot.number)
    )


def shade_of_leaves(strength: float = 0.35) -> Step:
    """Patches of shade that wander over the face."""

    def step(shot: Shot) -> Shot:
        pattern = clouds((shot.size[0] * 2, shot.size[1]), 0.5, 31)
        drift = round(0.15 * shot.size[0] * (1 + np.sin(0.8 * shot.time_s)))
        here = pattern[:, drift : drift + shot.size[0]]
        return shot.shown(shot.picture * (1 + strength * (0.5 - here)))

    return step
