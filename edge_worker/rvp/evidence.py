"""How far a mouth's motion and a stretch of sound belong together.

A voice is loud while its mouth is open and moves, and quiet while it is shut. For one mouth and
one stretch of sound this is measured at every lag at which a camera may set sound against picture,
and turned into the logarithm of how much likelier the measurements are for the mouth that makes
the sound than for another one. How lips and loudness go together is described by Yehia, Rubin,
Vatikiotis-Bateson: "Quantitative association of vocal-tract and facial behavior", Speech
Communication 1998.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]

STEP_NS: Final = 40_000_000
LAGS_NS: Final = tuple(range(-240_000_000, 240_000_001, STEP_NS))
"""How much later the sound comes than the mouth; cameras keep within 200 ms."""
REACH_NS: Final = 600_000_000
"""What is looked at before and after the speech: a mouth begins and ends with its voice."""
MIN_STEPS: Final = 10

_PAD: Final = len(LAGS_NS) // 2
_SLOW_STEPS: Final = 9  # half the window whose mean is what syllables stand out from
_SYLLABLES_HZ: Final = 5.0  # independent glimpses a second
_HIGHEST: Final = 0.95  # correlation that is believed
_JITTER: Final = 0.008  # IOD, standard deviation of the opening of a still face
_STILL_SPREAD: Final = 0.03  # IOD
_STILL_PACE: Final = 0.05  # IOD/s


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the measurements in the evidence, in natural logarithms of the odds."""

    slow: float
    """Per Fisher z of opening against loudness."""
    fast: float
    """The same of what is faster than words."""
    brisk: float
    """Per e-fold of how fast the mouth moves for how far it opens: a yawn is slow."""
    offset: float


CALIBRATED: Final = Weights(2.2, 2.8, 3.4, -6.8)
"""Fitted by ``script/calibrate-speakers``."""


def resampled(times_ns: Curve, values: Curve, at_ns: Curve, smooth: int) -> Curve:
    """``values`` at even steps, each the mean of ``smooth`` (odd) neighbours."""
    padded = np.pad(values, smooth // 2, "edge")
    mean = np.convolve(padded, np.full(smooth, 1 / smooth), "valid")
    return np.asarray(np.interp(at_ns, times_ns, mean))


def measure(opening: Curve, level: Curve) -> NDArray[np.float64]:
    """What is seen of one mouth during one stretch of sound, at every lag.

    Args:
        opening: inner-lip gap in IOD every ``STEP_NS``, shape (n,), n >= ``MIN_STEPS``.
        level: loudness from 0, silence, to 1; shape (n + len(LAGS_NS) - 1,), as far before and
            after as the lags reach.

    Returns:
        Shape (len(LAGS_NS), 4): a row of measurements per lag, in the order of ``Weights``.
    """
    count = len(opening)
    sure = math.sqrt(max(1.0, count * STEP_NS / 1e9 * _SYLLABLES_HZ - 3))
    there = np.lib.stride_tricks.sliding_window_view(level, count)
    fast_there = np.lib.stride_tricks.sliding_window_view(_fast(level), count)
    pace = np.abs(np.diff(opening)) / (STEP_NS / 1e9)
    low, high = np.percentile(opening, (5, 95))
    rows = np.empty((len(LAGS_NS), 4))
    rows[:, 0] = sure * _fisher(opening, there)
    rows[:, 1] = sure * _fisher(_fast(opening), fast_there)
    rows[:, 2] = math.log((float(pace.mean()) + _STILL_PACE) / (high - low + _STILL_SPREAD))
    rows[:, 3] = 1.0
    return rows


def odds(measured: NDArray[np.float64], weights: Weights = CALIBRATED) -> Curve:
    """Logarithm of the likelihood ratio at every lag, shape (len(LAGS_NS),)."""
    w = weights
    return np.asarray(measured @ np.array([w.slow, w.fast, w.brisk, w.offset]))


def _fast(curve: Curve) -> Curve:
    window = np.hanning(2 * _SLOW_STEPS + 3)[1:-1]
    slow = np.convolve(np.pad(curve, _SLOW_STEPS, "edge"), window / window.sum(), "valid")
    return curve - slow


def _fisher(one: Curve, others: NDArray[np.float64]) -> Curve:
    """Fisher's z of a mouth's correlation with each row; what may be jitter counts for little."""
    a = one - one.mean()
    b = others - others.mean(1, keepdims=True)
    moved = float(a @ a) + len(a) * _JITTER**2
    power = math.sqrt(moved) * np.sqrt(np.square(b).sum(1))
    r = np.divide(b @ a, power, out=np.zeros(len(b)), where=power > 1e-9)
    return np.asarray(np.arctanh(np.clip(r, -_HIGHEST, _HIGHEST)))
