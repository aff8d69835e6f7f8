"""The one-euro filter: still when nothing moves, quick when it does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class OneEuroSettings:
    """Casiez, Roussel, Vogel: "1 Euro Filter", CHI 2012."""

    min_cutoff_hz: float = 2.0
    """Lower is steadier at rest."""
    speed_gain: float = 6.0
    """Cut-off added per unit of speed; higher lags less in motion."""
    speed_cutoff_hz: float = 3.0


class OneEuro:
    """Smooths arrays of one shape, each value by its own speed."""

    def __init__(self, settings: OneEuroSettings) -> None:
        self._settings = settings
        self._value: _Floats | None = None
        self._speed: _Floats | None = None
        self._at_ns = 0

    def __call__(self, value: _Floats, at_ns: int, unit: float = 1.0) -> _Floats:
        """The smoothed value; speed is measured in ``unit`` per second."""
        last, speed, step = self._value, self._speed, (at_ns - self._at_ns) / 1e9
        self._at_ns = at_ns
        if last is None or speed is None or step <= 0 or step > 1:
            self._value, self._speed = value, np.zeros_like(value)
            return value
        s = self._settings
        speed = speed + _weight(np.float32(s.speed_cutoff_hz), step) * (
            (value - last) / (unit * step) - speed
        )
        cutoff = np.asarray(s.min_cutoff_hz + s.speed_gain * np.abs(speed), dtype=np.float32)
        weight = _weight(cutoff, step)
        smooth = (last + weight * (value - last)).astype(np.float32, copy=False)
        self._value, self._speed = smooth, speed.astype(np.float32, copy=False)
        return smooth


def _weight(cutoff_hz: np.float32 | _Floats, step_s: float) -> _Floats:
    turn = np.asarray(2 * np.pi * step_s * cutoff_hz, dtype=np.float32)
    return turn / (turn + 1)
