"""The person's own closed mouth, learned while they are looked at."""

import math
from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from engines.face.topology import (
    INNER_MIDDLE_RING,
    INNER_RING,
    LOWER_LIP_INNER,
    OUTER_MIDDLE_RING,
    OUTER_RING,
    RING_LOWER,
    RING_UPPER,
    UPPER_LIP_INNER,
)

_Floats = NDArray[np.float32]

_REMEMBERED: Final = 200  # frames
_STRIDE: Final = 2  # every second frame says as much as every one
_LEARN_EVERY: Final = 12
_MOST_CLOSED: Final = 0.1
_AT_LEAST: Final = 3
_PACE: Final = 0.25  # how much of a new estimate is taken at once: no jump while speaking
# How far each ring takes part when the lips are brought together.
_RINGS: Final = (
    (INNER_RING, 1.0),
    (INNER_MIDDLE_RING, 1.0),
    (OUTER_MIDDLE_RING, 0.9),
    (OUTER_RING, 0.8),
)


def opening_of(head: _Floats) -> float:
    """Inner-lip gap, in IOD, of landmarks in head coordinates."""
    return math.dist(head[LOWER_LIP_INNER, :2].tolist(), head[UPPER_LIP_INNER, :2].tolist())


class Neutral:
    """Learns the face at rest, in head coordinates, lips together."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, _Floats]] = deque(maxlen=_REMEMBERED)
        self._count = 0
        self.points: _Floats | None = None
        """Shape (468, 3), None before the first frame."""

    @property
    def middle(self) -> _Floats:
        """Where the closed lips meet, shape (3,).

        Raises:
            LookupError: nothing was observed yet.
        """
        if self.points is None:
            raise LookupError("no face was observed yet")
        return np.asarray(self.points[[UPPER_LIP_INNER, LOWER_LIP_INNER]].mean(0), np.float32)

    def observe(self, head: _Floats) -> None:
        """Take in landmarks, shape (468, 3), of an untouched frame."""
        self._count += 1
        if self.points is None or self._count % _STRIDE == 0:
            self._seen.append((opening_of(head), head))
        if self.points is None or self._count in (4, 8) or self._count % _LEARN_EVERY == 0:
            self._learn()

    def _learn(self) -> None:
        openings = np.array([opening for opening, _ in self._seen])
        few = max(_AT_LEAST, int(len(openings) * _MOST_CLOSED))
        closest = np.argsort(openings)[:few]
        shape = np.median([self._seen[i][1] for i in closest], axis=0).astype(np.float32)
        rest = _with_lips_together(shape)
        known = self.points
        early = self._count < 2 * _LEARN_EVERY
        self.points = rest if known is None or early else known + np.float32(_PACE) * (rest - known)


def _with_lips_together(shape: _Floats) -> _Floats:
    closed = shape.copy()
    lower, upper = RING_LOWER[1:-1], RING_UPPER[1:-1]
    gap = shape[INNER_RING[lower]] - shape[INNER_RING[upper]]
    for ring, share in _RINGS:
        closed[ring[lower]] -= np.float32(0.5 * share) * gap
        closed[ring[upper]] += np.float32(0.5 * share) * gap
    return closed
