"""How much later than its reference a sound is heard in the microphone."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from edge_worker.items import Samples
from engines.vad import SAMPLE_RATE

_BAND_HZ: Final = (250.0, 3600.0)
"""Where speech, small loudspeakers and telephone lines all have something."""


@dataclass(frozen=True, slots=True)
class Lag:
    """The likeliest delay."""

    samples: float
    """At 16 kHz, to a fraction of one."""
    clarity: float
    """Its correlation in standard deviations of all others."""


def find_lag(microphone: Samples, reference: Samples) -> Lag:
    """Where in the microphone's sound the reference lies, by phase correlation.

    C. H. Knapp and G. C. Carter, "The generalized correlation method for estimation of time
    delay", IEEE Trans. ASSP 24(4), 1976 (the phase transform).

    Args:
        microphone: shape (n,), 16 kHz.
        reference: shape (n + w,), w > 1: delays of 0 to w samples are looked for. Its last sample
            lies beside the last one of the microphone where the delay is 0.
    """
    widest = len(reference) - len(microphone)
    size = 1 << (len(reference) + len(microphone) - 1).bit_length()
    cross = np.fft.rfft(microphone, size) * np.conj(np.fft.rfft(reference, size))
    cross /= np.abs(cross) + 1e-9
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    cross[(hertz < _BAND_HZ[0]) | (hertz > _BAND_HZ[1])] = 0
    # microphone[i] = reference[i + widest - lag], so the peak lies at lag - widest <= 0.
    correlation = np.fft.irfft(cross)
    spread = float(np.std(correlation))
    lags = np.roll(correlation, widest)[: widest + 1]
    best = int(np.clip(np.argmax(lags), 1, widest - 1))
    before, peak, after = (float(value) for value in lags[best - 1 : best + 2])
    bend = before - 2 * peak + after
    shift = 0.5 * (before - after) / bend if bend < 0 else 0.0
    return Lag(best + shift, peak / spread if spread else 0.0)
