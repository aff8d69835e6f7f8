"""When is each phone of a known text heard? Forced alignment from the sound alone.

The synthesizer's own alignment is not asked: it could be wrong in the same way as the lips. First
each phone is expected at the loudness and with the hiss of its manner of articulation; the cheapest
way through the sound gives first times. From these the film's own voice is learned, one Gaussian
over the mel cepstrum for each phone, and the way is sought again, a few times over (segmental
k-means; Rabiner et al., 1986). So it needs no trained model and works for any voice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_worker.verify.acoustics import FLOOR_DB, STEP_NS, Acoustics, acoustics
from edge_worker.verify.phones import BILABIALS, MANNERS, Phone

_ROUNDS = 4
_MIN_STEPS, _MAX_STEPS, _MAX_PAUSE_STEPS = 2, 32, 140
_DURATION_WEIGHT = 10.0
_LEVEL_SPREAD_DB, _PAUSE_SPREAD_DB = 9.0, 12.0
_HISS_WEIGHT = 4.0
_WORST, _WORST_PAUSE = 9.0, 12.0
_FARTHEST = 120.0
"""Squared distance from a phone's mean, in deviations, beyond which all is equally unlike it."""
_UNHEARD = 60.0
_PRIOR_STEPS = 12
"""Steps that the mean of its manner counts for in a phone's own."""

_AGREEMENT_NS = 40_000_000


class _Trust(NamedTuple):
    """Weights of what is known of a phone."""

    voice: float
    """How it sounds in this film."""
    manner: float
    """How loud and hissing such phones are."""


_TRUSTS = (_Trust(0.25, 0.35), _Trust(0.12, 0.7), _Trust(0.4, 0.05))

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A text and the sound it lies in."""

    phones: tuple[Phone, ...]
    sound: NDArray[np.float32]
    """16 kHz."""
    start_ns: int
    """Film time of its first sample."""


@dataclass(frozen=True, slots=True)
class Bilabials:
    """The P, B and M of some utterances."""

    times_ns: tuple[int, ...]
    """Film time of the middle of each whose time is certain."""
    unsure: int
    """Those whose time is not: ways of seeking it disagree."""


def bilabials(utterances: Sequence[Utterance]) -> Bilabials:
    """Find every P, B and M.

    The way is sought three times, trusting loudness or the learned voice more. Where the ways
    disagree by more than 40 ms, as they do where other speech goes on below, none is believed.
    """
    texts = [one.phones for one in utterances]
    heard = [acoustics(one.sound) for one in utterances]
    times: list[int] = []
    unsure = 0
    for one, sound, *ways in zip(
        utterances, heard, *(_aligned(texts, heard, trust) for trust in _TRUSTS), strict=True
    ):
        middles = np.array([_middles(one.phones, starts, len(sound.level_db)) for starts in ways])
        sure = np.ptp(middles, axis=0) <= _AGREEMENT_NS
        times += [int(time_ns) + one.start_ns for time_ns in middles[0][sure]]
        unsure += int((~sure).sum())
    return Bilabials(tuple(times), unsure)


def misfit(utterances: Sequence[Utterance]) -> float:
    """How badly the sound suits the texts by loudness, hiss and durations, before any learning.

    Tells whose phones are spoken when the same texts are read in several accents. The unit has no
    meaning of its own.
    """
    return sum(
        _cheapest(one.phones, _manner_cost(one.phones, acoustics(one.sound))).cost
        for one in utterances
    )


def _middles(phones: Sequence[Phone], starts: Sequence[int], steps: int) -> list[int]:
    """Middle of each P, B and M, nanoseconds from the utterance's first sample."""
    ends = [*starts[1:], steps]
    return [
        (first + last) * STEP_NS // 2
        for phone, first, last in zip(phones, starts, ends, strict=True)
        if phone.symbol in BILABIALS and starts[0] < steps
    ]


def _aligned(
    texts: Sequence[tuple[Phone, ...]], heard: Sequence[Acoustics], trust: _Trust
) -> list[list[int]]:
    """First step of every phone of every text."""
    expected = [_manner_cost(phones, sound) for phones, sound in zip(texts, heard, strict=True)]
    starts = [_cheapest(phones, cost).starts for phones, cost in zip(texts, expected, strict=True)]
    if not any(len(set(begins)) > 1 for begins in starts):
        return starts  # no text fits its sound: there is no voice to learn
    for _ in range(_ROUNDS):
        voice = _Voice.learned(texts, heard, starts)
        starts = [
            _cheapest(phones, trust.voice * voice.cost(phones, sound) + trust.manner * cost).starts
            for phones, sound, cost in zip(texts, heard, expected, strict=True)
        ]
    return starts


def _manner_cost(phones: Sequence[Phone], sound: Acoustics) -> Values:
    """How badly each step suits each phone's manner, shape (phones, steps)."""
    rows = []
    for phone in phones:
        manner = MANNERS[phone.manner]
        misfit = _HISS_WEIGHT * (sound.hiss - manner.hiss) ** 2
        if phone.is_pause:
            above = (sound.level_db - FLOOR_DB) / _PAUSE_SPREAD_DB
            rows.append(np.minimum(misfit + 0.6 * above**2, _WORST_PAUSE))
            continue
        level_db = max(manner.level_db, FLOOR_DB + 3)
        misfit += ((sound.level_db - level_db) / _LEVEL_SPREAD_DB) ** 2
        rows.append(np.minimum(misfit, _WORST))
    return np.stack(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Voice:
    """What each phone sounds like in this film."""

    means: dict[str, Values]
    variance: Values

    @classmethod
    def learned(
        cls,
        texts: Sequence[tuple[Phone, ...]],
        heard: Sequence[Acoustics],
        starts: Sequence[Sequence[int]],
    ) -> "_Voice":
        """From where each phone was found; rare phones lean on others of their manner."""
        by_phone: dict[Phone, list[Values]] = {}
        for phones, sound, begins in zip(texts, heard, starts, strict=True):
            ends = [*begins[1:], len(sound.cepstra)]
            for phone, first, last in zip(phones, begins, ends, strict=True):
                if last > first:
                    kind = Phone(phone.symbol, phone.manner, 0.0)
                    by_phone.setdefault(kind, []).append(sound.cepstra[first:last])
        found = {phone: np.concatenate(parts) for phone, parts in by_phone.items()}
        means: dict[str, Values] = {}
        rest = []
        for phone, steps in found.items():
            alike = [other for kind, other in found.items() if kind.manner == phone.manner]
            prior = np.concatenate(alike).mean(axis=0)
            mean = (steps.sum(axis=0) + _PRIOR_STEPS * prior) / (len(steps) + _PRIOR_STEPS)
            means[phone.symbol] = mean
            rest.append(steps - mean)
        return cls(means, np.concatenate(rest).var(axis=0) + 1e-6)

    def cost(self, phones: Sequence[Phone], sound: Acoustics) -> Values:
        """How unlike each phone each step is, shape (phones, steps)."""
        unlike = {
            symbol: np.minimum(((sound.cepstra - mean) ** 2 / self.variance).sum(axis=1), _FARTHEST)
            for symbol, mean in self.means.items()
        }
        unheard = np.full(len(sound.cepstra), _UNHEARD)
        return np.stack([unlike.get(phone.symbol, unheard) for phone in phones])


class _Way(NamedTuple):
    """The cheapest way through a sound."""

    starts: list[int]
    """First step of every phone."""
    cost: float


def _cheapest(phones: Sequence[Phone], cost: Values) -> _Way:
    """Pauses may last no time at all; infinitely dear where the text does not fit at all."""
    count, steps = cost.shape
    total = np.full((count + 1, steps + 1), np.inf)
    total[0, 0] = 0.0
    chosen = np.zeros((count + 1, steps + 1), np.int64)
    sums = np.concatenate([np.zeros((count, 1)), np.cumsum(cost, axis=1)], axis=1)
    for n, phone in enumerate(phones):
        shortest = 0 if phone.is_pause else _MIN_STEPS
        longest = min(steps, _MAX_PAUSE_STEPS if phone.is_pause else _MAX_STEPS)
        for length in range(shortest, longest + 1):
            price = 0.0
            if not phone.is_pause:
                ratio = length * STEP_NS / 1e9 / phone.duration_s
                price = _DURATION_WEIGHT * float(np.log(ratio) ** 2)
            ends, begins = slice(length, steps + 1), slice(0, steps + 1 - length)
            reached = total[n, begins] + sums[n, ends] - sums[n, begins] + price
            better = reached < total[n + 1, ends]
            total[n + 1, ends] = np.where(better, reached, total[n + 1, ends])
            chosen[n + 1, ends] = np.where(better, length, chosen[n + 1, ends])
    if not np.isfinite(total[count, steps]):
        return _Way([steps] * count, np.inf)  # the sound is too short, or too long, for the text
    starts: list[int] = []
    at = steps
    for n in range(count, 0, -1):
        at -= int(chosen[n, at])
        starts.append(at)
    return _Way(starts[::-1], float(total[count, steps]))
