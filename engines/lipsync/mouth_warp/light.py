"""The light on a face: skin and lip colours that whatever is painted must follow."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from engines.face.topology import CHEEKS

_Floats = NDArray[np.float32]

# Chroma (1 - least / largest channel) of skin: below the first the picture has no colour at all,
# an infrared one; from the second on it has all that daylight shows.
_GREY: Final = 0.05
_COLOURED: Final = 0.30


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """Colours beside the mouth and of the lower lip."""

    right: _Floats
    """Cheek on the picture's left, mean BGR."""
    left: _Floats
    lip: _Floats
    skin: _Floats
    """Mean of the cheeks."""
    level: float
    """Brightness of the skin, 1..255."""
    chroma: float
    """Of the skin: 0 grey .. 1."""

    @classmethod
    def of(cls, right: _Floats, left: _Floats, lip: _Floats) -> "Light":
        """From mean BGR colours."""
        skin = np.asarray((right + left) / 2, dtype=np.float32)
        blue, green, red = skin.tolist()
        chroma = 1 - min(blue, green, red) / max(1.0, blue, green, red)
        return cls(right, left, lip, skin, max(1.0, (blue + green + red) / 3), chroma)

    @classmethod
    def on(cls, picture: Picture, points: _Floats, iod_px: float) -> "Light":
        """Read the light off a face with landmarks ``points``, shape (468, 3)."""
        radius = max(1, round(0.05 * iod_px))
        lip = 0.45 * points[14, :2] + 0.55 * points[17, :2]
        return cls.of(
            _mean(picture, points[CHEEKS[0], :2], radius),
            _mean(picture, points[CHEEKS[1], :2], radius),
            _mean(picture, lip, max(1, radius // 2)),
        )

    def eased(self, before: "Light | None", pace: float) -> "Light":
        """This light, taken over from ``before`` by a share of ``pace``.

        A camera that turns to infrared does so from one frame to the next, and so does the light.
        """
        if before is None or before.grey != self.grey:
            return self
        share = np.float32(pace)
        return Light.of(
            before.right + share * (self.right - before.right),
            before.left + share * (self.left - before.left),
            before.lip + share * (self.lip - before.lip),
        )

    @property
    def grey(self) -> bool:
        """True for a picture without colour, as cameras give at night."""
        return self.chroma < _GREY

    @property
    def colour(self) -> float:
        """How much of its own colour a painted thing may show, 0 in infrared .. 1."""
        return max(0.0, min(1.0, (self.chroma - _GREY) / (_COLOURED - _GREY)))


def _mean(picture: Picture, at: _Floats, radius: int) -> _Floats:
    height, width = picture.shape[:2]
    x = max(0, min(width - 1, round(float(at[0]))))
    y = max(0, min(height - 1, round(float(at[1]))))
    patch = picture[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
    return np.array(cv2.mean(patch)[:3], dtype=np.float32)
