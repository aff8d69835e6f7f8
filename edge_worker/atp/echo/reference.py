"""What the door's loudspeaker was given to play, and where in the microphone's sound it lies.

Samples of the microphone are numbered from the media clock's zero, 16,000 a second.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from edge_worker.items import Samples
from engines.vad import SAMPLE_RATE

_REACH: Final = 5
"""Samples on each side from which a point between two others is found."""
_STEPS: Final = np.arange(1 - _REACH, _REACH + 1)
_AUDIBLE: Final = 0.03
"""Of the loudest sample: what begins a sound."""
_SAMPLE_NS: Final = 1_000_000_000 // SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Course:
    """The delay of a loudspeaker with a clock of its own: a straight line."""

    at: int
    """A sample of the microphone."""
    lag: float
    """Samples that the sound is late there."""
    drift: float = 0.0
    """Samples by which it is later with each sample."""

    def lag_at(self, number: int) -> float:
        """The delay at the microphone's sample ``number``."""
        return self.lag + self.drift * (number - self.at)


@dataclass(slots=True, eq=False)
class Reference:
    """One sound that was given to the loudspeaker."""

    samples: Samples
    """16 kHz."""
    start: int
    """The microphone's sample beside its first one, were there no delay."""
    course: Course | None = None
    """None until it has been found in the microphone's sound."""
    onset: int = field(init=False)
    """The sample beside its first audible one, were there no delay."""

    def __post_init__(self) -> None:
        """Find where it begins to be audible."""
        loud = np.abs(self.samples) > _AUDIBLE * np.max(np.abs(self.samples), initial=1e-6)
        self.onset = self.start + int(np.argmax(loud))

    @property
    def end(self) -> int:
        """The sample beside its end, were there no delay."""
        return self.start + len(self.samples)

    def cut(self, end: int) -> None:
        """It was ended at the sample ``end``, were there no delay."""
        self.samples = self.samples[: max(0, end - self.start)]

    def beside(self, first: int, count: int, course: Course) -> Samples:
        """What is heard of it from the microphone's sample ``first`` on, shape (count,)."""
        position = first - self.start - course.lag_at(first)
        if course.drift == 0 and position == round(position):
            return self._piece(round(position), count)
        at = position + np.arange(count) * (1 - course.drift)
        whole = np.floor(at).astype(np.int64)
        low = int(whole[0]) - _REACH + 1
        near = self._piece(low, int(whole[-1]) + _REACH + 1 - low)
        distance = (at - whole).astype(np.float32)[:, None] - _STEPS.astype(np.float32)
        weights = np.sinc(distance) * np.square(np.cos(np.pi / 2 * distance / (_REACH + 0.5)))
        around = near[(whole - low)[:, None] + _STEPS]
        sound: Samples = np.sum(around * weights, axis=1, dtype=np.float32)
        return sound

    def _piece(self, first: int, count: int) -> Samples:
        """Samples of its own from number ``first`` on, silence beside them."""
        piece = np.zeros(count, np.float32)
        low, high = max(0, first), min(len(self.samples), first + count)
        if low < high:
            piece[low - first : high - first] = self.samples[low:high]
        return piece


@dataclass(slots=True, eq=False)
class Heard:
    """The newest of what the microphone heard."""

    first: int
    """Number of the oldest sample that is kept."""
    samples: Samples

    @property
    def end(self) -> int:
        """Number of the sample after the newest."""
        return self.first + len(self.samples)

    def add(self, samples: Samples) -> None:
        """Take what follows."""
        self.samples = np.concatenate((self.samples, samples))

    def forget(self, before: int) -> None:
        """Keep nothing older than the sample ``before``."""
        if before > self.first:
            self.samples = self.samples[before - self.first :]
            self.first = before

    def between(self, first: int, end: int) -> Samples:
        """Samples ``first`` to ``end``, all of which are kept."""
        return self.samples[first - self.first : end - self.first]


def number_of(pts_ns: int) -> int:
    """The number of the microphone's sample nearest to a media time."""
    return round(pts_ns / _SAMPLE_NS)


def time_of(samples: int) -> int:
    """How long so many samples last, nanoseconds."""
    return samples * _SAMPLE_NS
