"""How loud the voice band of one stream was lately, from 0, silence, to 1."""

from bisect import bisect_left
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_worker.items import AudioBlock

_STEP_NS: Final = 20_000_000
_BAND_HZ: Final = (300.0, 3400.0)  # telephone speech: above wind and hum, below hiss
_SILENT: Final = 1e-7
_RANGE: Final = 3.0  # powers of ten from the loudest down to what counts as silence, at most
_LEAST_RANGE: Final = 0.5  # so that a noise alone is not blown up

_LOUD: Final = 0.4
_ENDS_NS: Final = 60_000_000  # a voice fades in and out beyond what is called its beginning and end

_Floats = NDArray[np.float64]


class Loudness:
    """Remembers the level of the voice band.

    Args:
        kept_ns: how far back.
    """

    def __init__(self, kept_ns: int) -> None:
        self._kept_ns = kept_ns
        self._times_ns: list[float] = []
        self._levels: list[float] = []

    def hear(self, block: AudioBlock) -> None:
        """Take in sound of any rate, in order."""
        if not block.samples.size:
            return
        steps = max(1, round(block.duration_ns / _STEP_NS))
        size = len(block.samples) // steps
        self._levels += _levels(block.samples[: steps * size].reshape(steps, size), block)
        length_ns = size * 1e9 / block.sample_rate
        self._times_ns += [block.pts_ns + (i + 0.5) * length_ns for i in range(steps)]
        if self._times_ns[0] < block.end_ns - 2 * self._kept_ns:
            old = bisect_left(self._times_ns, block.end_ns - self._kept_ns)
            del self._times_ns[:old], self._levels[:old]

    def between(self, from_ns: float, to_ns: float) -> tuple[_Floats, _Floats]:
        """Times and levels within; empty where nothing was heard.

        The range is that of what was heard lately, so that neither the microphone's gain nor an
        even noise matters.
        """
        if not self._levels:
            return np.empty(0), np.empty(0)
        lately = np.array(self._levels[-self._kept_ns // _STEP_NS :])
        low, high = np.percentile(lately, (10, 95))
        low = max(low, high - _RANGE)
        first = bisect_left(self._times_ns, from_ns)
        last = bisect_left(self._times_ns, to_ns)
        levels = (np.array(self._levels[first:last]) - low) / max(high - low, _LEAST_RANGE)
        return np.array(self._times_ns[first:last]), np.clip(levels, 0, 1)

    def with_silence(self, start_ns: int, end_ns: int, reach_ns: int) -> tuple[int, int]:
        """A stretch of speech with the silence around it, at most ``reach_ns`` on each side.

        Whoever speaks just before or after is left out.
        """
        times, levels = self.between(start_ns - reach_ns, end_ns + reach_ns)
        loud = times[levels > _LOUD]
        before = loud[loud < start_ns - _ENDS_NS]
        after = loud[loud > end_ns + _ENDS_NS]
        from_ns = before[-1] + _ENDS_NS if len(before) else start_ns - reach_ns
        to_ns = after[0] - _ENDS_NS if len(after) else end_ns + reach_ns
        return min(round(from_ns), start_ns), max(round(to_ns), end_ns)


@lru_cache(maxsize=16)
def _window(size: int) -> _Floats:
    return np.hanning(size)


def _levels(parts: NDArray[np.float32], block: AudioBlock) -> list[float]:
    """Logarithm (base 10) of each row's power in the voice band."""
    size = parts.shape[1]
    first, last = (round(hertz * size / block.sample_rate) for hertz in _BAND_HZ)
    spectrum = np.fft.rfft(parts * _window(size), axis=1)[:, first : max(last, first + 1)]
    power = np.square(np.abs(spectrum)).sum(1) / (size * size)
    return [float(level) for level in np.log10(power + _SILENT)]
