"""Things painted onto a face: drawn flat in head coordinates, bent to follow the landmarks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np

from edge_worker.bench.scenes.shot import Floats, Shot, Step, as_picture
from engines.face.head import canonical_head

PX: Final = 170
"""Atlas pixels per IOD."""
ORIGIN: Final = (1.7, 2.3)
"""IOD from the atlas's top left corner to the base of the nose."""
SIZE: Final = (round(4.6 * PX), round(5.6 * PX))
"""Width and height."""

_COARSE: Final = 6  # every 6th pixel of the picture is fitted to the landmarks
_REACH: Final = 0.11  # IOD; how far a landmark pulls
_FAITH: Final = 0.02  # how soon the landmarks are forgotten outside the face


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """Something painted, in the atlas."""

    colour: Floats
    """BGR 0..255, shape (h, w, 3)."""
    cover: Floats
    """How much of what is below it hides, 0..1, shape (h, w, 1)."""


def grid() -> tuple[Floats, Floats]:
    """X and y of every atlas pixel in head coordinates, each of shape (h, w)."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    return x / PX - ORIGIN[0], y / PX - ORIGIN[1]


def at(points: Floats) -> Floats:
    """Head coordinates, shape (n, 2), as atlas pixels."""
    return np.asarray((points + np.array(ORIGIN, np.float32)) * PX, np.float32)


def landmarks() -> Floats:
    """The canonical face's landmarks in the atlas, shape (468, 2)."""
    return at(canonical_head().points[:, :2])


def filled(outline: Floats, softness: float) -> Floats:
    """1 inside an outline in head coordinates, shape (n, 2), soft over ``softness`` IOD."""
    area = np.zeros((SIZE[1], SIZE[0]), np.float32)
    # Sixteenths of a pixel.
    cv2.fillPoly(area, [np.rint(at(outline) * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(area, (0, 0), max(0.5, softness * PX)), np.float32)


def smooth_outline(corners: Floats, steps: int = 12) -> Floats:
    """A closed curve through ``corners``, shape (n, 2), after Catmull and Rom."""
    p0, p1, p2, p3 = (np.roll(corners, shift, 0)[:, None] for shift in (1, 0, -1, -2))
    t = (np.arange(steps, dtype=np.float32) / steps)[None, :, None]
    curve = 0.5 * (
        2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2
        + (3 * p1 - p0 - 3 * p2 + p3) * t**3
    )  # fmt: skip
    return np.asarray(curve.reshape(-1, 2), np.float32)


def worn(layer: Callable[[], Layer], *, on_skin: bool = False) -> Step:
    """Put ``layer`` on the face.

    Args:
        layer: in the atlas; called once for every picture, so let it remember.
        on_skin: it bends with every landmark, like hair; otherwise it sits on the head, like a cap.
    """

    def step(shot: Shot) -> Shot:
        if shot.face is None:
            return shot
        return laid(shot, layer(), _to_atlas(shot, shot.face, on_skin=on_skin))

    return step


def laid(shot: Shot, layer: Layer, maps: Floats, tint: Floats | None = None) -> Shot:
    """Paint a layer.

    Args:
        shot: what is below it.
        layer: what is painted.
        maps: for every pixel of the picture where in the layer it lies, shape (h, w, 2).
        tint: the colour that stands for white, BGR.
    """
    rows, columns = _spanned(maps, layer)
    part = np.ascontiguousarray(maps[rows, columns], np.float32)
    if not part.size:
        return shot
    # The layer is drawn finer than it is seen.
    ratio = float(np.abs(np.diff(part[part.shape[0] // 2, :, 0])).mean()) if len(part[0]) > 1 else 1
    x, y = np.ascontiguousarray(np.moveaxis(part, -1, 0))
    soft = _softened(layer, max(1, round(4 * ratio)))
    seen = np.asarray(cv2.remap(soft, x, y, cv2.INTER_LINEAR), np.float32)
    colour = seen[..., :3] if tint is None else seen[..., :3] * (tint / 255)
    picture = shot.picture.copy()
    below = picture[rows, columns]
    picture[rows, columns] = as_picture(below * (1 - seen[..., 3:]) + colour)
    return shot.shown(picture)


def _spanned(maps: Floats, layer: Layer) -> tuple[slice, slice]:
    """The part of the picture in which the layer is to be seen."""
    left, top, right, bottom = _bounds(layer)
    x, y = maps[::_COARSE, ::_COARSE, 0], maps[::_COARSE, ::_COARSE, 1]
    inside = (x > left) & (x < right) & (y > top) & (y < bottom)
    rows, columns = (_COARSE * np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    if not len(rows):
        return slice(0), slice(0)
    return (
        slice(max(0, int(rows[0]) - _COARSE), int(rows[-1]) + 2 * _COARSE),
        slice(max(0, int(columns[0]) - _COARSE), int(columns[-1]) + 2 * _COARSE),
    )


@lru_cache(maxsize=32)
def _bounds(layer: Layer) -> tuple[int, int, int, int]:
    rows, columns = (np.flatnonzero((layer.cover[..., 0] > 0.004).any(axis)) for axis in (1, 0))
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


@lru_cache(maxsize=32)
def _softened(layer: Layer, quarters: int) -> Floats:
    """Colour times cover, and cover, for a picture with ``quarters`` / 4 layer pixels in one."""
    sharp = np.concatenate([layer.colour * layer.cover, layer.cover], -1).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(sharp, (0, 0), max(0.4, quarters / 8)), np.float32)


def head_affine(face: Floats) -> Floats:
    """Picture (x, y, 1) to head coordinates, shape (3, 2): the best plane through the face."""
    picture = np.column_stack([face[:, :2], np.ones(len(face), np.float32)])
    fitted, *_ = np.linalg.lstsq(picture, canonical_head().points[:, :2], rcond=None)
    return np.asarray(fitted, np.float32)


def _to_atlas(shot: Shot, face: Floats, *, on_skin: bool) -> Floats:
    width, height = shot.size
    affine = head_affine(face)
    step = _COARSE if on_skin else 1
    columns = np.arange((width + step - 1) // step, dtype=np.float32) * step + (step - 1) / 2
    rows = np.arange((height + step - 1) // step, dtype=np.float32) * step + (step - 1) / 2
    x, y = np.meshgrid(columns, rows)
    head = np.stack([x, y, np.ones_like(x)], -1) @ affine
    if on_skin:
        head = head + _pulled(head, face, affine)
        head = np.asarray(cv2.resize(head, (width, height)), np.float32)
    return at(head.reshape(-1, 2)).reshape(height, width, 2)


def _pulled(head: Floats, face: Floats, affine: Floats) -> Floats:
    """How far the landmarks pull each place, shape (h, w, 2), IOD."""
    fitted = np.column_stack([face[:, :2], np.ones(len(face), np.float32)]) @ affine
    off = canonical_head().points[:, :2] - fitted
    places = head.reshape(-1, 2)
    squares = (places**2).sum(1)[:, None] + (fitted**2).sum(1)[None] - 2 * places @ fitted.T
    weights = np.exp(-squares / (2 * _REACH**2))
    pulled = weights @ off / (weights.sum(1, keepdims=True) + _FAITH)
    return np.asarray(pulled.reshape(*head.shape), np.float32)
