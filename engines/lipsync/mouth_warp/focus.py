"""How blurred the camera sees this face; what is painted into it must be no sharper."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture

# Eyes, brows and mouth: where a face has edges.
_EDGES: Final = np.array([33, 133, 362, 263, 70, 300, 61, 291, 0, 17])
_MIN_SIDE: Final = 8
_SHARP: Final = 0.58  # detail ratio of a face blurred by less than a third of a pixel
_SIGMA_PER_RATIO: Final = 7.5
_LEAST: Final = 0.45
_MOST: Final = 1.8


def blur_sigma(picture: Picture, points: NDArray[np.float32]) -> float:
    """Standard deviation, in pixels, of the blur on a face with landmarks (468, 3).

    From the ratio of detail that a narrow and a wide blur take away, set by blurring a sharp
    portrait by known amounts.
    """
    low = np.maximum(np.floor(points[_EDGES, :2].min(0)), 0).astype(int)
    high = np.ceil(points[_EDGES, :2].max(0)).astype(int)
    part = picture[low[1] : high[1], low[0] : high[0]]
    if min(part.shape[:2], default=0) < _MIN_SIDE:
        return _LEAST
    grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY).astype(np.float32)
    fine = float(np.square(grey - cv2.GaussianBlur(grey, (0, 0), 1)).mean())
    coarse = float(np.square(grey - cv2.GaussianBlur(grey, (0, 0), 2)).mean())
    ratio = float(np.sqrt(fine / max(coarse, 1e-3)))
    return float(np.clip((_SHARP - ratio) * _SIGMA_PER_RATIO, _LEAST, _MOST))
