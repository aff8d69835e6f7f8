"""How bright and of what tint the light on the mouth is, read off the face itself."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from engines.face.topology import CHEEKS

_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """Mean BGR colours beside the mouth and of the lower lip."""

    right: _Floats
    """Cheek on the picture's left."""
    left: _Floats
    lip: _Floats

    @classmethod
    def on(cls, picture: Picture, points: _Floats, iod_px: float) -> "Light":
        """Read the light off a face with landmarks ``points``, shape (468, 3)."""
        radius = max(1, round(0.05 * iod_px))
        lip = 0.45 * points[14, :2] + 0.55 * points[17, :2]
        return cls(
            _mean(picture, points[CHEEKS[0], :2], radius),
            _mean(picture, points[CHEEKS[1], :2], radius),
            _mean(picture, lip, max(1, radius // 2)),
        )

    def eased(self, before: "Light | None", pace: float) -> "Light":
        """This light, taken over from ``before`` by a share of ``pace``."""
        if before is None:
            return self
        share = np.float32(pace)
        return Light(
            before.right + share * (self.right - before.right),
            before.left + share * (self.left - before.left),
            before.lip + share * (self.lip - before.lip),
        )

    @property
    def skin(self) -> _Floats:
        """Mean skin colour."""
        return np.asarray((self.right + self.left) / 2, dtype=np.float32)

    @property
    def level(self) -> float:
        """Mean brightness of the skin, 1..255."""
        return max(1.0, float(self.skin.mean()))


def _mean(picture: Picture, at: _Floats, radius: int) -> _Floats:
    height, width = picture.shape[:2]
    x = max(0, min(width - 1, round(float(at[0]))))
    y = max(0, min(height - 1, round(float(at[1]))))
    patch = picture[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
    return np.array(cv2.mean(patch)[:3], dtype=np.float32)
