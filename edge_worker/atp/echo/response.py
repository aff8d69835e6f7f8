"""The way from the loudspeaker to the microphone, learned in short-time spectra.

Every bin has a short filter over the reference's frames (Y. Avargel and I. Cohen, "System
identification in the short-time Fourier transform domain with crossband filtering", IEEE Trans.
ASLP 15(4), 2007, without cross-bands). It is found by least squares in which every frame counts
the less, the more else is heard in it: so it is learned while somebody speaks as well. Least
squares over sound that is held back is right from the first frame on, where an adaptive filter
needs a second of echo to settle.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_worker.atp.echo.frames import BINS, Spectra

TAPS: Final = 8
"""Frames that the response spans: 128 ms and a window."""

_REMEMBERED: Final = 0.985
"""Weight of a frame in the next one: a second is e-fold."""
_RIDGE: Final = 1e-3
_FAINTEST: Final = 1e-5
"""Power below which a bin holds nothing: about -70 dBFS."""

History = NDArray[np.complex64]
"""Shape (257, frames, 8): every frame of the reference and the seven before it."""


def history(reference: Spectra) -> History:
    """Reference spectra, shape (frames + 7, 257), as the filters see them."""
    windows = np.lib.stride_tricks.sliding_window_view(reference, TAPS, axis=0)
    return np.ascontiguousarray(windows[:, :, ::-1].transpose(1, 0, 2))


class RoomResponse:
    """One filter per bin."""

    def __init__(self) -> None:
        self._filters = np.zeros((BINS, TAPS, 1), np.complex64)
        self._autocorrelation = np.zeros((BINS, TAPS, TAPS), np.complex64)
        self._correlation = np.zeros((BINS, TAPS, 1), np.complex64)
        self._unsolved = 0
        """What was learned since the filters were found last; every other time is enough."""
        self._fresh = True

    def echo(self, far: History) -> Spectra:
        """What is heard of the reference in the microphone, shape (frames, 257)."""
        return (far @ self._filters)[..., 0].T

    def learn(self, near: Spectra, far: History) -> None:
        """Take in frames of the microphone and of the reference beside them."""
        rest = np.square(np.abs(near - self.echo(far))).T
        padded = np.pad(rest, ((0, 0), (1, 1)), mode="edge")
        rest = (padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]) / 3
        frames = len(near)
        age = _REMEMBERED ** np.arange(frames - 1, -1, -1, dtype=np.float32)
        weighted = (np.conj(far) * (age / (rest + _FAINTEST))[..., None]).transpose(0, 2, 1)
        kept = np.float32(_REMEMBERED**frames)
        self._autocorrelation = kept * self._autocorrelation + weighted @ far
        self._correlation = kept * self._correlation + weighted @ near.T[..., None]
        self._unsolved += 1
        if self._unsolved > 1 or self._fresh:
            self._solve()

    def forget(self) -> None:
        """Keep the filters, but not what they were learned from."""
        self._autocorrelation[:] = 0
        self._correlation[:] = 0
        self._fresh = True

    def _solve(self) -> None:
        self._unsolved, self._fresh = 0, False
        power = np.einsum("kii->k", self._autocorrelation).real / TAPS
        ridge = (_RIDGE * power + 1e-3)[:, None, None] * np.eye(TAPS, dtype=np.float32)
        self._filters = np.linalg.solve(
            self._autocorrelation + ridge.astype(np.complex64), self._correlation
        )
