"""From timed phonemes to the mouth's shape at any moment.

Opening, width and rounding are dominance-weighted blends of neighbouring visemes (Cohen and
Massaro 1993); lips that must meet (P, B, M) are then forced shut for long enough that no camera at
15 pictures a second can miss it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from engines.lipsync import MouthShape
from engines.lipsync.visemes import ARTICULATIONS, Viseme, is_stress, viseme_of

_Floats = NDArray[np.float64]

LEAD_NS: Final = 30_000_000
"""Lips run ahead of sound by this much: articulation precedes what it makes audible."""
_STEP_NS: Final = 10_000_000
_OPENING_FALL_NS: Final = 35e6
_WIDTH_FALL_NS: Final = 60e6
_SMOOTH_STEPS: Final = 2.0
_MIN_CLOSURE_NS: Final = 68_000_000  # one picture at 15 a second
_CLOSURE_FALL_NS: Final = 48e6
_LONG_PHONE_NS: Final = 20e6
# Columns: opening, width, rounding, tuck, press, tongue.
_FAST: Final = [0, 3, 4, 5]
_SLOW: Final = [1, 2]


class TimedPhoneme(Protocol):
    """One symbol of an alignment; times in ns from the start of the speech."""

    @property
    def symbol(self) -> str:
        """IPA phone, stress or length mark, ``' '`` or punctuation."""
        ...

    @property
    def start_ns(self) -> int:
        """Start."""
        ...

    @property
    def end_ns(self) -> int:
        """End."""
        ...


@dataclass(frozen=True, slots=True)
class TimedViseme:
    """A viseme and how long it lasts."""

    viseme: Viseme
    start_ns: int
    end_ns: int


def timed_visemes(phonemes: Sequence[TimedPhoneme]) -> tuple[TimedViseme, ...]:
    """Visemes of an alignment.

    The time of a stress mark goes to the next phone, that of a length mark or an unknown symbol to
    the previous one; a space is a transition, shared by both sides. Only punctuation closes the
    mouth.
    """
    visemes: list[TimedViseme] = []
    start_ns: int | None = None
    for phoneme in phonemes:
        begin_ns = phoneme.start_ns if start_ns is None else start_ns
        start_ns = None
        if is_stress(phoneme.symbol):
            start_ns = begin_ns
            continue
        viseme = viseme_of(phoneme.symbol)
        if viseme is not None:
            visemes.append(TimedViseme(viseme, begin_ns, phoneme.end_ns))
            continue
        until_ns = phoneme.end_ns
        if phoneme.symbol == " ":
            until_ns = (begin_ns + phoneme.end_ns) // 2
            start_ns = until_ns
        if visemes:
            last = visemes[-1]
            visemes[-1] = TimedViseme(last.viseme, last.start_ns, until_ns)
    return tuple(visemes)


class MouthCurve:
    """The mouth over the time of one speech; closed before and after it.

    Args:
        phonemes: the synthesizer's alignment, in order.
    """

    def __init__(self, phonemes: Sequence[TimedPhoneme]) -> None:
        visemes = timed_visemes(phonemes)
        self.end_ns = visemes[-1].end_ns if visemes else 0
        """When the last phone ends."""
        self._values = _sampled(visemes, self.end_ns) if visemes else np.zeros((1, 6))

    def at(self, t_ns: int) -> MouthShape:
        """The mouth at ``t_ns`` from the start of the speech, already ahead by ``LEAD_NS``."""
        place = (t_ns + LEAD_NS) / _STEP_NS
        if place < 0 or place > len(self._values) - 1:
            return MouthShape()
        low = int(place)
        high = min(low + 1, len(self._values) - 1)
        value = self._values[low] + (place - low) * (self._values[high] - self._values[low])
        opening, width, rounding, tuck, press, tongue = (float(v) for v in value)
        return MouthShape(max(0.0, opening), width, rounding, tuck, press, tongue)


def _sampled(visemes: Sequence[TimedViseme], end_ns: int) -> _Floats:
    """Shape (n, 6), one row per step."""
    times = np.arange(end_ns // _STEP_NS + 2, dtype=np.float64) * _STEP_NS
    starts = np.array([v.start_ns for v in visemes], float)
    ends = np.array([v.end_ns for v in visemes], float)
    asked = [ARTICULATIONS[v.viseme] for v in visemes]
    shapes = np.array(
        [
            (s.opening, s.width, s.rounding, s.tuck, s.press, s.tongue)
            for s in (articulation.shape for articulation in asked)
        ]
    )
    away = np.maximum(np.maximum(starts - times[:, None], times[:, None] - ends), 0)
    middle, half = (starts + ends) / 2, np.maximum((ends - starts) / 2, _LONG_PHONE_NS)
    peak = 1 - 0.25 * np.clip(np.abs(times[:, None] - middle) / half, 0, 1)
    values = np.empty((len(times), 6))
    for columns, fall_ns, holds in (
        (_FAST, _OPENING_FALL_NS, [a.hold_opening for a in asked]),
        (_SLOW, _WIDTH_FALL_NS, [a.hold_width for a in asked]),
    ):
        weights = np.array(holds) * np.exp(-away / fall_ns) * peak + 1e-9
        values[:, columns] = weights @ shapes[:, columns] / weights.sum(1, keepdims=True)
    values = _smoothed(values)
    for viseme in visemes:
        if viseme.viseme is Viseme.CLOSED:
            _force_shut(values, times, viseme)
    return values


def _smoothed(values: _Floats) -> _Floats:
    reach = int(3 * _SMOOTH_STEPS)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _SMOOTH_STEPS) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(values, ((reach, reach), (0, 0)), "edge")
    columns = [np.convolve(padded[:, c], kernel, "valid") for c in range(values.shape[1])]
    return np.stack(columns, 1)


def _force_shut(values: _Floats, times: _Floats, closed: TimedViseme) -> None:
    middle = (closed.start_ns + closed.end_ns) / 2
    shut_ns = max(_MIN_CLOSURE_NS, closed.end_ns - closed.start_ns - 10_000_000)
    ramp = np.clip((np.abs(times - middle) - shut_ns / 2) / _CLOSURE_FALL_NS, 0, 1)
    open_share = ramp * ramp * (3 - 2 * ramp)
    values[:, 0] *= open_share
    values[:, 3] *= open_share
    values[:, 5] *= open_share
    values[:, 4] = np.maximum(values[:, 4], 0.5 * (1 - open_share))
