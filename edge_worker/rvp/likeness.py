"""Whether two sights of a face are of the same person: brow, eyes and nose, set upright."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_worker.items import VideoFrame
from edge_worker.rvp.picture import PlaneViews
from engines.face.topology import LEFT_EYE_OUTER, RIGHT_EYE_OUTER

Likeness = NDArray[np.float32]
"""A small upright picture of the upper face, mean 0, length 1, flat."""

_WIDTH, _HEIGHT = 24, 20
_EYES_APART: Final = 16.0  # pixels of the small picture
_EYES_DOWN: Final = 8.0


def likeness(frame: VideoFrame, points: NDArray[np.float32]) -> Likeness:
    """What the face with landmarks (468, 3) looks like; the mouth, which changes, is left out."""
    right, left = points[RIGHT_EYE_OUTER, :2], points[LEFT_EYE_OUTER, :2]
    across = (left - right) / _EYES_APART
    c, s = across.tolist()
    x, y = ((left + right) / 2).tolist()
    half, down = (_WIDTH - 1) / 2, _EYES_DOWN
    matrix = np.array([[c, -s, x - c * half + s * down], [s, c, y - s * half - c * down]])
    luma = cv2.warpAffine(
        PlaneViews.of(frame.planes).y,
        matrix,
        (_WIDTH, _HEIGHT),
        flags=cv2.INTER_AREA | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    flat = luma.astype(np.float32).reshape(-1)
    flat -= flat.mean()
    return flat / max(float(np.linalg.norm(flat)), 1.0)


def alike(one: Likeness, other: Likeness) -> float:
    """-1 to 1; above about 0.8 it is the same person in much the same light."""
    return float(one @ other)
