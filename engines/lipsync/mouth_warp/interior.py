"""The inside of the mouth: throat, tongue and teeth between the lips, in the face's own light."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from engines.face.head import HeadPose
from engines.face.topology import RING_LOWER, RING_UPPER
from engines.lipsync import MouthShape
from engines.lipsync.mouth_warp.donor import Teeth, teeth_centre
from engines.lipsync.mouth_warp.geometry import MouthTarget
from engines.lipsync.mouth_warp.light import Light
from engines.lipsync.mouth_warp.raster import Area
from engines.lipsync.mouth_warp.teeth import ABOVE, DENSITY, HALF_WIDTH, Row

_Floats = NDArray[np.float32]

_LIP_SHADOW: Final = 0.028  # IOD: how far the upper lip's shadow falls on the teeth
_SEAM: Final = 0.012  # IOD: half height of the line between closed lips
_SEAM_SMOOTH: Final = 0.022
_SEAM_OWN: Final = 0.6  # share of the lip's own colour: the rest is what was around the gap
_SEAM_DARKNESS: Final = np.array([0.36, 0.34, 0.25], np.float32)
_SAMPLES: Final = 256  # along a lip
_CORNER_FADE: Final = 0.04
_THROAT: Final = np.array([0.105, 0.095, 0.185], np.float32)  # of the lip's colour
_TONGUE: Final = np.array([0.42, 0.40, 0.58], np.float32)
_TONGUE_TIP: Final = np.array([0.74, 0.68, 0.92], np.float32)
_TIP_HALF_WIDTH: Final = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All that the inside of a mouth is painted from."""

    gap: _Floats
    """Shape (20, 2), the inner edge of the lips in the picture, in ring order."""
    pose: HeadPose
    target: MouthTarget
    shape: MouthShape
    teeth: Teeth
    """Already as coarse as the picture."""
    light: Light
    blur: float
    """Of the camera, standard deviation in pixels."""
    strength: float
    """0 leaves the picture as it is, 1 paints fully."""
    seam: float
    """0..1: how much of a line closed lips still need, because the source's were open."""


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """The pixels around the gap, with their place in the mouth."""

    area: Area
    x: _Floats
    """IOD from the middle of the resting mouth, shape (h, w)."""
    y: _Floats
    upper: _Floats
    """y of the upper lip's edge above each pixel."""
    lower: _Floats
    left: float
    """x of the mouth's corners."""
    right: float
    texture: NDArray[np.float64]
    """Shape (2, 3): from the area's pixels to the teeth's texture."""
    scale: float


def paint(roi: Picture, area: Area, scene: Scene) -> None:
    """Paint what shows between the lips into ``roi``, the warped part ``area`` of the picture."""
    margin = 3 + round(2 * scene.blur + 2 * _SEAM * scene.pose.scale)
    inside = Area.around(scene.gap, margin, (area.y + area.height, area.x + area.width))
    if inside.empty or inside.x < area.x or inside.y < area.y:
        return
    view = _view(inside, scene)
    cover = cv2.GaussianBlur(_cover(view), (0, 0), scene.blur)[..., None]
    colour = cv2.GaussianBlur(_layers(view, scene), (0, 0), scene.blur)
    part = roi[
        inside.y - area.y : inside.y - area.y + inside.height,
        inside.x - area.x : inside.x - area.x + inside.width,
    ]
    mixed = _with_seam(part, view, scene)
    mixed += np.float32(scene.strength) * cover * (colour - mixed)
    part[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def _view(area: Area, scene: Scene) -> _View:
    pose = scene.pose
    back = np.linalg.inv((pose.scale * pose.rotation[:2, :2]).astype(np.float64))
    centre = teeth_centre(pose, scene.target.middle)
    start = back @ (np.array([area.x, area.y]) - centre)
    columns = np.arange(area.width, dtype=np.float32)[None, :]
    rows = np.arange(area.height, dtype=np.float32)[:, None]
    b = back.astype(np.float32)
    x = b[0, 0] * columns + b[0, 1] * rows + np.float32(start[0])
    y = b[1, 0] * columns + b[1, 1] * rows + np.float32(start[1])
    edge = np.asarray((scene.gap - centre) @ b.T, dtype=np.float32)
    upper, lower = edge[RING_UPPER], edge[RING_LOWER]
    corner = np.array([HALF_WIDTH, ABOVE])
    texture = DENSITY * np.column_stack([back, start + corner])
    texture[:, 2] -= 0.5
    left, right = float(edge[:, 0].min()), float(edge[:, 0].max())
    above, below = _along(upper, x), _along(lower, x)
    return _View(area, x, y, above, below, left, right, texture, pose.scale)


def _along(edge: _Floats, x: _Floats) -> _Floats:
    """Height of a lip's edge, shape (11, 2), at every ``x``."""
    order = np.argsort(edge[:, 0])
    known = edge[order]
    left, right = float(known[0, 0]), float(known[-1, 0])
    table = np.interp(np.linspace(left, right, _SAMPLES), known[:, 0], known[:, 1])
    places = (x - np.float32(left)) * np.float32((_SAMPLES - 1) / max(right - left, 1e-6))
    return np.take(table.astype(np.float32), np.round(places).astype(np.int32), mode="clip")


def _cover(view: _View) -> _Floats:
    """Antialiased by distance, and thinning out where the lips come together."""
    above = np.clip((view.y - view.upper) * view.scale + 0.5, 0, 1)
    below = np.clip((view.lower - view.y) * view.scale + 0.5, 0, 1)
    return np.asarray(above * below * _parted(view), dtype=np.float32)


def _parted(view: _View) -> _Floats:
    """0 where the lips touch, 1 where they are more than two pixels apart."""
    apart = np.clip((view.lower - view.upper) * view.scale / 1.8 - 0.2, 0, 1)
    return np.asarray(apart, dtype=np.float32)


def _with_seam(part: Picture, view: _View, scene: Scene) -> _Floats:
    """Lips that were apart get the soft line of closed ones, and lose what is left of the gap."""
    mixed = part.astype(np.float32)
    share = np.float32(scene.seam) * (1 - _parted(view)) * _between_corners(view)
    if scene.seam == 0 or not share.any():
        return mixed
    away = view.y - (view.upper + view.lower) / 2
    height = max(_SEAM, 0.8 / view.scale)
    around = cv2.GaussianBlur(mixed, (0, 0), max(1.0, _SEAM_SMOOTH * view.scale))
    smooth = around + np.float32(_SEAM_OWN) * (scene.light.lip - around)
    wide = np.exp(-np.square(away / np.float32(2.2 * height))) * share
    mixed += wide[..., None] * (smooth - mixed)
    line = np.exp(-np.square(away / np.float32(height))) * share
    mixed *= 1 - line[..., None] * _SEAM_DARKNESS
    return mixed


def _between_corners(view: _View) -> _Floats:
    """1 between the corners of the mouth, fading out just before them."""
    near = np.minimum(view.x - view.left, view.right - view.x) / np.float32(_CORNER_FADE)
    return np.asarray(np.clip(near, 0, 1), dtype=np.float32)


def _layers(view: _View, scene: Scene) -> _Floats:
    target, light = scene.target, scene.light
    side = np.clip(view.x / (2 * target.half_width) + 0.5, 0, 1)[..., None]
    lit = (light.right + side * (light.left - light.right)).mean(-1, keepdims=True)
    across = np.minimum(np.abs(view.x) / np.float32(target.half_width * 0.92), np.float32(1))
    colour = _throat(view, light, across)
    colour = _tongue_at_rest(colour, view, target, light)
    colour = _row(colour, view, scene.teeth.lower, lit, shift=target.jaw_drop)
    colour = _row(colour, view, scene.teeth.upper, lit, shift=0.0)
    if scene.shape.tongue > 0:
        colour = _tongue_tip(colour, view, scene)
    shadow = 0.82 + 0.18 * np.clip((view.y - view.upper) / _LIP_SHADOW, 0, 1)
    shadow *= 0.80 + 0.20 * np.clip((view.lower - view.y) / 0.014, 0, 1)
    shadow *= 1 - 0.60 * across**3
    return np.asarray(colour * shadow[..., None], dtype=np.float32)


def _throat(view: _View, light: Light, across: _Floats) -> _Floats:
    glow = np.clip(view.y / 0.14, 0, 1) * (1 - across)
    return np.asarray(light.lip * _THROAT * (1 + 0.9 * glow)[..., None], dtype=np.float32)


def _tongue_at_rest(colour: _Floats, view: _View, target: MouthTarget, light: Light) -> _Floats:
    """A dim mound behind the lower teeth."""
    top = target.jaw_drop - 0.035
    mound = 1 - np.square(view.x / (target.half_width * 0.72))
    mound -= np.square((view.y - top - 0.09) / 0.10)
    cover = np.clip(mound * 1.6, 0, 1)[..., None] * np.float32(0.85)
    form = (0.65 + 0.35 * np.clip((view.y - top) / 0.07, 0, 1))[..., None]
    return np.asarray(colour + cover * (light.lip * _TONGUE * form - colour), dtype=np.float32)


def _tongue_tip(colour: _Floats, view: _View, scene: Scene) -> _Floats:
    """TH and L: the tip comes up to the upper teeth's edge, in front of the lower ones."""
    halfway = float((view.upper + view.lower)[:, view.x.shape[1] // 2].mean()) / 2
    top = min(scene.teeth.edge - 0.008, halfway)
    wide = np.clip(1 - np.square(view.x / _TIP_HALF_WIDTH), 0, 1)
    rounded = top + 0.016 * (1 - np.sqrt(wide))
    cover = np.clip(wide * 3, 0, 1) * np.clip((view.y - rounded) * view.scale / 1.5 + 0.5, 0, 1)
    form = 0.66 + 0.46 * np.exp(-np.square((view.y - top - 0.020) / 0.014)) * wide
    form *= 0.45 + 0.55 * np.clip((view.lower - view.y) / 0.020, 0, 1)
    share = (cover * np.float32(min(1.0, 1.15 * scene.shape.tongue)))[..., None]
    tip = scene.light.lip * _TONGUE_TIP * form[..., None]
    return np.asarray(colour + share * (tip - colour), dtype=np.float32)


def _row(colour: _Floats, view: _View, row: Row, lit: _Floats, *, shift: float) -> _Floats:
    to = view.texture.copy()
    to[1, 2] -= shift * DENSITY
    size = (view.area.width, view.area.height)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    shade = cv2.warpAffine(row.shade, to, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    cover = cv2.warpAffine(row.cover, to, size, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(colour + cover[..., None] * (shade * lit - colour), dtype=np.float32)
