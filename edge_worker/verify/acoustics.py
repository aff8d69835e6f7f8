"""What speech sounds like, every 10 ms: loudness, hiss and the shape of its spectrum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
STEP_NS = 10_000_000
FLOOR_DB = -28.0
"""Softer counts as silence: the original, ducked by 15 dB, goes on below the translation."""

_HOP = SAMPLE_RATE // 100
_SIZE = 400
_FFT = 512
_BANDS, _CEPSTRA = 26, 13
_LOWEST_HZ, _HIGHEST_HZ = 80.0, 7600.0
_VOICE_HZ = (100.0, 3500.0)
_LOUD = 92
"""Percentile of what counts as loud."""
_HISS_AUDIBLE_DB = 32.0
_MASK = 0.01
"""Noise added to each band, of its loud parts: what is 20 dB below says nothing."""
_TINY = 1e-7

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Acoustics:
    """One stretch of speech; step i is centred on i x 10 ms."""

    level_db: Values
    """Below the loud parts, at least ``FLOOR_DB``."""
    hiss: Values
    """0..1, share of the sound above 3.5 kHz."""
    cepstra: Values
    """Shape (steps, 26): mel cepstrum and its slope (Davis and Mermelstein, 1980)."""


def acoustics(sound: NDArray[np.float32]) -> Acoustics:
    """Analyse 16 kHz mono sound, shape (n,)."""
    padded = np.pad(sound.astype(np.float64), (_SIZE // 2, _SIZE))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _SIZE)[::_HOP]
    frames = frames[: max(1, len(sound) // _HOP)]
    power = np.abs(np.fft.rfft(frames * np.hanning(_SIZE), _FFT, axis=1)) ** 2
    hertz = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE).astype(np.float64)
    low = power[:, (hertz > _VOICE_HZ[0]) & (hertz < _VOICE_HZ[1])].sum(axis=1) + _TINY
    high = power[:, hertz >= _VOICE_HZ[1]].sum(axis=1) + _TINY
    level = 10 * np.log10(low)
    loud = float(np.percentile(level, _LOUD))
    audible = 10 * np.log10(high) > loud - _HISS_AUDIBLE_DB
    return Acoustics(
        level_db=np.maximum(level - loud, FLOOR_DB),
        hiss=np.where(audible, high / (high + low), 0.0),
        cepstra=_cepstra(power @ _mel_bank(hertz).T),
    )


def _cepstra(bands: Values) -> Values:
    masked = bands + _MASK * np.percentile(bands, _LOUD, axis=0) + _TINY
    orders = np.arange(_CEPSTRA)[:, None] * (np.arange(_BANDS) + 0.5)[None, :]
    shape = np.log(masked) @ np.cos(np.pi * orders / _BANDS).T / _BANDS
    ahead = np.pad(shape, ((2, 2), (0, 0)), mode="edge")
    slope = (ahead[3:-1] - ahead[1:-3] + 2 * (ahead[4:] - ahead[:-4])) / 10
    return np.hstack([shape, slope])


def _mel_bank(hertz: Values) -> Values:
    """Triangular filters, shape (bands, frequencies)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    edges = 700 * (10 ** (np.linspace(low, high, _BANDS + 2) / 2595) - 1)
    rising = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    return np.clip(np.minimum(rising, falling), 0, None)
