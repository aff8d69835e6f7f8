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
_SHARES: Final = np.linspace(0, 1, _SAMPLES)
_CORNER: Final = np.array([HALF_WIDTH, ABOVE])
_CORNER_FADE: Final = 0.04
_THROAT: Final = np.array([0.105, 0.095, 0.185], np.float32)  # of the lip's colour
_TONGUE: Final = np.array([0.42, 0.40, 0.58], np.float32)
_TONGUE_TIP: Final = np.array([0.74, 0.68, 0.92], np.float32)
_TIP_HALF_WIDTH: Final = 0.15
_TONGUE_SEEN: Final = 0.02  # less of it changes no pixel by more than a level or two


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
    parted = _parted(view)
    part = roi[
        inside.y - area.y : inside.y - area.y + inside.height,
        inside.x - area.x : inside.x - area.x + inside.width,
    ]
    mixed = _with_seam(part, view, scene, parted)
    cover = _cover(view, parted)
    if cover.any():
        share = np.float32(scene.strength) * cv2.GaussianBlur(cover, (0, 0), scene.blur)
        layers = cv2.GaussianBlur(cv2.merge(list(_layers(view, scene))), (0, 0), scene.blur)
        mixed += share * (_by_channel(layers) - mixed)
    mixed += np.float32(0.5)
    np.maximum(mixed, 0, out=mixed)
    np.minimum(mixed, 255, out=mixed)
    part[:] = cv2.merge(list(mixed.astype(np.uint8)))


def _by_channel(picture: NDArray[np.integer | np.floating]) -> _Floats:
    """Shape (3, h, w) from (h, w, 3): numpy broadcasts along long rows, not along pixels of 3."""
    return np.stack(cv2.split(picture), dtype=np.float32)


def _tinted(colour: _Floats, form: _Floats) -> _Floats:
    """``colour``, shape (3,), times ``form``, shape (h, w), by channel."""
    return colour[:, None, None] * form


def _unit(values: _Floats) -> _Floats:
    """``values`` limited to 0..1, in place."""
    np.maximum(values, 0, out=values)
    return np.minimum(values, 1, out=values)


def _view(area: Area, scene: Scene) -> _View:
    pose = scene.pose
    plane = (pose.scale * pose.rotation[:2, :2].astype(np.float64)).tolist()
    (xx, xy), (yx, yy) = plane
    back = np.array([[yy, -xy], [-yx, xx]]) / (xx * yy - xy * yx)
    centre = teeth_centre(pose, scene.target.middle)
    start = back @ (np.array([area.x, area.y]) - centre)
    columns = np.arange(area.width, dtype=np.float32)[None, :]
    rows = np.arange(area.height, dtype=np.float32)[:, None]
    b, from_x, from_y = back.astype(np.float32), np.float32(start[0]), np.float32(start[1])
    x = (b[0, 0] * columns + from_x) + b[0, 1] * rows
    y = b[1, 0] * columns + (b[1, 1] * rows + from_y)
    edge = np.asarray((scene.gap - centre) @ b.T, dtype=np.float32)
    texture = np.empty((2, 3))
    texture[:, :2] = DENSITY * back
    texture[:, 2] = DENSITY * (start + _CORNER) - 0.5
    left, right = float(edge[:, 0].min()), float(edge[:, 0].max())
    above, below = _along(edge[RING_UPPER], x), _along(edge[RING_LOWER], x)
    return _View(area, x, y, above, below, left, right, texture, pose.scale)


def _along(edge: _Floats, x: _Floats) -> _Floats:
    """Height of a lip's edge, shape (11, 2), at every ``x``."""
    known = edge[edge[:, 0].argsort()]
    left, right = float(known[0, 0]), float(known[-1, 0])
    table = np.interp(left + (right - left) * _SHARES, known[:, 0], known[:, 1])
    places = (x - np.float32(left)) * np.float32((_SAMPLES - 1) / max(right - left, 1e-6))
    places += np.float32(0.5)
    return table.astype(np.float32).take(places.astype(np.intp), mode="clip")


def _cover(view: _View, parted: _Floats) -> _Floats:
    """Antialiased by distance, and thinning out where the lips come together."""
    scale = np.float32(view.scale)
    cover = _unit((view.y - view.upper) * scale + np.float32(0.5))
    cover *= _unit((view.lower - view.y) * scale + np.float32(0.5))
    cover *= parted
    return cover


def _parted(view: _View) -> _Floats:
    """0 where the lips touch, 1 where they are more than two pixels apart."""
    return _unit((view.lower - view.upper) * np.float32(view.scale / 1.8) - np.float32(0.2))


def _with_seam(part: Picture, view: _View, scene: Scene, parted: _Floats) -> _Floats:
    """Lips that were apart get the soft line of closed ones, and lose what is left of the gap.

    Returns:
        Shape (3, h, w).
    """
    mixed = _by_channel(part)
    if scene.seam == 0:
        return mixed
    share = np.float32(scene.seam) * (1 - parted) * _between_corners(view)
    if not share.any():
        return mixed
    away = view.y - (view.upper + view.lower) / 2
    height = max(_SEAM, 0.8 / view.scale)
    sigma = max(1.0, _SEAM_SMOOTH * view.scale)
    around = _by_channel(cv2.GaussianBlur(part, (0, 0), sigma))
    around += np.float32(_SEAM_OWN) * (scene.light.lip[:, None, None] - around)
    wide = np.exp(-np.square(away / np.float32(2.2 * height))) * share
    mixed += wide * (around - mixed)
    line = np.exp(-np.square(away / np.float32(height))) * share
    mixed *= 1 - _tinted(_SEAM_DARKNESS, line)
    return mixed


def _between_corners(view: _View) -> _Floats:
    """1 between the corners of the mouth, fading out just before them."""
    near = np.minimum(view.x - view.left, view.right - view.x)
    return _unit(near / np.float32(_CORNER_FADE))


def _layers(view: _View, scene: Scene) -> _Floats:
    """Shape (3, h, w)."""
    target, light = scene.target, scene.light
    half_width = np.float32(target.half_width)
    side = _unit(view.x / (2 * half_width) + np.float32(0.5))
    right, left = light.right.mean(), light.left.mean()
    lit = right + side * (left - right)
    across = np.minimum(np.abs(view.x) / (half_width * np.float32(0.92)), np.float32(1))
    colour = _throat(view, light, across)
    _add_tongue_at_rest(colour, view, target, light)
    _add_row(colour, view, scene.teeth.lower, lit, shift=target.jaw_drop)
    _add_row(colour, view, scene.teeth.upper, lit, shift=0.0)
    if scene.shape.tongue > _TONGUE_SEEN:
        _add_tongue_tip(colour, view, scene)
    below_lip = _unit((view.y - view.upper) / np.float32(_LIP_SHADOW))
    shadow = np.float32(0.82) + np.float32(0.18) * below_lip
    above_lip = _unit((view.lower - view.y) / np.float32(0.014))
    shadow *= np.float32(0.80) + np.float32(0.20) * above_lip
    shadow *= 1 - np.float32(0.60) * across * across * across
    colour *= shadow
    return colour


def _throat(view: _View, light: Light, across: _Floats) -> _Floats:
    glow = _unit(view.y / np.float32(0.14)) * (1 - across)
    return _tinted(light.lip * _THROAT, 1 + np.float32(0.9) * glow)


def _add_tongue_at_rest(colour: _Floats, view: _View, target: MouthTarget, light: Light) -> None:
    """A dim mound behind the lower teeth."""
    top = target.jaw_drop - 0.035
    mound = 1 - np.square(view.x / np.float32(target.half_width * 0.72))
    mound -= np.square((view.y - np.float32(top + 0.09)) / np.float32(0.10))
    cover = _unit(mound * np.float32(1.6)) * np.float32(0.85)
    form = _unit((view.y - np.float32(top)) / np.float32(0.07))
    form = np.float32(0.65) + np.float32(0.35) * form
    colour += cover * (_tinted(light.lip * _TONGUE, form) - colour)


def _add_tongue_tip(colour: _Floats, view: _View, scene: Scene) -> None:
    """TH and L: the tip comes up to the upper teeth's edge, in front of the lower ones."""
    middle = view.x.shape[1] // 2
    halfway = float(view.upper[:, middle].mean() + view.lower[:, middle].mean()) / 2
    top = np.float32(min(scene.teeth.edge - 0.008, halfway))
    wide = _unit(1 - np.square(view.x / np.float32(_TIP_HALF_WIDTH)))
    rounded = top + np.float32(0.016) * (1 - np.sqrt(wide))
    cover = _unit((view.y - rounded) * np.float32(view.scale / 1.5) + np.float32(0.5))
    cover *= np.minimum(wide * 3, 1)
    gloss = np.exp(-np.square((view.y - (top + np.float32(0.020))) / np.float32(0.014)))
    form = np.float32(0.66) + np.float32(0.46) * gloss * wide
    above_lip = _unit((view.lower - view.y) / np.float32(0.020))
    form *= np.float32(0.45) + np.float32(0.55) * above_lip
    cover *= np.float32(min(1.0, 1.15 * scene.shape.tongue))
    colour += cover * (_tinted(scene.light.lip * _TONGUE_TIP, form) - colour)


def _add_row(colour: _Floats, view: _View, row: Row, lit: _Floats, *, shift: float) -> None:
    to = view.texture.copy()
    to[1, 2] -= shift * DENSITY
    size = (view.area.width, view.area.height)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(row.texture, to, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    *shade, cover = cv2.split(seen)
    if cover.any():
        colour += cover * (np.stack(shade) * lit - colour)
