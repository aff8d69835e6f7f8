"""What the lens does: bend the picture wide, collect rain, smear what moves."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import cv2
import numpy as np

from edge_worker.bench.scenes.shot import Floats, Shot, Step, eased, mixed, stroke
from engines.face.topology import LOWER_LIP_INNER, UPPER_LIP_INNER

_DROPS: Final = 34
_STREAKS: Final = 26
_EXPOSURE_S: Final = 1 / 40


def wide_angle(strength: float = 0.22, *, low: float = 0.12) -> Step:
    """A wide lens that looks up from below.

    Args:
        strength: of the barrel distortion, at the corner.
        low: how much the picture narrows to its upper edge.
    """

    def step(shot: Shot) -> Shot:
        map_x, map_y = _bent(shot.size, strength, low)
        picture = cv2.remap(
            shot.picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        face = None if shot.face is None else _landmarks_bent(shot.face, shot.size, strength, low)
        return replace(shot.shown(np.asarray(picture, np.uint8)), face=face)

    return step


@cache
def _bent(size: tuple[int, int], strength: float, low: float) -> tuple[Floats, Floats]:
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    there = _source(np.stack([x, y], -1), size, strength, low)
    return np.ascontiguousarray(there[..., 0]), np.ascontiguousarray(there[..., 1])


def _source(places: Floats, size: tuple[int, int], strength: float, low: float) -> Floats:
    """Where in the straight picture the bent one's places come from."""
    half = np.array(size, np.float32) / 2
    centred = (places - half) / np.hypot(*half)
    square = (centred**2).sum(-1, keepdims=True)
    # Corners stay in the picture: what is far out is pressed together.
    bent = centred * (1 + strength * square) / (1 + strength)
    narrowed = bent.copy()
    narrowed[..., 0] = bent[..., 0] * (1 - low * bent[..., 1])
    return np.asarray(narrowed * np.hypot(*half) + half, np.float32)


def _landmarks_bent(face: Floats, size: tuple[int, int], strength: float, low: float) -> Floats:
    guess = face[:, :2].copy()
    for _ in range(12):
        guess += face[:, :2] - _source(guess, size, strength, low)
    scale = np.ptp(guess[:, 0]) / np.ptp(face[:, 0])
    return np.column_stack([guess, face[:, 2] * scale]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Drop:
    x: float
    y: float
    radius: float


def rain() -> Step:
    """Drops that stick to the lens, and streaks that fall."""

    def step(shot: Shot) -> Shot:
        picture = _streaked(shot)
        for drop in _drops(shot.size):
            picture = _refracted(picture, drop)
        return shot.shown(picture)

    return step


def drop_on_mouth(from_s: float) -> Step:
    """A large drop that runs down the lens and stays before the mouth."""

    def step(shot: Shot) -> Shot:
        if shot.face is None:
            return shot
        lips = shot.face[[UPPER_LIP_INNER, LOWER_LIP_INNER], :2].mean(0)
        x, y = lips.tolist()
        above = (1 - eased(shot.time_s, from_s - 0.6, from_s)) * (y + shot.iod_px)
        return shot.shown(
            _refracted(shot.picture.astype(np.float32), _Drop(x, y - above, 0.42 * shot.iod_px))
        )

    return step


@cache
def _drops(size: tuple[int, int]) -> tuple[_Drop, ...]:
    random = np.random.default_rng(17)
    drops: list[_Drop] = []
    while len(drops) < _DROPS:
        x, y = random.random(2)
        # Visitors stand in the middle: drops before the mouth are a scene of their own.
        if abs(x - 0.5) < 0.16 and 0.2 < y < 0.62:
            continue
        radius = 0.006 + 0.028 * random.random() ** 2.5
        drops.append(_Drop(float(x) * size[0], float(y) * size[1], max(3.0, radius * size[1])))
    return tuple(drops)


def _refracted(picture: Floats, drop: _Drop) -> Floats:
    """The world upside down in a drop, dark at its upper rim, bright at the lower one."""
    height, width = picture.shape[:2]
    reach = int(drop.radius * 1.3) + 2
    left, top = max(0, int(drop.x) - reach), max(0, int(drop.y) - reach)
    right, bottom = min(width, int(drop.x) + reach), min(height, int(drop.y) + reach)
    if right <= left or bottom <= top:
        return picture
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
    u, v = (x - drop.x) / drop.radius, (y - drop.y) / (drop.radius * 1.15)
    wobble = 1 + 0.07 * np.sin(3 * np.arctan2(v, u) + drop.x)
    away = np.hypot(u, v) / wobble
    bend = -(0.9 + 1.7 * away**2) * drop.radius
    seen = cv2.remap(
        picture, drop.x + bend * u, drop.y + bend * v, cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )  # fmt: skip
    seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), 0.06 * drop.radius + 0.5), np.float32)
    rim = np.exp(-(((away - 0.93) / 0.12) ** 2)) * v
    inside = np.clip((1 - away) * 6, 0, 1)[..., None]
    lit = (
        seen * (1 + 0.32 * rim)[..., None]
        + 70 * np.exp(-(((u + 0.35) / 0.12) ** 2) - (((v + 0.4) / 0.1) ** 2))[..., None]
    )
    out = picture.astype(np.float32)
    out[top:bottom, left:right] = mixed(out[top:bottom, left:right], lit.astype(np.float32), inside)
    return out


def _streaked(shot: Shot) -> Floats:
    width, height = shot.size
    random = np.random.default_rng((23, shot.number))
    light = np.zeros((height, width), np.float32)
    for _ in range(_STREAKS):
        x, y = random.random(2) * (width, height)
        length = random.uniform(0.03, 0.10) * height
        end = (x + 0.06 * length, y + length)
        stroke(light, (x, y), end, float(random.uniform(10, 38)))
    soft = np.asarray(cv2.GaussianBlur(light, (0, 0), 0.8 + width / 1600), np.float32)
    return np.asarray(shot.picture + 1.6 * soft[..., None], np.float32)


def shaken(reach_px: float = 26.0, hertz: float = 1.3) -> Step:
    """Somebody who sways so fast that every picture smears; 640 pixels wide."""

    def step(shot: Shot) -> Shot:
        scale = shot.size[0] / 640
        turn = 2 * np.pi * hertz * shot.time_s
        x = reach_px * scale * float(np.sin(turn) + 0.3 * np.sin(2.3 * turn + 1))
        speed = (
            reach_px
            * scale
            * 2
            * np.pi
            * hertz
            * float(np.cos(turn) + 0.69 * np.cos(2.3 * turn + 1))
        )
        moved = cv2.warpAffine(
            shot.picture,
            np.array([[1, 0, x], [0, 1, 0.25 * x]], np.float32),
            shot.size,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        length = max(1, round(abs(speed) * _EXPOSURE_S)) | 1
        smeared = cv2.blur(moved, (length, 1), borderType=cv2.BORDER_REPLICATE)
        face = None if shot.face is None else shot.face + np.array([x, 0.25 * x, 0], np.float32)
        return replace(shot.shown(np.asarray(smeared, np.uint8)), face=face)

    return step


def scaled(size: tuple[int, int], zoom: float = 1.0) -> Step:
    """Another picture size; ``zoom`` cuts the edges off first."""

    def step(shot: Shot) -> Shot:
        width, height = shot.size
        factor = zoom * max(size[0] / width, size[1] / height)
        shift = [(size[0] - factor * width) / 2, (size[1] - factor * height) / 2]
        if shot.face is not None and zoom > 1:
            middle = shot.face[:, :2].mean(0) * factor
            shift = [
                float(np.clip(side / 2 - at, side - factor * whole, 0))
                for side, at, whole in zip(size, middle, (width, height), strict=True)
            ]
        matrix = np.array([[factor, 0, shift[0]], [0, factor, shift[1]]], np.float32)
        soft = shot.picture
        if factor < 1:
            soft = np.asarray(cv2.GaussianBlur(soft, (0, 0), 0.42 / factor), np.uint8)
        picture = cv2.warpAffine(
            soft, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        face = None
        if shot.face is not None:
            face = shot.face * np.float32(factor) + np.array([*shift, 0], np.float32)
        return replace(shot.shown(np.asarray(picture, np.uint8)), face=face)

    return step
