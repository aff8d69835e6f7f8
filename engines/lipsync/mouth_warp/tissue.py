"""The mouth's inside as three flat layers in head coordinates, softened once for a camera.

What moves with the jaw lies at the bottom (throat, tongue at rest, lower teeth), then the tip of
the tongue, then what is fixed to the skull (upper teeth).
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.lipsync.mouth_warp.donor import Teeth
from engines.lipsync.mouth_warp.light import Light
from engines.lipsync.mouth_warp.teeth import ABOVE, DENSITY, grid

_Floats = NDArray[np.float32]

# Of the lip's colour.
_THROAT: Final = np.array([0.15, 0.135, 0.22], np.float32)
_TONGUE: Final = np.array([0.46, 0.42, 0.60], np.float32)
_TONGUE_TIP: Final = np.array([0.84, 0.76, 0.98], np.float32)
_TONGUE_TOP: Final = -0.035  # IOD, of the tongue at rest, behind the lower teeth
TIP_HALF_WIDTH: Final = 0.135
"""Of the tongue's tip, IOD; its texture has its highest point at the origin."""
_FRONT: Final = 12  # texture pixels on each side of the middle
_LUMA: Final = np.array([0.114, 0.587, 0.299], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class MouthLayers:
    """Shape (h, w, 4) each, BGR relative to the skin's brightness times cover, and cover."""

    jaw: _Floats
    """Opaque."""
    tip: _Floats
    skull: _Floats
    edge: float
    """How far the upper front teeth reach below the line where the lips meet, IOD."""


def mouth_layers(teeth: Teeth, light: Light, sigma: float) -> MouthLayers:
    """Paint the layers for one person in one light.

    Args:
        teeth: their rows.
        light: gives the lips' colour; where it has none, the layers have none.
        sigma: blur of the camera, standard deviation in texture pixels.
    """
    lip = light.lip / np.float32(light.level)
    opaque = np.ones((*grid()[0].shape, 1), np.float32)
    jaw = np.concatenate([_floor() @ np.stack([lip * _THROAT, lip * _TONGUE]), opaque], 2)
    lower = _premultiplied(teeth.lower.texture)
    jaw = lower + (1 - lower[..., 3:]) * jaw
    form, cover = _tip()
    tip = _premultiplied(np.dstack([form[..., None] * (lip * _TONGUE_TIP), cover]))
    skull = _premultiplied(teeth.upper.texture)
    edge = _edge_of(teeth.upper.cover)
    jaw, tip, skull = (_seen(layer, light.colour, sigma) for layer in (jaw, tip, skull))
    return MouthLayers(jaw, tip, skull, edge)


def _edge_of(cover: _Floats) -> float:
    middle = cover.shape[1] // 2
    covered = (cover[:, middle - _FRONT : middle + _FRONT] > 0.5).any(axis=1)
    return float(np.flatnonzero(covered)[-1] + 1) / DENSITY - ABOVE if covered.any() else 0.0


def _premultiplied(texture: _Floats) -> _Floats:
    out = texture.astype(np.float32)
    out[..., :3] *= out[..., 3:]
    return out


def _seen(layer: _Floats, colour: float, sigma: float) -> _Floats:
    """The layer with as much colour and detail as the camera has."""
    if colour < 1:
        luma = (layer[..., :3] @ _LUMA)[..., None]
        layer[..., :3] = luma + np.float32(colour) * (layer[..., :3] - luma)
    if sigma < 0.3:
        return layer
    soft = cv2.GaussianBlur(layer, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(soft, dtype=np.float32)


@cache
def _floor() -> _Floats:
    """How much of throat and of tongue every texture pixel shows, shape (h, w, 2)."""
    x, y = grid()
    glow = np.clip((y + 0.02) / 0.14, 0, 1) * np.clip(1 - np.abs(x) / 0.3, 0, 1)
    mound = 1 - np.square(x / 0.19) - np.square((y - (_TONGUE_TOP + 0.09)) / 0.10)
    cover = np.clip(mound * 1.2, 0, 1) * 0.85
    form = 0.60 + 0.40 * np.clip((y - _TONGUE_TOP) / 0.07, 0, 1)
    form -= 0.10 * np.exp(-np.square(x / 0.012)) * np.clip((y - _TONGUE_TOP) / 0.04, 0, 1)
    return np.dstack([(1 - cover) * (1 + 0.9 * glow), cover * form]).astype(np.float32)


@cache
def _tip() -> tuple[_Floats, _Floats]:
    """Light on the tongue's tip, and its cover: a rounded end that comes from below."""
    x, y = grid()
    wide = np.clip(1 - np.square(x / TIP_HALF_WIDTH), 0, 1)
    top = 0.030 * (1 - np.sqrt(wide))
    cover = np.clip((y - top) * DENSITY / 1.5 + 0.5, 0, 1) * np.clip(4 * wide, 0, 1)
    gloss = np.exp(-np.square((y - top - 0.022) / 0.014)) * wide
    form = 0.84 + 0.22 * gloss - 0.34 * np.clip((y - 0.026) / 0.04, 0, 1)
    form -= 0.16 * np.exp(-np.square(x / 0.010)) * np.clip((y - 0.012) / 0.02, 0, 1)
    return form.astype(np.float32), cover.astype(np.float32)
