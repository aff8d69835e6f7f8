"""Loudness of synthesized speech: where it is voiced, how loud that is, and setting it."""

import numpy as np

from edge_worker.items import Samples

CEILING = 10 ** (-1 / 20)
"""-1 dBFS: the limiter lets nothing through above it."""
_WINDOW_S = 0.005
_AUDIBLE = 10 ** (-46 / 20)
"""Of the loudest window; quieter ones are silence. A weak final fricative lies at about -35 dB."""


def voiced_span(samples: Samples, sample_rate: int) -> tuple[int, int]:
    """First sample of the first and one past the last audible window; (0, 0) for silence."""
    window, levels = _levels(samples, sample_rate)
    audible = np.flatnonzero(levels > _AUDIBLE * levels.max(initial=0.0))
    if not len(audible):
        return 0, 0
    return int(audible[0]) * window, min(len(samples), (int(audible[-1]) + 1) * window)


def normalised(samples: Samples, sample_rate: int, *, rms_dbfs: float) -> Samples:
    """``samples`` with their audible parts at ``rms_dbfs``, peaks limited to ``CEILING``."""
    _, levels = _levels(samples, sample_rate)
    audible = levels[levels > _AUDIBLE * levels.max(initial=0.0)]
    if not len(audible):
        return samples
    rms = float(np.sqrt(np.mean(np.square(audible, dtype=np.float64))))
    return _limited(samples * np.float32(10 ** (rms_dbfs / 20) / rms), sample_rate)


def _levels(samples: Samples, sample_rate: int) -> tuple[int, Samples]:
    """Length of a window in samples, and the RMS of each."""
    window = max(1, round(_WINDOW_S * sample_rate))
    count = -(-len(samples) // window)
    padded = np.pad(samples, (0, count * window - len(samples))).reshape(count, window)
    levels: Samples = np.sqrt(np.mean(np.square(padded), axis=1))
    return window, levels


def _limited(samples: Samples, sample_rate: int) -> Samples:
    """Turn down smoothly around peaks above the ceiling, a window ahead of each."""
    window, _ = _levels(samples, sample_rate)
    count = -(-len(samples) // window)
    padded = np.pad(np.abs(samples), (0, count * window - len(samples))).reshape(count, window)
    needed = np.minimum(1.0, CEILING / np.maximum(padded.max(axis=1), 1e-9))
    if needed.min(initial=1.0) >= 1.0:
        return samples
    # Gains at the windows' edges, each low enough for both neighbours; straight lines between.
    edges = np.minimum(np.append(needed, 1.0), np.insert(needed, 0, 1.0))
    gains = np.interp(np.arange(len(samples)), np.arange(count + 1) * window, edges)
    limited: Samples = np.multiply(samples, gains, dtype=np.float32)
    return limited
