# ruff: noqa: RUF001 - the IPA letters are meant
"""How phones sound, roughly: enough to find them again in speech whose text is known.

A frame of sound is its level and the shape of its spectrum, both relative to the utterance's own,
so that neither loudness nor the voice's colour matters. Phones fall into 15 kinds; a plosive is a
closure and a burst. ``script/phone-sounds`` measures the table.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

HOP_S: Final = 0.008
SILENCE: Final = "silence"

_WINDOW_S = 0.02
_BANDS_HZ = (80, 300, 700, 1300, 2200, 3500, 5500, 7900)
_FFT = 1024
_FLOOR_DB = 60.0
_LOUD_DB = -25.0
"""Below the utterance's loud frames; louder ones show the colour of the voice."""
_SHAPELESS_DB, _SHAPED_DB = -55.0, -40.0
"""Sound below the first has no shape of its own, sound above the second has all of it."""


@dataclass(frozen=True, slots=True, eq=False)
class PhoneKind:
    """Phones that sound alike."""

    length_s: float
    """Typical, geometric mean."""
    parts: tuple[str, ...]
    """Names in ``SOUNDS``, in order."""


_LENGTHS_S = {
    "open": 0.075, "front": 0.094, "high": 0.051, "back": 0.097, "close": 0.049, "neutral": 0.043,
    "nasal": 0.049, "lateral": 0.036, "rhotic": 0.041, "hiss": 0.058, "hush": 0.042,
    "breath": 0.042, "voiced": 0.041, "plosive": 0.042, "voiced plosive": 0.037,
}  # fmt: skip
_PHONES = {
    "open": "a ɑ ɐ ʌ æ ɶ",
    "front": "e ɛ ø œ",
    "high": "i ɪ y ʏ ᵻ j",
    "back": "o ɔ ɒ ɵ",
    "close": "u ʊ ʉ ɯ ɨ w ɥ ʍ",
    "neutral": "ə ɜ ɘ ɚ ɝ ɞ ɤ",
    "nasal": "m n ŋ ɲ ɱ ɴ ɳ",
    "lateral": "l ɫ ʎ ɭ ʟ",
    "rhotic": "ɹ r ɾ ɻ ʀ ʁ ɽ",
    "hiss": "s z ʦ ʣ ɬ",
    "hush": "ʃ ʒ ɕ ʑ ʂ ʐ ç ʧ ʤ",
    "breath": "f θ x h χ ħ ɸ",
    "voiced": "v ð β ʋ ɣ ɦ ʕ ʝ ɮ",
    "plosive": "p t k c q ʈ ʔ",
    "voiced plosive": "b d ɡ g ɟ ɖ ɢ ɓ ɗ",
}
_PARTS = {
    "plosive": ("closure", "burst"),
    "voiced plosive": ("voiced closure", "voiced burst"),
}
_KINDS: Final = {
    phone: PhoneKind(_LENGTHS_S[name], _PARTS.get(name, (name,)))
    for name, row in _PHONES.items()
    for phone in row.split()
}


def kind_of(phone: str) -> PhoneKind:
    """The kind of a phone; one that is not known is taken for a neutral vowel."""
    return _KINDS.get(phone, _KINDS["ə"])


def frames(samples: NDArray[np.float32], sample_rate: int) -> NDArray[np.float64]:
    """Level in dB below the loudest and seven bands relative to the mean, shape (n, 8).

    Args:
        samples: mono, full scale +-1.
        sample_rate: Hz, 16000 or more.
    """
    count = int(len(samples) / (HOP_S * sample_rate))
    if not count:
        return np.zeros((0, len(_BANDS_HZ)))
    power = _band_power(samples, sample_rate, count)
    level = 10 * np.log10(power.sum(1) + 1e-12)
    shape = np.maximum(10 * np.log10(power + 1e-12) - level[:, None], -50.0)
    level = np.maximum(level - np.quantile(level, 0.95), -_FLOOR_DB)
    shape -= shape[level > _LOUD_DB].mean(0)
    shape *= np.clip((level - _SHAPELESS_DB) / (_SHAPED_DB - _SHAPELESS_DB), 0.0, 1.0)[:, None]
    return np.concatenate((level[:, None], shape), 1)


def _band_power(samples: NDArray[np.float32], rate: int, count: int) -> NDArray[np.float64]:
    """Shape (count, 7)."""
    window = int(_WINDOW_S * rate)
    size = max(_FFT, window)
    padded = np.pad(samples, (window, window))
    middles = ((np.arange(count) + 0.5) * HOP_S * rate).astype(int) + window
    pieces = padded[middles[:, None] + np.arange(window) - window // 2] * np.hanning(window)
    spectrum = np.abs(np.fft.rfft(pieces, size)) ** 2 * (_FFT / size)
    edges = np.searchsorted(np.fft.rfftfreq(size, 1 / rate), _BANDS_HZ)
    power: NDArray[np.float64] = np.add.reduceat(spectrum[:, : edges[-1]], edges[:-1], 1)
    return power
