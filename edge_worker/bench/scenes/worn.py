"""What faces wear: beard, surgical mask, cap, glasses."""

import math
from functools import cache
from typing import Final

import cv2
import numpy as np

from edge_worker.bench.scenes.atlas import (
    ORIGIN,
    PX,
    SIZE,
    Layer,
    at,
    filled,
    grid,
    smooth_outline,
    worn,
)
from edge_worker.bench.scenes.shot import Floats, Shot, Step, clouds, stroke
from engines.face.head import canonical_head
from engines.face.topology import CHIN, OUTER_RING

_STROKES: Final = 11_000
_HAIR: Final = np.array([34, 48, 68], np.float32)
_CLOTH: Final = np.array([214, 190, 150], np.float32)
_FELT: Final = np.array([58, 40, 34], np.float32)


def beard() -> Step:
    """A full beard with moustache; the lips stay bare."""
    return worn(_beard, on_skin=True)


def surgical_mask() -> Step:
    """A pleated mask from the bridge of the nose to below the chin."""
    return worn(_mask)


def cap() -> Step:
    """A baseball cap, its peak's shadow over the eyes."""
    return worn(_cap)


def glasses() -> Step:
    """Glasses that mirror a window; the reflection wanders as the head turns."""
    frame = worn(_glasses)

    def step(shot: Shot) -> Shot:
        return worn(lambda: _mirrored(round(12 * np.sin(shot.time_s * 0.9))))(frame(shot))

    return step


def _x(number: int) -> float:
    return float(canonical_head().points[number, 0])


def _y(number: int) -> float:
    return float(canonical_head().points[number, 1])


@cache
def _beard() -> Layer:
    grows = _beard_grows()
    random = np.random.default_rng(5)
    hairs = np.zeros((SIZE[1], SIZE[0], 4), np.float32)
    rows, columns = np.nonzero(grows > 0.15)
    for pick in random.integers(0, len(rows), _STROKES):
        x, y = float(columns[pick]), float(rows[pick])
        if random.random() > grows[rows[pick], columns[pick]]:
            continue
        outwards = math.tanh(2 * (x / PX - ORIGIN[0]))
        angle = math.pi / 2 - 0.7 * outwards + random.normal(0, 0.22)
        length = PX * random.uniform(0.04, 0.09)
        tip = (x + length * math.cos(angle), y + length * math.sin(angle))
        shade = _HAIR * random.uniform(0.45, 1.9) + random.normal(0, 4)
        stroke(hairs, (x, y), tip, (*map(float, shade), 1.0))
    fine = np.asarray(cv2.GaussianBlur(hairs, (0, 0), 0.7), np.float32)
    strands = np.clip(1.5 * fine[..., 3:], 0, 1)
    colour = fine[..., :3] / np.maximum(fine[..., 3:], 1e-3)
    below = 0.62 * grows[..., None]  # skin darkened by the hairs' roots
    cover = below + strands * (1 - below)
    mixed_colour = (strands * colour + below * (1 - strands) * _HAIR * 0.75) / np.maximum(
        cover, 1e-3
    )
    across, down = grid()
    light = 1.15 - 0.45 * np.clip(np.abs(across) / 0.7, 0, 1) ** 2
    light -= 0.35 * np.clip((down - 0.45) / 0.5, 0, 1)
    lit = mixed_colour * light[..., None]
    return Layer(np.asarray(lit, np.float32), np.asarray(cover * 0.97, np.float32))


def _beard_grows() -> Floats:
    """How thick the beard is, 0..1."""
    chin = _y(CHIN)
    face = np.array(
        [
            [-0.80, -0.42], [-0.70, -0.30], [-0.60, 0.02], [-0.42, 0.10], [-0.30, 0.10],
            [-0.10, 0.055], [0.0, 0.075], [0.10, 0.055], [0.30, 0.10], [0.42, 0.10],
            [0.60, 0.02], [0.70, -0.30], [0.80, -0.42], [0.82, 0.1], [0.72, 0.45],
            [0.42, chin + 0.10], [0.0, chin + 0.2], [-0.42, chin + 0.10], [-0.72, 0.45],
            [-0.82, 0.1],
        ],
        np.float32,
    )  # fmt: skip
    area = filled(smooth_outline(face), 0.02)
    lips = canonical_head().points[OUTER_RING, :2]
    bare = filled(np.asarray(lips.mean(0) + 1.03 * (lips - lips.mean(0)), np.float32), 0.008)
    patchy = 0.8 + 0.2 * clouds(SIZE, 0.8, 11)[..., 0]
    return np.asarray(np.clip(area * (1 - 1.2 * bare), 0, 1) * patchy, np.float32)


@cache
def _mask() -> Layer:
    x, y = grid()
    chin = _y(CHIN)
    outline = np.array(
        [
            [-0.64, -0.16], [-0.34, -0.26], [-0.12, -0.40], [0.0, -0.44], [0.12, -0.40],
            [0.34, -0.26], [0.64, -0.16], [0.62, 0.30], [0.44, chin - 0.08], [0.2, chin + 0.07],
            [0.0, chin + 0.1], [-0.2, chin + 0.07], [-0.44, chin - 0.08], [-0.62, 0.30],
        ],
        np.float32,
    )  # fmt: skip
    body = filled(smooth_outline(outline), 0.006)
    round_off = 1 - 0.42 * np.clip(np.abs(x) / 0.68, 0, 1) ** 2.2
    nose = 0.10 * np.exp(-(x**2) / 0.02) * np.exp(-((y + 0.12) ** 2) / 0.05)
    under = -0.30 * np.clip((y - 0.42) / 0.4, 0, 1)
    shade = round_off + nose + under
    for fold in (-0.10, 0.10, 0.30):
        line = y - fold - 0.10 * (x / 0.6) ** 2
        shade += 0.10 * np.exp(-(((line + 0.018) / 0.014) ** 2))
        shade -= 0.17 * np.exp(-(((line - 0.006) / 0.012) ** 2))
    shade += 0.05 * (clouds(SIZE, 0.85, 3)[..., 0] - 0.5)
    seam = 0.10 * np.exp(-(((y + 0.40 - 0.55 * np.abs(x)) / 0.02) ** 2))
    colour = _CLOTH * np.clip(shade - seam, 0.2, 1.25)[..., None]
    cover = np.clip(body, 0, 1)
    loops = np.zeros_like(cover)
    for side in (-1, 1):
        for from_y, to_y in ((-0.15, -0.42), (0.32, 0.02)):
            ends = at(np.array([[side * 0.62, from_y], [side * 0.86, to_y]], np.float32))
            (x0, y0), (x1, y1) = ends.tolist()
            stroke(loops, (x0, y0), (x1, y1), 1.0, 4)
    shadow = np.clip(np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.05 * PX)) - cover, 0, 1) * 0.5
    total = np.maximum(np.maximum(cover, loops), shadow)
    white = np.maximum(loops - cover, 0)[..., None]
    shown = np.where(white > 0.05, np.float32(215), colour)
    dark = (shadow > np.maximum(cover, loops))[..., None]
    return Layer(np.where(dark, np.float32(20), shown).astype(np.float32), total[..., None])


@cache
def _cap() -> Layer:
    x, y = grid()
    crown_outline = np.array(
        [
            [-1.02, -0.95], [-1.05, -1.35], [-0.85, -1.80], [-0.45, -2.08], [0.0, -2.16],
            [0.45, -2.08], [0.85, -1.80], [1.05, -1.35], [1.02, -0.95], [0.6, -1.02],
            [0.0, -1.06], [-0.6, -1.02],
        ],
        np.float32,
    )  # fmt: skip
    peak_outline = np.array(
        [
            [-0.92, -1.02], [-0.5, -1.14], [0.0, -1.18], [0.5, -1.14], [0.92, -1.02],
            [0.86, -0.80], [0.45, -0.74], [0.0, -0.72], [-0.45, -0.74], [-0.86, -0.80],
        ],
        np.float32,
    )  # fmt: skip
    crown = filled(smooth_outline(crown_outline), 0.008)
    peak = filled(smooth_outline(peak_outline), 0.006)
    dome = 1.25 - 0.55 * (x / 1.05) ** 2 - 0.25 * np.clip((y + 1.75) / 0.7, 0, 1)
    for seam in (-0.5, 0.0, 0.5):
        bend = seam * (1 - 0.55 * np.clip((-1.05 - y) / 1.1, 0, 1) ** 2)
        dome -= 0.22 * np.exp(-(((x - bend) / 0.012) ** 2))
    dome += 0.22 * (clouds(SIZE, 0.9, 8)[..., 0] - 0.5)
    lip = 0.85 - 0.4 * (x / 0.95) ** 2 + 0.5 * np.exp(-(((y + 0.75) / 0.02) ** 2))
    lip += 0.15 * (clouds(SIZE, 0.9, 9)[..., 0] - 0.5)
    colour = _FELT * np.where(peak > 0.5, lip, dome)[..., None]
    shade = 0.5 * np.exp(-(((y + 0.62) / 0.17) ** 2)) * np.exp(-((x / 0.62) ** 6))
    cover = np.maximum(crown, peak)
    shadow = shade * (1 - cover) * (y > -1.0)
    total = np.maximum(cover, shadow)
    dark = (shadow > cover)[..., None]
    return Layer(np.where(dark, np.float32(18), colour).astype(np.float32), total[..., None])


_LENS_X: Final = 0.305
_LENS_Y: Final = -0.50


def _lens(side: int, grow: float) -> Floats:
    """How much a place is inside a rounded lens."""
    x, y = grid()
    dx, dy = (x - side * _LENS_X) / (0.245 + grow), (y - _LENS_Y) / (0.185 + grow)
    inside = (np.abs(dx) ** 3.2 + np.abs(dy) ** 3.2) ** (1 / 3.2)
    return np.asarray(np.clip((1 - inside) * 0.2 * PX + 0.5, 0, 1), np.float32)


@cache
def _glasses() -> Layer:
    x, y = grid()
    rim = np.maximum(_lens(-1, 0.03) - _lens(-1, 0), _lens(1, 0.03) - _lens(1, 0))
    bridge = (np.abs(x) < 0.075) * np.exp(-(((y + 0.545 - 0.5 * x**2) / 0.016) ** 4))
    sides = (np.abs(x) > 0.56) * (np.abs(x) < 0.98)
    temples = sides * np.exp(-(((y + 0.56 - 0.12 * (np.abs(x) - 0.56)) / 0.022) ** 4))
    frame = np.clip(np.maximum(rim, np.maximum(bridge, temples)), 0, 1)
    gleam = 26 + 90 * np.exp(-(((y + 0.665) / 0.008) ** 2)) * (frame > 0)
    tint = 0.07 * np.maximum(_lens(-1, 0), _lens(1, 0))
    below = np.roll(frame, round(0.03 * PX), 0)
    shadow = 0.35 * np.asarray(cv2.GaussianBlur(below, (0, 0), 0.02 * PX)) * (1 - frame)
    cover = np.maximum(frame, np.maximum(tint, shadow))
    shade = np.where(frame > tint, gleam, 25.0)
    colour = np.repeat(shade[..., None], 3, -1) * np.array([1.0, 0.96, 0.92])
    return Layer(colour.astype(np.float32), cover[..., None].astype(np.float32))


@cache
def _mirrored(shift: int) -> Layer:
    """A window in the lenses, ``shift`` hundredths of an IOD to the side."""
    x, y = grid()
    panes = np.zeros_like(x)
    for side in (-1, 1):
        u = x - side * _LENS_X - shift / 100 - 0.35 * (y - _LENS_Y)
        v = y - _LENS_Y
        pane = np.clip(1 - np.abs(u - 0.02) / 0.10, 0, 1) > 0.02
        bar = np.abs(u - 0.02) > 0.008
        rows = (np.abs(v + 0.02) < 0.115) & (np.abs(v + 0.02) > 0.006)
        panes = np.maximum(panes, pane * bar * rows * _lens(side, -0.01))
    soft = np.asarray(cv2.GaussianBlur(panes.astype(np.float32), (0, 0), 0.008 * PX), np.float32)
    sky = np.array([252, 244, 234], np.float32) * np.ones((*soft.shape, 1), np.float32)
    return Layer(sky, 0.55 * soft[..., None])
