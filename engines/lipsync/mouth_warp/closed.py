"""Closing a wide-open mouth: lips and chin from a frame in which this person had them closed.

Bending a wide-open mouth shut smears the lower lip. Where the source is that far open, the closed
patch is laid over the bent picture; low frequencies come from the bent picture (a membrane), so
that light and shading follow the moment.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from engines.face.head import HeadPose
from engines.face.topology import OUTER_RING
from engines.lipsync.mouth_warp.harmonic import LowerFace
from engines.lipsync.mouth_warp.light import Light
from engines.lipsync.mouth_warp.raster import Area, Raster

_Floats = NDArray[np.float32]

_CLOSED: Final = 0.035  # IOD
_FROM: Final = 0.11  # source openings between which the patch takes over
_TO: Final = 0.20
_BETTER: Final = 1.15
_QUARTER: Final = 4
_MASK_BLUR: Final = 0.035  # IOD, standard deviation
_SMEARED: Final = 0.10  # IOD around the lips where the bent picture is no guide to the light
# Around the mouth, inside the nasolabial folds, above the chin's outline.
_OUTLINE: Final = np.array([
    2, 98, 203, 206, 216, 212, 214, 210, 211, 208,
    199, 428, 431, 430, 434, 432, 436, 426, 423, 327,
])  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Patch:
    picture: Picture
    vertices: _Floats
    """In the patch's pixels."""
    quality: float
    grey: bool


class ClosedMouth:
    """Keeps the best closed mouth of one person."""

    def __init__(self, face: LowerFace) -> None:
        self._face = face
        self._patch: _Patch | None = None

    def offer(
        self, picture: Picture, points: _Floats, pose: HeadPose, opening: float, light: Light
    ) -> None:
        """Look at an untouched frame; keep it if its mouth is closed and better seen.

        What was kept by day is of no use once the camera has turned to infrared, nor the reverse.
        """
        if self._patch and self._patch.grey != light.grey:
            self._patch = None
        if opening > _CLOSED:
            return
        yaw, pitch, _ = np.radians(pose.angles)
        quality = pose.scale * float(np.cos(yaw) ** 2 * np.cos(pitch)) * (1 - opening / _CLOSED / 3)
        if self._patch and quality < self._patch.quality * _BETTER:
            return
        vertices = self._face.vertices(points)
        area = Area.around(vertices[self._face.touched], 3, picture.shape)
        if area.empty:
            return
        self._patch = _Patch(area.of(picture).copy(), vertices - area.origin, quality, light.grey)

    def lay_over(
        self,
        roi: Picture,
        raster: Raster,
        triangles: NDArray[np.intp],
        placed: _Floats,
        pose: HeadPose,
        opening: float,
    ) -> float:
        """Lay the closed patch over ``roi`` as far as the source ``opening`` asks for it.

        Returns:
            The weight given to the patch, 0..1.
        """
        weight = max(0.0, min(1.0, (opening - _FROM) / (_TO - _FROM)))
        if weight == 0 or self._patch is None:
            return 0.0
        whole = raster.area
        margin = math.ceil(_MASK_BLUR * 3 * pose.scale)
        area = Area.around(
            placed[_OUTLINE], margin, (whole.y + whole.height, whole.x + whole.width)
        )
        area = area.within(whole)
        if area.empty:
            return 0.0
        raster = raster.part(area)
        left, top = area.x - whole.x, area.y - whole.y
        base = roi[top : top + area.height, left : left + area.width]
        patch = raster.warp(self._patch.picture, self._patch.vertices[triangles])
        np.copyto(patch, base, where=(raster.ids == 0)[..., None])
        mask = _soft_mask(placed, raster, pose.scale)
        membrane = _membrane(base, patch, placed, mask, raster, pose.scale)
        share = cv2.merge([mask * np.float32(weight)] * 3)
        mixed = base + share * (patch + membrane - base)
        base[:] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
        return weight


def _soft_mask(placed: _Floats, raster: Raster, scale: float) -> _Floats:
    hull = cv2.convexHull(np.round((placed[_OUTLINE] - raster.area.origin) * 16).astype(np.int32))
    mask: NDArray[np.uint8] = np.zeros(raster.ids.shape, np.uint8)
    cv2.fillConvexPoly(mask, hull, 255, lineType=cv2.LINE_AA, shift=4)
    mask[raster.ids == 0] = 0
    edge = max(2, round(scale * 0.05))
    inner = cv2.erode(
        mask,
        np.ones((2 * edge + 1, 2 * edge + 1), np.uint8),
        borderType=cv2.BORDER_CONSTANT,
        borderValue=0,
    )
    soft = cv2.GaussianBlur(inner, (0, 0), scale * _MASK_BLUR)
    return np.asarray(soft, dtype=np.float32) / np.float32(255)


def _membrane(
    base: Picture, patch: Picture, placed: _Floats, mask: _Floats, raster: Raster, scale: float
) -> _Floats:
    """The difference at the patch's rim, spread smoothly over its inside."""
    height, width = mask.shape
    lips: NDArray[np.uint8] = np.zeros(mask.shape, np.uint8)
    hull = cv2.convexHull(np.round((placed[OUTER_RING] - raster.area.origin) * 16).astype(np.int32))
    cv2.fillConvexPoly(lips, hull, 255, shift=4)
    reach = max(2, round(_SMEARED * scale))
    near_lips = cv2.dilate(lips, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    rim = ((near_lips == 0) & (mask > 0.02) & (mask < 0.75)).astype(np.float32)
    small = (max(1, width // _QUARTER), max(1, height // _QUARTER))
    difference = base.astype(np.float32) - patch
    num = cv2.resize(difference * cv2.merge([rim] * 3), small, interpolation=cv2.INTER_AREA)
    den = cv2.resize(rim, small, interpolation=cv2.INTER_AREA)
    sigma = max(2.0, scale * 0.12 / _QUARTER)
    num, den = cv2.GaussianBlur(num, (0, 0), sigma), cv2.GaussianBlur(den, (0, 0), sigma)
    smooth = num / (den + 1e-3)[..., None]
    full = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, dtype=np.float32)
