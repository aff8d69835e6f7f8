"""What hands do: cover the mouth, hold a telephone before it or at the ear."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np

from edge_worker.bench.scenes.atlas import PX, SIZE, Layer, at, filled, grid, head_affine, laid
from edge_worker.bench.scenes.shot import Floats, Shot, Step, clouds, eased

_LIGHT: Final = np.array([-0.45, -0.75, 0.48], np.float32)  # over the left shoulder
_SLEEVE: Final = np.array([46, 40, 38], np.float32)
_FAR: Final = (1.5, 2.4)  # IOD; where a hand comes from
_TRAVEL_S: Final = 0.4


@dataclass(frozen=True, slots=True)
class _Limb:
    """A rounded stroke that narrows, in IOD."""

    from_x: float
    from_y: float
    to_x: float
    to_y: float
    from_radius: float
    to_radius: float


_BACK_OF_HAND: Final = (
    _Limb(1.45, 1.55, 0.95, 0.98, 0.36, 0.31),
    _Limb(0.92, 1.05, 0.62, 0.78, 0.33, 0.30),
    _Limb(0.86, 0.80, 0.56, 0.55, 0.30, 0.27),
)
_FINGERS: Final = (
    _Limb(0.66, 0.94, -0.22, 0.78, 0.135, 0.108),
    _Limb(0.58, 0.74, -0.42, 0.54, 0.142, 0.115),
    _Limb(0.55, 0.52, -0.50, 0.31, 0.145, 0.117),
    _Limb(0.56, 0.32, -0.36, 0.09, 0.138, 0.110),
)
_FIST: Final = (
    _Limb(0.42, 1.20, -0.02, 1.06, 0.13, 0.12),
    _Limb(0.46, 0.98, -0.06, 0.86, 0.13, 0.12),
    _Limb(0.46, 0.76, -0.04, 0.66, 0.13, 0.12),
)


def hand(spans: Sequence[tuple[float, float]]) -> Step:
    """A hand over the mouth from the first second of each span to the last."""
    return _held(_hand, spans, (-0.16, -0.16), 0.0)


def finger(spans: Sequence[tuple[float, float]]) -> Step:
    """One finger across the lips: a quarter of the eyes' distance high."""
    return _held(_finger, spans, (-0.14, -0.04), 0.0)


def phone_at_mouth(spans: Sequence[tuple[float, float]]) -> Step:
    """A telephone held flat before the mouth, as for a voice message."""
    return _held(_phone, spans, (-0.08, -0.10), 0.0)


def phone_at_ear() -> Step:
    """A telephone at the ear; the mouth stays free."""
    return _held(_phone_upright, ((-1e9, 1e9),), (0.0, 0.0), 0.0)


def _held(
    layer: Callable[[], Layer],
    spans: Sequence[tuple[float, float]],
    shift: tuple[float, float],
    turn: float,
) -> Step:
    """Bring ``layer`` before the face and take it away again.

    Args:
        layer: skin is white in it; it takes the colour of the face.
        spans: seconds during which it is there.
        shift: of its place, IOD.
        turn: radians, about the base of the nose.
    """

    def step(shot: Shot) -> Shot:
        there = max(
            (
                min(
                    eased(shot.time_s, start - _TRAVEL_S, start),
                    1 - eased(shot.time_s, end, end + _TRAVEL_S),
                )
                for start, end in spans
            ),
            default=0.0,
        )
        if shot.face is None or there <= 0:
            return shot
        sway = 0.02 * np.sin(3.1 * shot.time_s), 0.015 * np.cos(2.3 * shot.time_s)
        away = 1 - there
        x = shift[0] + _FAR[0] * away + sway[0]
        y = shift[1] + _FAR[1] * away + sway[1]
        angle = turn + 0.5 * away
        return _placed(shot, shot.face, layer(), (x, y, angle))

    return step


def _placed(shot: Shot, face: Floats, layer: Layer, place: tuple[float, float, float]) -> Shot:
    x, y, angle = place
    c, s = np.cos(angle), np.sin(angle)
    width, height = shot.size
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    head = np.stack([columns, rows, np.ones_like(rows)], -1) @ head_affine(face)
    there = (head - np.array([x, y], np.float32)) @ np.array([[c, -s], [s, c]], np.float32)
    flat = at(there.reshape(-1, 2).astype(np.float32)).reshape(height, width, 2)
    return laid(shot, layer, flat, shot.skin())


class _Clay:
    """Builds a hand limb by limb, each before the last."""

    def __init__(self) -> None:
        self.colour = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
        self.cover = np.zeros((SIZE[1], SIZE[0]), np.float32)
        self._x, self._y = grid()
        self._pores = 0.10 * (clouds(SIZE, 0.9, 21)[..., 0] - 0.5)

    def add(self, limb: _Limb, *, joints: bool = False) -> None:
        """Model one limb in skin; 255 is the colour of the face."""
        along_x, along_y = limb.to_x - limb.from_x, limb.to_y - limb.from_y
        length = float(np.hypot(along_x, along_y))
        ux, uy = along_x / length, along_y / length
        dx, dy = self._x - limb.from_x, self._y - limb.from_y
        t = np.clip((dx * ux + dy * uy) / length, 0, 1)
        radius = limb.from_radius + t * (limb.to_radius - limb.from_radius)
        if joints:
            radius *= 1 + 0.05 * np.exp(-(((t - 0.42) / 0.09) ** 2))
            radius *= 1 + 0.04 * np.exp(-(((t - 0.74) / 0.07) ** 2))
        nx = (dx - t * along_x) / radius
        ny = (dy - t * along_y) / radius
        away = np.hypot(nx, ny)
        inside = np.clip((1 - away) * radius * PX + 0.5, 0, 1)
        nz = np.sqrt(np.clip(1 - away**2, 0, 1))
        lit = np.clip(nx * _LIGHT[0] + ny * _LIGHT[1] + nz * _LIGHT[2], 0, 1)
        shade = 0.46 + 0.72 * lit + 0.10 * nz + self._pores
        if joints:
            shade -= self._creases(t, np.abs(away))
        skin = 255 * shade[..., None] * np.array([0.90, 0.95, 1.0])
        if joints:
            skin = self._with_nail(skin, t, nx * -uy + ny * ux)
        self.lay(skin.astype(np.float32), inside.astype(np.float32))

    def lay(self, colour: Floats, inside: Floats) -> None:
        """Put something before what is there, with a shadow where they touch."""
        near = np.asarray(cv2.GaussianBlur(inside, (0, 0), 0.035 * PX), np.float32)
        self.colour *= (1 - 0.55 * near)[..., None]  # contact shadow on what is behind
        self.colour += inside[..., None] * (colour - self.colour)
        self.cover = np.maximum(self.cover, inside)

    def _creases(self, t: Floats, away: Floats) -> Floats:
        lines = np.zeros_like(t)
        for place in (0.40, 0.44, 0.73, 0.755):
            lines += 0.13 * np.exp(-(((t - place) / 0.008) ** 2))
        return np.asarray(lines * np.clip(1.1 - away, 0, 1), np.float32)

    def _with_nail(self, skin: Floats, t: Floats, across: Floats) -> Floats:
        nail = np.clip(
            (1 - np.hypot((t - 0.975) / 0.075, across / 0.62)) * 8, 0, 1
        )[..., None]  # fmt: skip
        pale = skin * 0.9 + np.array([34, 26, 30])
        return np.asarray(skin + nail * (pale - skin), np.float32)

    def sleeve(self) -> None:
        """Cloth from the wrist to the lower right."""
        along = (self._x + self._y - 2.45) / np.sqrt(2) + 0.03 * np.sin(9 * (self._x - self._y))
        across = (self._x - self._y - 0.02) / np.sqrt(2)
        half = 0.40 + 0.10 * np.clip(along, 0, 2)
        inside = np.clip(along * PX, 0, 1) * np.clip((half - np.abs(across)) * PX, 0, 1)
        folds = 1.1 - 0.75 * (across / half) ** 2 + 0.7 * (clouds(SIZE, 0.6, 4)[..., 0] - 0.5)
        cuff = 0.5 * np.exp(-(((along - 0.10) / 0.012) ** 2))
        cloth = np.clip(folds - cuff, 0.15, 2)[..., None] * _SLEEVE
        self.lay(cloth.astype(np.float32), inside.astype(np.float32))

    def layer(self) -> Layer:
        """What was built."""
        return Layer(self.colour, self.cover[..., None])


@cache
def _hand() -> Layer:
    clay = _Clay()
    for limb in _BACK_OF_HAND:
        clay.add(limb)
    for limb in _FINGERS:
        clay.add(limb, joints=True)
    clay.sleeve()
    return clay.layer()


@cache
def _finger() -> Layer:
    clay = _Clay()
    for limb in _BACK_OF_HAND[:2]:
        clay.add(limb)
    for limb in _FIST:
        clay.add(limb)
    clay.add(_Limb(0.60, 0.72, -0.34, 0.255, 0.135, 0.105), joints=True)
    clay.sleeve()
    return clay.layer()


@cache
def _phone() -> Layer:
    clay = _Clay()
    for limb in _BACK_OF_HAND[:2]:
        clay.add(limb)
    shade, slab = _slab(
        np.array([[-0.62, 0.02], [0.98, 0.30], [0.90, 0.78], [-0.70, 0.50]], np.float32)
    )
    clay.lay(shade, slab)
    for limb in (
        _Limb(0.80, 1.00, 0.30, 0.72, 0.12, 0.10),
        _Limb(0.95, 0.86, 0.52, 0.70, 0.12, 0.10),
    ):
        clay.add(limb, joints=True)
    clay.sleeve()
    return clay.layer()


@cache
def _phone_upright() -> Layer:
    clay = _Clay()
    for limb in (
        _Limb(1.75, 1.75, 1.28, 0.75, 0.34, 0.30),
        _Limb(1.28, 0.75, 1.12, 0.25, 0.30, 0.24),
    ):
        clay.add(limb)
    shade, slab = _slab(
        np.array([[0.86, -0.92], [1.16, -0.86], [0.96, 0.52], [0.66, 0.46]], np.float32)
    )
    clay.lay(shade, slab)
    for limb in (
        _Limb(1.28, 0.52, 0.86, 0.30, 0.125, 0.10),
        _Limb(1.30, 0.28, 0.90, 0.06, 0.13, 0.105),
        _Limb(1.30, 0.04, 0.95, -0.16, 0.125, 0.10),
    ):
        clay.add(limb, joints=True)
    clay.sleeve()
    return clay.layer()


def _slab(corners: Floats) -> tuple[Floats, Floats]:
    """A telephone's dark glass with its rim, and where it is."""
    x, y = grid()
    slab = np.clip(filled(corners, 0.012) * 1.6 - 0.3, 0, 1)
    inner = filled(np.asarray(corners.mean(0) + 0.94 * (corners - corners.mean(0))), 0.004)
    glass = 22 + 24 * np.clip(0.4 - y, 0, 1) + 30 * np.exp(-(((x - y + 0.4) / 0.16) ** 2))
    shade = np.where(inner > 0.5, glass, 105.0)
    return np.repeat(shade[..., None], 3, -1).astype(np.float32), np.asarray(slab, np.float32)
