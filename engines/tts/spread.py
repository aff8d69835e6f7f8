"""Timings for speech whose synthesizer gives none: its phones are spread over the sound.

Silences inside the sound are matched to the pauses that the punctuation asks for; between two of
them each phone gets its share by its kind. The shares are the mean lengths in milliseconds that
espeak-ng itself gives phones in English, Portuguese, Spanish, French, German and Italian.
"""

import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from engines.tts import Phoneme

PAUSE = "."
"""Symbol of a silence."""

_VOWELS = frozenset("aeiouyæøœɐɑɒɔəɘɚɛɜɝɞɤɨɪɯɵɶʉʊʌʏᵻ")  # noqa: RUF001 - IPA letters look like others
_OFFGLIDES = frozenset("ɪʊ")
_STRESS = {"\N{MODIFIER LETTER VERTICAL LINE}": 55, "\N{MODIFIER LETTER LOW VERTICAL LINE}": 5}
_LENGTH_MARKS = frozenset("ːˑ")
_PAUSES = frozenset(".,;:!?…—")
_VOWEL, _OFFGLIDE, _LENGTHENING, _OTHER = 70, 25, 20, 70
_CONSONANTS = {  # IPA letters look like others, hence the RUF001
    letter: length
    for letters, length in (
        ("p", 30), ("b", 38), ("tk", 44), ("dɡgcɟ", 55), ("lɾrɹʁðβɣ", 58), ("vzʒjwhɥ", 70),  # noqa: RUF001 - IPA letters
        ("mn", 80), ("sfʃθxç", 85), ("ŋɲ", 108),
    )
    for letter in letters
}  # fmt: skip

_FINAL_LENGTHENING = 1.1
"""From the last stress of a clause on."""

_WINDOW_S = 0.005
_FLOOR = 0.01
"""Of the peak (-40 dB): quieter is silence."""
_SHORTEST_PAUSE_S = 0.06


def spread(
    symbols: Sequence[str], samples: NDArray[np.float32], sample_rate: int
) -> tuple[Phoneme, ...]:
    """Give each symbol a share of the voiced parts of ``samples``; silences become ``'.'``.

    Args:
        symbols: IPA symbols, stress and length marks, ``' '`` and punctuation, in order.
        samples: mono, full scale +-1.
        sample_rate: Hz.

    Returns:
        Phonemes whose samples add up to ``len(samples)``.
    """
    clauses = list(_clauses(symbols))
    runs = _runs(samples, sample_rate, len(clauses))
    if len(runs) < len(clauses):
        clauses = [[symbol for clause in clauses for symbol in clause]]
        runs = runs and [(runs[0][0], runs[-1][1])]
    phonemes: list[Phoneme] = []
    here = 0
    for clause, (start, end) in zip(clauses, runs, strict=True) if runs else ():
        phonemes += (Phoneme(PAUSE, start - here), *_shares(clause, end - start))
        here = end
    phonemes.append(Phoneme(PAUSE, len(samples) - here))
    return tuple(phoneme for phoneme in phonemes if phoneme.samples > 0)


def _clauses(symbols: Sequence[str]) -> Iterator[list[str]]:
    """The symbols between pauses; clauses in which nothing sounds are left out."""
    clause: list[str] = []
    for symbol in (*symbols, PAUSE):
        if symbol not in _PAUSES:
            clause.append(symbol)
        elif any(_weight(clause, at) for at in range(len(clause))):
            yield clause
            clause = []


def _runs(samples: NDArray[np.float32], sample_rate: int, wanted: int) -> list[tuple[int, int]]:
    """Voiced stretches (first sample, one past the last) between the longest gaps."""
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0.0 or wanted == 0:
        return []
    margin = round(_WINDOW_S * sample_rate)
    loud = np.flatnonzero(np.abs(samples) > peak * _FLOOR)
    gaps = np.diff(loud)
    longest = np.sort(np.argsort(gaps, kind="stable")[len(gaps) - wanted + 1 :])
    cuts = [at for at in longest if gaps[at] >= _SHORTEST_PAUSE_S * sample_rate]
    starts = [loud[0], *(loud[at + 1] for at in cuts)]
    ends = [*(loud[at] + 1 for at in cuts), loud[-1] + 1]
    return [
        (max(0, int(start) - margin), min(len(samples), int(end) + margin))
        for start, end in zip(starts, ends, strict=True)
    ]


def _shares(clause: Sequence[str], samples: int) -> Iterator[Phoneme]:
    weights = np.array([_weight(clause, at) for at in range(len(clause))], dtype=np.float64)
    stresses = [at for at, symbol in enumerate(clause) if symbol in _STRESS]
    weights[stresses[-1] if stresses else 0 :] *= _FINAL_LENGTHENING
    edges = np.rint(samples * np.cumsum(weights) / weights.sum()).astype(int)
    for symbol, length in zip(clause, np.diff(edges, prepend=0), strict=True):
        yield Phoneme(symbol, int(length))


def _weight(clause: Sequence[str], at: int) -> int:
    symbol = clause[at]
    if symbol in _STRESS:
        return _STRESS[symbol]
    if symbol in _LENGTH_MARKS:
        return _LENGTHENING
    if symbol in _OFFGLIDES and at and clause[at - 1] in _VOWELS:
        return _OFFGLIDE
    if symbol in _VOWELS:
        return _VOWEL
    if symbol in _CONSONANTS:
        return _CONSONANTS[symbol]
    return _OTHER if unicodedata.category(symbol[0]) in ("Ll", "Lo") else 0
