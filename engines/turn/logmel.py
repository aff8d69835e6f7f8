"""Log-mel features as Whisper's encoder takes them (Radford et al., 2022, section 2.2)."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
FFT_SIZE = 400
HOP = 160

_LINEAR_HZ_PER_MEL = 200.0 / 3.0
_LOG_FROM_HZ = 1000.0
_LOG_FROM_MEL = _LOG_FROM_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def log_mel(samples: NDArray[np.float32], bands: int = 80) -> NDArray[np.float32]:
    """Log-mel spectrogram, clipped 8 decades below its peak and scaled to about -1..1.

    Args:
        samples: 16 kHz mono, shape (n,), n >= 400.
        bands: mel bands.

    Returns:
        Shape (bands, n // 160).
    """
    half = FFT_SIZE // 2
    padded = np.pad(samples.astype(np.float64), half, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_SIZE)[::HOP]
    frames = frames[: len(samples) // HOP]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    logs = np.log10(np.maximum(power @ _mel_filters(bands), 1e-10)).T
    scaled: NDArray[np.float64] = (np.maximum(logs, logs.max() - 8.0) + 4.0) / 4.0
    return scaled.astype(np.float32)


@cache
def _hann() -> NDArray[np.float64]:
    return np.hanning(FFT_SIZE + 1)[:-1]


@cache
def _mel_filters(bands: int) -> NDArray[np.float64]:
    """Triangles of equal area on Slaney's mel scale, shape (201, bands)."""
    top = _to_mel(SAMPLE_RATE / 2)
    edges = _to_hz(np.linspace(0.0, top, bands + 2))
    bins = np.fft.rfftfreq(FFT_SIZE, 1.0 / SAMPLE_RATE)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising = (bins - left) / (centre - left)
    falling = (right - bins) / (right - centre)
    triangles: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    return triangles * (2.0 / (right - left))


def _to_mel(hz: float) -> float:
    if hz < _LOG_FROM_HZ:
        return hz / _LINEAR_HZ_PER_MEL
    return float(_LOG_FROM_MEL + np.log(hz / _LOG_FROM_HZ) / _LOG_STEP)


def _to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = np.maximum(mel, _LOG_FROM_MEL) - _LOG_FROM_MEL
    linear = np.minimum(mel, _LOG_FROM_MEL) * _LINEAR_HZ_PER_MEL
    hz: NDArray[np.float64] = linear * np.exp(_LOG_STEP * above)
    return hz
