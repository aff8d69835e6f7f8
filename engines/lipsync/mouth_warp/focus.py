"""How blurred the camera sees this face; what is painted into it must be no sharper."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture

# Eyes, brows and mouth: where a face has edges.
_EDGES: Final = np.array([33, 133, 362, 263, 70, 300, 61, 291, 0, 17])
_MIN_SIDE: Final = 8
# Detail that a blur of 1 pixel takes away over that of one of 2; beyond _TELLS, of 2 over 4.
_SHARP: Final = 0.58  # of a face blurred by less than a third of a pixel
_SIGMA_PER_RATIO: Final = 7.5
_TELLS: Final = 1.3  # pixels of blur that the finer ratio can tell
_SOFT: Final = 0.50  # the coarser ratio of a face blurred by a pixel
_SIGMA_PER_COARSE_RATIO: Final = 12.0
_LEAST: Final = 0.45
_MOST: Final = 3.0


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
    fine, middle = _taken_away(grey, 1), _taken_away(grey, 2)
    sigma = (_SHARP - fine / middle) * _SIGMA_PER_RATIO
    if sigma > _TELLS:
        coarse = (_SOFT - middle / _taken_away(grey, 4)) * _SIGMA_PER_COARSE_RATIO
        sigma = max(_TELLS, 1 + coarse)
    return min(_MOST, max(_LEAST, sigma))


def _taken_away(grey: NDArray[np.floating], sigma: float) -> float:
    """What a blur of ``sigma`` takes from a picture, root of the mean square."""
    change = grey - cv2.GaussianBlur(grey, (0, 0), sigma)
    return max(1e-2, float(np.sqrt(np.square(change).mean())))
