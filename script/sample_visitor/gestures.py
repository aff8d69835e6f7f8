"""How the visitor moves: a slow sway, nods with her own emphasis, blinks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_visitor.voice import SAMPLE_RATE, Voice

FPS = 25
_SEED = 7

Curve = NDArray[np.float64]
"""One value per frame."""

_BLINK = (0.35, 0.95, 1.0, 0.7, 0.35, 0.1)
"""How far the lids are closed, frame by frame: down in 80 ms, up in 160 ms."""


@dataclass(frozen=True, slots=True)
class Gesture:
    """Where the visitor is in one frame; angles in radians, shifts in pixels."""

    yaw: float
    pitch: float
    roll: float
    x: float
    y: float
    zoom: float
    blink: float
    """0 open, 1 closed."""


def gestures(voice: Voice) -> list[Gesture]:
    """One gesture per frame of the film; the same for the same voice."""
    count = round(voice.duration_s * FPS)
    rng = np.random.default_rng(_SEED)
    speaking = _speaking(voice, count)
    emphasis = _emphasis(voice, count) * speaking
    lively = 0.35 + 0.65 * speaking
    yaw = 2.6 * _drift(rng, count, 0.04, 0.3) + 1.1 * _drift(rng, count, 0.3, 1.0) * lively
    pitch = 1.2 * _drift(rng, count, 0.05, 0.35) + 0.5 * _drift(rng, count, 0.4, 1.2) * lively
    roll = 1.3 * _drift(rng, count, 0.04, 0.35) + 0.6 * _drift(rng, count, 0.3, 0.9) * lively
    turned = np.radians(np.stack([_within(yaw, 6.5), _within(pitch + 1.5 * emphasis, 4.5), roll]))
    x = 4.5 * _drift(rng, count, 0.03, 0.2) + 0.8 * _drift(rng, count, 0.3, 0.8)
    y = 1.6 * _drift(rng, count, 0.04, 0.3) + 1.2 * emphasis
    zoom = 1 + 0.006 * _drift(rng, count, 0.03, 0.2)
    blink = _blinks(rng, count)
    table = np.stack([*turned, x, y, zoom, blink], axis=1)
    return [Gesture(*map(float, row)) for row in table]


def _drift(rng: np.random.Generator, count: int, low_hz: float, high_hz: float) -> Curve:
    """Smooth noise of unit strength between two frequencies."""
    hertz = np.fft.rfftfreq(count, 1 / FPS)
    spectrum = np.fft.rfft(rng.standard_normal(count))
    centre, width = np.sqrt(low_hz * high_hz), np.log(high_hz / low_hz) / 2
    distance = np.log(np.maximum(hertz, 1e-4) / centre) / width
    curve = np.fft.irfft(spectrum * np.exp(-0.5 * distance**2), count)
    return np.asarray(curve / curve.std(), np.float64)


def _within(curve: Curve, limit: float) -> Curve:
    return np.asarray(limit * np.tanh(curve / limit), np.float64)


def _smooth(curve: Curve, seconds: float) -> Curve:
    kernel = np.hanning(max(3, round(2 * seconds * FPS)) + 2)
    return np.asarray(np.convolve(curve, kernel / kernel.sum(), mode="same"), np.float64)


def _speaking(voice: Voice, count: int) -> Curve:
    times = np.arange(count) / FPS
    active = np.zeros(count)
    for s in voice.sentences:
        active[(times > s.start_s - 0.15) & (times < s.end_s + 0.2)] = 1
    return _smooth(active, 0.3)


def _emphasis(voice: Voice, count: int) -> Curve:
    """Louder than the second around it, -1..1: heads nod on stressed words."""
    hop = SAMPLE_RATE // FPS
    padded = np.pad(voice.samples, (0, max(0, count * hop - len(voice.samples))))
    level = np.log10(np.sqrt((padded[: count * hop].reshape(count, hop) ** 2).mean(1)) + 3e-3)
    return np.asarray(np.tanh(2.2 * (_smooth(level, 0.16) - _smooth(level, 0.7))), np.float64)


def _blinks(rng: np.random.Generator, count: int) -> Curve:
    closed = np.zeros(count)
    at = rng.uniform(1.0, 2.0)
    while (first := round(at * FPS)) + len(_BLINK) < count:
        closed[first : first + len(_BLINK)] = _BLINK
        at += rng.uniform(2.2, 5.2)
    return closed
