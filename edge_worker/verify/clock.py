"""Where does a film lie on the clock of the film that it was made from?"""

import numpy as np
from numpy.typing import NDArray

_MIN_PEAK = 8.0
"""Times the noise of the correlation; less is no common sound."""


def source_shift_ns(
    sound: NDArray[np.float32], source: NDArray[np.float32], sample_rate: int
) -> int | None:
    """Film time of the source film's time 0, in nanoseconds; None if they share no sound.

    The original goes on below the translation and is heard alone between utterances: the phase
    correlation of both sounds has its peak at the shift (Knapp and Carter, 1976).
    """
    size = 1 << (len(sound) + len(source) - 1).bit_length()
    cross = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(source, size))
    correlation = np.fft.irfft(cross / (np.abs(cross) + 1e-9), size)
    peak = int(correlation.argmax())
    if correlation[peak] < _MIN_PEAK * float(correlation.std()):
        return None
    lag = peak - size if peak > size // 2 else peak
    return round(lag * 1_000_000_000 / sample_rate)
