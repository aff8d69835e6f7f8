"""When each phone is said in speech whose text is known: forced alignment without a language model.

The phones, known in order, are laid over the sound so that every stretch sounds as its phone should
and lasts about as long as phones do, with pauses between words where there are any: the best path
through an explicit-duration hidden Markov model (Levinson, "Continuously variable duration hidden
Markov models for automatic speech recognition", 1986).
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engines.tts import Phoneme
from engines.tts.sound_table import SOUNDS
from engines.tts.sounds import HOP_S, SILENCE, frames, kind_of
from engines.tts.spread import PAUSE, spread

_Floats = NDArray[np.float64]
_Ints = NDArray[np.intp]

_MIN_RATE = 16_000
_PUNCTUATION = frozenset(".,;:!?…—;،؛؟。，、！？")  # noqa: RUF001 - full-width marks pause as well
_STRESS = frozenset("ˈˌ")
_LENGTH_MARKS = frozenset("ːˑ")
_LENGTHENING = 1.25
_BURST_SHARE = 0.4
"""Of a plosive; the closure has the rest."""
_SOUND_WEIGHT = 0.3
"""Neighbouring frames tell much the same: each counts for this much of an independent one."""
_LENGTH_SPREAD = 0.45
"""Standard deviation of the logarithm of a phone's length."""
_FASTEST, _SLOWEST = 0.3, 3.0
"""Bounds on the lengths of phones relative to the expected ones."""
_LONGEST = 4.0
"""Times a phone's expected length."""
_VOICED_DB = -35.0
_PAUSE_S = 0.1
"""A silence between words this long closes the mouth; a shorter one is a transition."""
_NEVER = -1e12


@dataclass(frozen=True, slots=True)
class _State:
    """A stretch of one sound on the path."""

    sound: str
    phone: int = -1
    """Index of its phone; -1 for silence."""
    length_s: float = 0.0
    """Expected; 0 for silence."""
    skipped: float = 0.0
    """Log-probability of leaving it out; only for silence."""
    entered: float = 0.0
    """Log-probability of its being there; only for silence."""


_EDGE = _State(SILENCE)
_BETWEEN_WORDS = _State(SILENCE, entered=-4.0)
_AT_PUNCTUATION = _State(SILENCE, skipped=-3.0, entered=-1.0)


def aligned(
    symbols: Sequence[str], samples: NDArray[np.float32], sample_rate: int
) -> tuple[Phoneme, ...]:
    """Lay ``symbols`` over ``samples``.

    Args:
        symbols: IPA codepoints, stress and length marks, ``' '`` and punctuation, in order.
        samples: mono, full scale +-1.
        sample_rate: Hz.

    Returns:
        Phones, ``'.'`` for silences and ``' '`` for transitions; their samples add up to
        ``len(samples)``. Marks have no length of their own and are left out. Sound that cannot
        hold these phones gets them spread by their kind.
    """
    phones, path = _path(symbols)
    heard = frames(samples, sample_rate) if sample_rate >= _MIN_RATE else np.zeros((0, 1))
    enough = phones and len(heard) >= len(path) and bool(samples.any())
    ends = _best_ends(path, heard) if enough else None
    if ends is None:
        return spread(symbols, samples, sample_rate)
    return tuple(_phonemes(phones, path, ends, len(samples), sample_rate))


def _path(symbols: Sequence[str]) -> tuple[list[str], list[_State]]:
    """The phones, and the states that they and the possible silences are."""
    phones: list[str] = []
    path = [_EDGE]
    for symbol in symbols:
        if symbol in _PUNCTUATION or symbol.isspace():
            silence = _AT_PUNCTUATION if symbol in _PUNCTUATION else _BETWEEN_WORDS
            if path[-1].phone >= 0:
                path.append(silence)
            elif path[-1] is _BETWEEN_WORDS:
                path[-1] = silence
        elif symbol in _LENGTH_MARKS and path[-1].phone >= 0:
            path[-1] = _lengthened(path[-1])
        elif is_phone(symbol):
            path += _states(symbol, len(phones))
            phones.append(symbol)
    if path[-1].phone >= 0:
        path.append(_EDGE)
    path[-1] = _EDGE
    return phones, path


def is_phone(symbol: str) -> bool:
    """Whether a symbol sounds by itself: a letter, no mark, modifier, tone or punctuation."""
    return symbol not in _STRESS and unicodedata.category(symbol[:1] or " ") in {"Ll", "Lo"}


def _states(phone: str, index: int) -> Iterator[_State]:
    kind = kind_of(phone)
    if len(kind.parts) == 1:
        yield _State(kind.parts[0], index, kind.length_s)
        return
    closure, burst = kind.parts
    yield _State(closure, index, kind.length_s * (1 - _BURST_SHARE))
    yield _State(burst, index, kind.length_s * _BURST_SHARE)


def _lengthened(state: _State) -> _State:
    return _State(
        state.sound, state.phone, state.length_s * _LENGTHENING, state.skipped, state.entered
    )


def _best_ends(path: Sequence[_State], heard: _Floats) -> _Ints | None:
    """The frame at which each state ends; None where no path fits."""
    rate = _rate(path, heard)
    best = np.full(len(heard) + 1, _NEVER)
    best[0] = 0.0
    begins: list[_Ints] = []
    fits = {name: _fit(heard, name) for name in {state.sound for state in path}}
    for state in path:
        best, begin = (
            _silence(best, fits[state.sound], state)
            if state.phone < 0
            else _sounding(best, fits[state.sound], state.length_s * rate)
        )
        begins.append(begin)
    if best[-1] <= _NEVER / 2:
        return None
    ends = np.empty(len(path), np.intp)
    end = len(heard)
    for at in range(len(path) - 1, -1, -1):
        ends[at] = end
        end = int(begins[at][end])
    return ends


def _rate(path: Sequence[_State], heard: _Floats) -> float:
    """How slow this speech is: its length without pauses relative to the expected one."""
    voiced_s = np.count_nonzero(heard[:, 0] > _VOICED_DB) * HOP_S
    return min(_SLOWEST, max(_FASTEST, voiced_s / sum(state.length_s for state in path)))


def _fit(heard: _Floats, sound: str) -> _Floats:
    """Log-likelihood that all frames before one are ``sound``, shape (frames + 1,)."""
    mean, spread_ = SOUNDS[sound]
    each = -0.5 * (((heard - mean) / spread_) ** 2).sum(1) - np.log(spread_).sum()
    return np.concatenate(([0.0], np.cumsum(each * _SOUND_WEIGHT)))


def _sounding(best: _Floats, fit: _Floats, length_s: float) -> tuple[_Floats, _Ints]:
    """Scores and begins for a state that ends at each frame, by max-plus convolution."""
    longest = max(4, int(length_s * _LONGEST / HOP_S))
    lengths = np.arange(longest, 0, -1) * HOP_S
    prior = -0.5 * (np.log(lengths / length_s) / _LENGTH_SPREAD) ** 2
    before = np.concatenate((np.full(longest, _NEVER), (best - fit)[:-1]))
    scores = sliding_window_view(before, longest) + prior
    chosen = scores.argmax(1)
    now = np.take_along_axis(scores, chosen[:, None], 1)[:, 0] + fit
    begins = np.maximum(np.arange(len(best)) - longest + chosen, 0)
    return np.maximum(now, _NEVER), begins


def _silence(best: _Floats, fit: _Floats, state: _State) -> tuple[_Floats, _Ints]:
    """Scores and begins for a silence of any length, or none."""
    ends = np.arange(len(best))
    before = best - fit
    peak = np.maximum.accumulate(before)
    since = np.maximum.accumulate(np.where(before >= peak, ends, 0))
    held = np.concatenate(([_NEVER], peak[:-1] + fit[1:] + state.entered))
    skipped = best + state.skipped
    taken = held > skipped
    return np.where(taken, held, skipped), np.where(taken, np.concatenate(([0], since[:-1])), ends)


def _phonemes(
    phones: Sequence[str], path: Sequence[_State], ends: _Ints, samples: int, rate: int
) -> Iterator[Phoneme]:
    edges = np.rint(np.minimum(ends * (HOP_S * rate), samples)).astype(int)
    edges[-1] = samples
    start = 0
    for at, (state, end) in enumerate(zip(path, edges, strict=True)):
        following = path[at + 1].phone if at + 1 < len(path) else -1
        if end == start or (state.phone >= 0 and following == state.phone):
            continue
        length = int(end) - start
        start = int(end)
        if state.phone >= 0:
            yield Phoneme(phones[state.phone], length)
        else:
            transition = state is _BETWEEN_WORDS and length < _PAUSE_S * rate
            yield Phoneme(" " if transition else PAUSE, length)
