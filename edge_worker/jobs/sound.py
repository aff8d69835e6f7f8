"""The sound of jobs: float samples inside a worker, 16-bit PCM on the way."""

import numpy as np
from numpy.typing import NDArray

_FULL_SCALE = 32_767


def to_pcm(samples: NDArray[np.float32]) -> bytes:
    """Signed 16-bit little-endian, of samples whose full scale is +-1."""
    clipped = np.clip(samples, -1.0, 1.0)
    return np.rint(clipped * _FULL_SCALE).astype("<i2").tobytes()


def from_pcm(pcm: bytes) -> NDArray[np.float32]:
    """Samples, full scale +-1.

    Raises:
        ValueError: half a sample is left over.
    """
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)
