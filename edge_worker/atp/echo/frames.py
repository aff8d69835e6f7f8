"""Short-time spectra of 16 kHz sound that add up to the sound again."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_worker.items import Samples

WINDOW: Final = 512
"""Samples per spectrum, 32 ms."""
HOP: Final = 256
"""Samples from one spectrum to the next, 16 ms."""
BINS: Final = WINDOW // 2 + 1

Spectra = NDArray[np.complex64]
"""Shape (frames, 257)."""

_SHAPE: Final = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(
    np.float32
)
"""Its square and that of its neighbours add up to one."""


def spectra(samples: Samples) -> Spectra:
    """All whole windows of ``samples``, shape (n,)."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    return np.fft.rfft(windows * _SHAPE, axis=1).astype(np.complex64)


class Joiner:
    """Adds spectra up to sound; each call gives ``HOP`` samples per spectrum.

    The first ``HOP`` samples that it gives lie before the first whole ones.
    """

    def __init__(self) -> None:
        self._tail = np.zeros(HOP, np.float32)

    def join(self, frames: Spectra) -> Samples:
        """The sound up to the middle of the last window, shape (frames * 256,)."""
        windows = np.fft.irfft(frames, axis=1).astype(np.float32) * _SHAPE
        sound = np.zeros((len(frames) + 1) * HOP, np.float32)
        sound[:HOP] = self._tail
        for number, window in enumerate(windows):
            sound[number * HOP : number * HOP + WINDOW] += window
        self._tail = sound[len(frames) * HOP :].copy()
        return sound[: len(frames) * HOP]
