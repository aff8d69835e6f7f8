# ruff: noqa: RUF001 - the IPA letters are meant
"""When is each phone of a known text spoken? Dynamic programming over loudness and hiss.

espeak-ng gives the phones of a sentence; each phone class is expected at a loudness and with or
without hiss, and to last about so long. The cheapest way through the sentence's sound gives the
times. That is enough for a mouth; a phonetician would train a model.
"""

import subprocess
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_worker.items import PhonemeTiming
from sample_visitor.voice import SAMPLE_RATE, Samples, Sentence

_STEP_S = 0.01
_MAX_STEPS = 32
_PAUSE_MAX_STEPS = 140
_DURATION_WEIGHT = 3.0
_HISS_WEIGHT = 4.0


@dataclass(frozen=True, slots=True)
class _Sound:
    """What a class of phones is expected to be like."""

    level_db: float
    """Below the sentence's loud parts."""
    hiss: float
    """0..1, sound above 3.5 kHz."""
    duration_s: float


_PAUSE = _Sound(-45, 0, 0.5)
_CLASSES = (
    ("aɐæɑʌ", _Sound(-3, 0, 0.095)),
    ("eɛoɔəɜ", _Sound(-4, 0, 0.085)),
    ("iɪuʊy", _Sound(-8, 0, 0.065)),
    ("mnɲŋ", _Sound(-11, 0, 0.065)),
    ("lʎɾrɹjwʁxhɣ", _Sound(-11, 0, 0.05)),
    ("bdgɡ", _Sound(-18, 0, 0.06)),
    ("ptkc", _Sound(-30, 0.1, 0.075)),
    ("ʒzvð", _Sound(-16, 0.6, 0.07)),
    ("sʃfθ", _Sound(-20, 0.9, 0.09)),
)
_SOUNDS = {phone: sound for phones, sound in _CLASSES for phone in phones}
_STRESSED = 1.35


@dataclass(frozen=True, slots=True)
class _Phone:
    symbol: str
    sound: _Sound


def aligned(sentence: Sentence, samples: Samples) -> tuple[PhonemeTiming, ...]:
    """Phones of ``sentence`` with their place in ``samples``, the sound of the whole film.

    Times are nanoseconds of the film; pauses inside the sentence are the symbol ``","``.
    """
    phones = _phones(sentence.source_text)
    level, hiss = _features(
        samples[round(sentence.start_s * SAMPLE_RATE) : round(sentence.end_s * SAMPLE_RATE)]
    )
    times = sentence.start_s + np.arange(len(level)) * _STEP_S
    pausing = np.zeros(len(level), bool)
    for begin, end in sentence.pauses_s:
        pausing |= (times >= begin) & (times < end)
    cost = np.stack([_cost(phone, level, hiss, pausing) for phone in phones])
    starts = _cheapest(phones, cost)
    ends = [*starts[1:], len(level)]
    return tuple(
        PhonemeTiming(phone.symbol, _ns(sentence, first), _ns(sentence, last))
        for phone, first, last in zip(phones, starts, ends, strict=True)
        if last > first
    )


def _ns(sentence: Sentence, step: int) -> int:
    return round((sentence.start_s + step * _STEP_S) * 1e9)


def _phones(text: str) -> list[_Phone]:
    """Phones with a possible pause between any two words."""
    spoken = subprocess.run(
        ["espeak-ng", "-q", "--ipa", "-v", "pt-br", "--stdin"],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    phones: list[_Phone] = []
    for word in spoken.split():
        stressed = False
        for symbol in unicodedata.normalize("NFD", word):
            stressed = stressed or symbol == "ˈ"
            sound = _SOUNDS.get(symbol)
            if sound is None:
                continue
            vowel = sound.level_db > -10
            longer = _STRESSED if stressed and vowel else 1.0
            phones.append(
                _Phone(symbol, _Sound(sound.level_db, sound.hiss, sound.duration_s * longer))
            )
            stressed = stressed and not vowel
        phones.append(_Phone(",", _PAUSE))
    return phones[:-1]


def _features(samples: Samples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Level of 100-3500 Hz in dB below the loud parts, and hiss 0..1, every 10 ms."""
    size, hop = round(0.025 * SAMPLE_RATE), round(_STEP_S * SAMPLE_RATE)
    padded = np.pad(samples.astype(np.float64), (size // 2, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    frames = frames[: len(samples) // hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    low = power[:, (hertz > 100) & (hertz < 3500)].sum(axis=1) + 1e-9
    high = power[:, hertz >= 3500].sum(axis=1) + 1e-9
    level = 10 * np.log10(low)
    loud = np.percentile(level, 92)
    audible = 10 * np.log10(high) > loud - 32
    hiss = np.where(audible, high / (high + low), 0.0)
    return np.maximum(level - loud, -45.0), hiss


def _cost(
    phone: _Phone,
    level: NDArray[np.float64],
    hiss: NDArray[np.float64],
    pausing: NDArray[np.bool_],
) -> NDArray[np.float64]:
    if phone.symbol == ",":
        return np.where(pausing, 0.0, 12.0)
    misfit = ((level - phone.sound.level_db) / 9.0) ** 2
    misfit += _HISS_WEIGHT * (hiss - phone.sound.hiss) ** 2
    return np.asarray(np.where(pausing, 60.0, np.minimum(misfit, 9.0)), np.float64)


def _cheapest(phones: Sequence[_Phone], cost: NDArray[np.float64]) -> list[int]:
    """First step of every phone on the cheapest path; pauses may last no time at all."""
    count, steps = cost.shape
    total = np.full((count + 1, steps + 1), np.inf)
    total[0, 0] = 0.0
    chosen = np.zeros((count + 1, steps + 1), np.int64)
    sums = np.concatenate([np.zeros((count, 1)), np.cumsum(cost, axis=1)], axis=1)
    for n, phone in enumerate(phones):
        pause = phone.symbol == ","
        for length in range(0 if pause else 2, (_PAUSE_MAX_STEPS if pause else _MAX_STEPS) + 1):
            if length > steps:
                break
            price = 0.0
            if not pause:
                ratio = length * _STEP_S / phone.sound.duration_s
                price = _DURATION_WEIGHT * float(np.log(ratio) ** 2)
            ends = slice(length, steps + 1)
            begins = slice(0, steps + 1 - length)
            reached = total[n, begins] + sums[n, ends] - sums[n, begins] + price
            better = reached < total[n + 1, ends]
            total[n + 1, ends] = np.where(better, reached, total[n + 1, ends])
            chosen[n + 1, ends] = np.where(better, length, chosen[n + 1, ends])
    starts: list[int] = []
    at = steps
    for n in range(count, 0, -1):
        at -= int(chosen[n, at])
        starts.append(at)
    return starts[::-1]
