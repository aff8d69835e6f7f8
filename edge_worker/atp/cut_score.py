"""Has a thought ended at this pause? Evidence becomes a probability, silence lowers the bar.

Pause length alone cannot tell a hesitation from the end of a sentence: speakers pause for 200 to
800 ms at both. What tells them apart is how the voice ends (a turn-end model) and what has been
said (the transcript). Each piece adds log-odds, as in logistic regression; a piece that is missing
adds nothing, so that the rule works with whatever engine answers.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise

from edge_worker.atp.sense import Sense

_SECOND_NS = 1_000_000_000
_MS_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a pause; None where no engine has answered."""

    turn_end: float | None = None
    """Probability by the turn-end model."""
    sense: Sense | None = None
    """What the transcript shows."""

    @property
    def nothing(self) -> bool:
        """No engine has answered."""
        return self.turn_end is None and self.sense is None


@dataclass(frozen=True, slots=True)
class CutWeights:
    """Log-odds, fitted by logistic regression on pauses of Portuguese and English speech."""

    bias: float = -0.8
    turn_end: float = 0.45
    """Times the model's own log-odds."""
    ends_sentence: float = 0.6
    """Added for closing punctuation, taken away without it."""
    leans_on: float = 0.4
    """Taken away when the last word wants another one."""
    words: float = 2.6
    """Times the words beyond four, counted up to eight, over eight."""


def probability_of_end(evidence: Evidence, weights: CutWeights) -> float:
    """Probability, 0..1, that the speaker has finished a thought."""
    odds = weights.bias
    if evidence.turn_end is not None:
        odds += weights.turn_end * _log_odds(evidence.turn_end)
    if evidence.sense is not None:
        sense = evidence.sense
        odds += weights.ends_sentence * (1 if sense.ends_sentence else -1)
        odds -= weights.leans_on * sense.leans_on
        odds += weights.words * (min(sense.words, 8) - 4) / 8
    return 1.0 / (1.0 + math.exp(-odds))


@dataclass(frozen=True, slots=True)
class Patience:
    """How sure one must be after how much silence, and how that gives way in long speech.

    Attributes:
        bars: (silence, probability needed), by silence; in between it is interpolated. Before the
            first nothing is cut, from the last on everything is.
        unaided_ns: silence that cuts when no engine has said anything.
        long_ns: speech longer than this is cut more readily...
        easing_per_second: ...by this much probability for every second beyond.
    """

    bars: tuple[tuple[int, float], ...] = (
        (160 * _MS_NS, 0.75),
        (300 * _MS_NS, 0.60),
        (500 * _MS_NS, 0.45),
        (700 * _MS_NS, 0.30),
        (1000 * _MS_NS, 0.0),
    )
    unaided_ns: int = 600 * _MS_NS
    long_ns: int = 6 * _SECOND_NS
    easing_per_second: float = 0.05

    @property
    def least_ns(self) -> int:
        """Silence below which nothing is cut."""
        return self.bars[0][0]

    def needed(self, silence_ns: int, speech_ns: int, pace: float = 1.0) -> float:
        """Probability needed to cut after ``silence_ns``; above 1 means not yet.

        Args:
            silence_ns: silence so far.
            speech_ns: length of the speech before it.
            pace: the speaker's pauses relative to an average speaker's; > 1 waits longer.
        """
        bar = _interpolated(self.bars, silence_ns / pace)
        long = max(0, speech_ns - self.long_ns) / _SECOND_NS
        return bar - self.easing_per_second * long if bar <= 1.0 else bar


class PauseHabit:
    """Learns how long a speaker hesitates, from pauses after which he went on.

    Args:
        typical_ns: an average speaker's long hesitation.
        memory: how many hesitations are remembered.
    """

    def __init__(self, typical_ns: int = 550 * _MS_NS, memory: int = 8) -> None:
        self._typical_ns = typical_ns
        self._hesitations: deque[int] = deque(maxlen=memory)

    def hesitated(self, pause_ns: int) -> None:
        """A pause of this length was no end."""
        self._hesitations.append(pause_ns)

    @property
    def pace(self) -> float:
        """The speaker's long hesitations relative to an average speaker's, 0.85..1.4."""
        if len(self._hesitations) < 3:
            return 1.0
        long = sorted(self._hesitations)[len(self._hesitations) * 3 // 4]
        return min(1.4, max(0.85, long / self._typical_ns))


def _interpolated(bars: tuple[tuple[int, float], ...], silence_ns: float) -> float:
    if silence_ns < bars[0][0]:
        return math.inf
    for (from_ns, high), (to_ns, low) in pairwise(bars):
        if silence_ns < to_ns:
            return high + (low - high) * (silence_ns - from_ns) / (to_ns - from_ns)
    return bars[-1][1]


def _log_odds(probability: float) -> float:
    clipped = min(0.995, max(0.005, probability))
    return math.log(clipped / (1.0 - clipped))
