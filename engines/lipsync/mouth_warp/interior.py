"""The inside of the mouth: throat, tongue and teeth between the lips, in the face's own light."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from engines.face.head import HeadPose
from engines.face.topology import RING_LOWER, RING_UPPER
from engines.lipsync import MouthShape
from engines.lipsync.mouth_warp.donor import teeth_centre
from engines.lipsync.mouth_warp.geometry import MouthTarget
from engines.lipsync.mouth_warp.light import Light
from engines.lipsync.mouth_warp.raster import Area
from engines.lipsync.mouth_warp.teeth import ABOVE, DENSITY, HALF_WIDTH
from engines.lipsync.mouth_warp.tissue import MouthLayers

_Floats = NDArray[np.float32]
_Pixels = NDArray[np.uint8]

_FINE: Final = 4  # the gap is drawn this much larger: antialiasing
_BITS: Final = 4  # of the fraction in drawn coordinates
_THIN: Final = 0.35  # of a pixel's cover; less is lips that touch
_LIP_SHADOW: Final = 0.024  # IOD, standard deviation: how far lips darken what is behind them
_SHADOW_FALLS: Final = 0.014  # IOD, as light comes from above
_DEEPEST: Final = 0.62  # brightness close to the lips
_OPENEST: Final = 1.06  # and where they are far
# What lies in the shade is lit by what tongue and cheeks reflect.
_SHADE_WARMTH: Final = (-0.45, -0.22, 0.10, 0.0)
_ROUNDED_DEEPER: Final = 0.58  # protruded lips leave less light inside
_ROUNDED_HIDES: Final = 0.045  # IOD of the upper teeth behind an upper lip that is protruded
_TUCKED_NEARER: Final = 0.35  # teeth that rest on the lower lip are in full light
_SEAM: Final = 0.010  # IOD, standard deviation of the line between closed lips
_SEAM_SMOOTH: Final = 0.022
_SEAM_OWN: Final = 0.6  # share of the lip's own colour: the rest is what was around the gap
_SEAM_DARKNESS: Final = np.array([0.36, 0.34, 0.25])
_SEAM_GREY: Final = 0.33
_CORNER: Final = np.array([HALF_WIDTH, ABOVE])
_TONGUE_SEEN: Final = 0.4  # less of it is hidden behind the teeth
_TONGUE_TOUCHES: Final = 0.8  # the tip is at the ridge (L); more of it comes out (TH)
_TIP_RISES: Final = 0.12  # IOD per unit of tongue, until it touches
_INNER_MIDDLE: Final = [25, 35]  # places in LIPS of the inner lips' middles
_LEAST_GAP: Final = 0.6  # pixels
_TIP_OVER: Final = 0.012  # IOD: how far the tip comes before the upper teeth's edge,
_TIP_UNDER: Final = 0.004  # and how far it stays below where it only touches the ridge


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All that the inside of a mouth is painted from."""

    gap: _Floats
    """Shape (20, 2), the inner edge of the lips in the picture, in ring order."""
    pose: HeadPose
    target: MouthTarget
    shape: MouthShape
    layers: MouthLayers
    light: Light
    blur: float
    """Of the camera, standard deviation in pixels."""
    strength: float
    """0 leaves the picture as it is, 1 paints fully."""
    seam: float
    """0..1: how much of a line closed lips still need, because the source's were open."""


def paint(roi: Picture, area: Area, scene: Scene) -> None:
    """Paint what shows between the lips into ``roi``, the warped part ``area`` of the picture."""
    margin = 3 + round(2 * scene.blur + 2 * _SEAM_SMOOTH * scene.pose.scale)
    inside = Area.around(scene.gap, margin, (area.y + area.height, area.x + area.width))
    if inside.empty or inside.x < area.x or inside.y < area.y:
        return
    left, top = inside.x - area.x, inside.y - area.y
    part = roi[top : top + inside.height, left : left + inside.width]
    gap = scene.gap - inside.origin
    cover = _gap_cover(gap, inside)
    if scene.seam > 0:
        part[:] = _with_seam(part, gap, cover, scene)
    if cover.any():
        cover *= np.float32(scene.strength)
        cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), scene.blur), np.float32)
        part[:] = cv2.blendLinear(_seen(inside, gap, scene), part, cover, 1 - cover)


def _gap_cover(gap: _Floats, area: Area) -> _Floats:
    """0..1, how much of each pixel lies between the lips; lips that touch leave none."""
    if float((gap[RING_LOWER, 1] - gap[RING_UPPER, 1]).max()) < _LEAST_GAP:
        return np.zeros((area.height, area.width), np.float32)
    drawn = _drawn(gap, area)
    cover = (drawn - np.float32(_THIN)) * np.float32(1 / (1 - _THIN))
    return np.asarray(np.maximum(cover, 0), dtype=np.float32)


def _drawn(polygon: _Floats, area: Area) -> _Floats:
    large: _Pixels = np.zeros((area.height * _FINE, area.width * _FINE), np.uint8)
    fixed = np.rint((polygon * _FINE + (_FINE - 1) / 2) * (1 << _BITS)).astype(np.int32)
    cv2.fillPoly(large, [fixed], 255, cv2.LINE_8, _BITS)
    small = cv2.resize(large, (area.width, area.height), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) * np.float32(1 / 255)


def _seen(area: Area, gap: _Floats, scene: Scene) -> Picture:
    """What one would see without lips, in the light that they leave."""
    colours = _layered(area, scene)
    lit = cv2.multiply(colours, _light_inside(area, gap, scene))
    return np.asarray(cv2.convertScaleAbs(cv2.cvtColor(lit, cv2.COLOR_BGRA2BGR)), dtype=np.uint8)


def _light_inside(area: Area, gap: _Floats, scene: Scene) -> _Floats:
    """Light on what is behind the lips, shape (h, w, 4): dim and warm near them."""
    scale, shape = scene.pose.scale, scene.shape
    fallen = gap + np.array([0, _SHADOW_FALLS * scale], np.float32)
    sky = cv2.GaussianBlur(_drawn(fallen, area), (0, 0), max(0.5, _LIP_SHADOW * scale))
    deepest = _DEEPEST + _TUCKED_NEARER * shape.tuck
    depth = 1 - _ROUNDED_DEEPER * shape.rounding
    open_share = np.float32(depth * deepest) + np.float32(depth * (_OPENEST - deepest)) * sky
    level = open_share * _across(area, gap, scene.light)
    warmth = np.array([[1, w * scene.light.colour] for w in _SHADE_WARMTH])
    shades = cv2.merge([level, level * (1 - open_share)])
    return np.asarray(cv2.transform(shades, warmth), dtype=np.float32)


def _across(area: Area, gap: _Floats, light: Light) -> _Floats:
    """Brightness from the cheek on one side to that on the other, shape (w,)."""
    right, left = sum(light.right.tolist()) / 3, sum(light.left.tolist()) / 3
    first, last = float(gap[:, 0].min()), float(gap[:, 0].max())
    columns = (np.arange(area.width, dtype=np.float32) - first) / max(last - first, 1.0)
    return np.asarray(right + np.clip(columns, 0, 1) * (left - right), dtype=np.float32)


def _layered(area: Area, scene: Scene) -> _Floats:
    """The layers over each other, shape (h, w, 4), relative to the skin's brightness."""
    to_texture, size = _to_texture(area, scene), (area.width, area.height)
    layers, target, shape = scene.layers, scene.target, scene.shape
    colours = _placed(layers.jaw, to_texture, size, down=target.jaw_drop)
    hidden = _ROUNDED_HIDES * shape.rounding
    colours = _over(_placed(layers.skull, to_texture, size, down=-hidden), colours)
    if shape.tongue > _TONGUE_SEEN:
        tip = _placed(layers.tip, to_texture, size, down=_tip_top(scene))
        colours = _over(tip, colours)
    return colours


def _tip_top(scene: Scene) -> float:
    """Where the tongue's tip ends, IOD below the line where the lips meet."""
    tongue, edge = scene.shape.tongue, scene.layers.edge
    rest = scene.target.lips[_INNER_MIDDLE, 1] - scene.target.middle[1]
    out = max(0.0, (tongue - _TONGUE_TOUCHES) / (1 - _TONGUE_TOUCHES))
    below = max(0.0, _TONGUE_TOUCHES - tongue)
    touching = min(edge, float(rest.mean())) + _TIP_UNDER
    return touching - out * (_TIP_OVER + _TIP_UNDER) + below * _TIP_RISES


def _placed(
    texture: _Floats, to: NDArray[np.float64], size: tuple[int, int], down: float
) -> _Floats:
    moved = to.copy()
    moved[1, 2] -= down * DENSITY
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(texture, moved, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, dtype=np.float32)


def _over(front: _Floats, back: _Floats) -> _Floats:
    through = 1 - cv2.extractChannel(front, 3)
    return np.asarray(cv2.add(front, cv2.multiply(back, cv2.merge([through] * 4))), np.float32)


def _to_texture(area: Area, scene: Scene) -> NDArray[np.float64]:
    """Shape (2, 3): from the area's pixels to the textures' ones."""
    plane = (scene.pose.scale * scene.pose.rotation[:2, :2].astype(np.float64)).tolist()
    (xx, xy), (yx, yy) = plane
    back = np.array([[yy, -xy], [-yx, xx]]) / (xx * yy - xy * yx)
    start = back @ (np.array([area.x, area.y]) - teeth_centre(scene.pose, scene.target.middle))
    to_texture = np.empty((2, 3))
    to_texture[:, :2] = DENSITY * back
    to_texture[:, 2] = DENSITY * (start + _CORNER) - 0.5
    return to_texture


def _with_seam(part: Picture, gap: _Floats, cover: _Floats, scene: Scene) -> Picture:
    """``part`` with lips that meet where the source's were apart: even colour, a soft line."""
    upper, lower = gap[RING_UPPER], gap[RING_LOWER]
    line = ((upper + lower) / 2)[1:-1]
    sigma = _SEAM * scene.pose.scale
    thickness = max(1, round(1.2 * sigma))
    drawn: _Pixels = np.zeros(cover.shape, np.uint8)
    fixed = np.rint(line * (1 << _BITS)).astype(np.int32)
    ink, closed = 255, False
    cv2.polylines(drawn, [fixed], closed, ink, thickness, cv2.LINE_AA, _BITS)
    touching = drawn.astype(np.float32) * np.float32(scene.seam * scene.strength / 255)
    touching *= 1 - cv2.dilate(cover, np.ones((5, 5), np.uint8))
    smooth = max(1.0, _SEAM_SMOOTH * scene.pose.scale)
    wide, narrow = (_spread(touching, s, thickness) for s in (smooth, max(0.6, sigma)))
    lip = np.broadcast_to(scene.light.lip.astype(np.uint8), part.shape)
    around = cv2.GaussianBlur(part, (0, 0), smooth)
    around = cv2.addWeighted(around, 1 - _SEAM_OWN, lip, _SEAM_OWN, 0)
    even = cv2.blendLinear(around, part, wide, 1 - wide)
    tint = _SEAM_GREY + scene.light.colour * (_SEAM_DARKNESS - _SEAM_GREY)
    dark = cv2.transform(even, np.diag(1 - tint))
    return np.asarray(cv2.blendLinear(dark, even, narrow, 1 - narrow), dtype=np.uint8)


def _spread(line: _Floats, sigma: float, thickness: int) -> _Floats:
    """The line with soft flanks, as strong in its middle as before."""
    soft = np.asarray(cv2.GaussianBlur(line, (0, 0), sigma), np.float32)
    peak = np.float32(math.erf(thickness / (math.sqrt(8) * sigma)))
    return np.asarray(np.minimum(soft / peak, 1), dtype=np.float32)
