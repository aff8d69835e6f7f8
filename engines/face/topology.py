"""Names for the landmarks of the MediaPipe face topology (468 points)."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]

POINTS: Final = 468

RIGHT_EYE_OUTER: Final = 33
LEFT_EYE_OUTER: Final = 263
NOSE_BASE: Final = 2
CHIN: Final = 152
UPPER_LIP_INNER: Final = 13
LOWER_LIP_INNER: Final = 14
MOUTH_RIGHT: Final = 61
MOUTH_LEFT: Final = 291
CHEEKS: Final = (205, 425)

# Each ring starts at the right corner (left in the picture), runs along the lower lip to the left
# corner at place 10, and back along the upper lip: the order of the attention mesh's lip output.
OUTER_RING: Final[Indices] = np.array(
    [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409]
)
INNER_RING: Final[Indices] = np.array(
    [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415]
)
OUTER_MIDDLE_RING: Final[Indices] = np.array(
    [76, 77, 90, 180, 85, 16, 315, 404, 320, 307, 306, 184, 74, 73, 72, 11, 302, 303, 304, 408]
)
INNER_MIDDLE_RING: Final[Indices] = np.array(
    [62, 96, 89, 179, 86, 15, 316, 403, 319, 325, 292, 183, 42, 41, 38, 12, 268, 271, 272, 407]
)
LIPS: Final[Indices] = np.concatenate(
    [OUTER_RING, INNER_RING, OUTER_MIDDLE_RING, INNER_MIDDLE_RING]
)
RING_LOWER: Final[Indices] = np.arange(11)
"""Places along a ring: the lower lip from corner to corner."""
RING_UPPER: Final[Indices] = np.array([0, 11, 12, 13, 14, 15, 16, 17, 18, 19, 10])
"""Places along a ring: the upper lip from corner to corner."""

FACE_OVAL: Final[Indices] = np.concatenate(
    [
        [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377],
        [152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109],
    ]
)
"""The face's outline, clockwise in the picture from the top of the forehead."""
