"""What flows between the stages: frozen, typed, timestamped items on the media clock.

Every time is integer nanoseconds. ``pts_ns`` is the stream's own media clock; it means
something only together with the ``epoch`` that it belongs to. Arrays are never written to after
an item was made: a stage that changes a picture or a sound makes a new array.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mqtt_schemas import Verdict

__all__ = [
    "AudioBlock",
    "Hypothesis",
    "PhonemeTiming",
    "PlacedSpeech",
    "Planes",
    "Samples",
    "SpeechSpan",
    "SyncedSpeech",
    "Utterance",
    "Verdict",
    "VideoFrame",
]

Planes = NDArray[np.uint8]
"""One I420 picture, shape (height * 3 // 2, width), limited range BT.601."""

Samples = NDArray[np.float32]
"""Mono PCM, shape (n,), full scale +-1."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoFrame:
    """One decoded picture."""

    epoch: str
    pts_ns: int
    planes: Planes
    degraded: bool = False
    """True from a lost segment until the next keyframe: the decoder was guessing."""

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.planes.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.planes.shape[0]) * 2 // 3


@dataclass(frozen=True, slots=True, eq=False)
class AudioBlock:
    """A stretch of decoded mono sound."""

    epoch: str
    pts_ns: int
    sample_rate: int
    samples: Samples

    @property
    def duration_ns(self) -> int:
        """Length of the block."""
        return len(self.samples) * 1_000_000_000 // self.sample_rate

    @property
    def end_ns(self) -> int:
        """Media time of the first sample after the block."""
        return self.pts_ns + self.duration_ns


@dataclass(frozen=True, slots=True, eq=False)
class SpeechSpan:
    """Source speech between two cuts, as the segmenter hands it to the recognizer."""

    id: str
    epoch: str
    start_ns: int
    """Onset of the first voiced sound."""
    end_ns: int
    """Last voiced sound; the cut itself was decided later, see ``decided_ns``."""
    decided_ns: int
    """Media time of the newest sample that the segmenter had heard when it cut."""
    samples: Samples
    """16 kHz, from a little before ``start_ns`` to a little after ``end_ns``."""
    samples_start_ns: int
    """Media time of ``samples[0]``."""
    cut_reason: str = ""
    hypothesis: "Hypothesis | None" = None
    """What the segmenter already recognised speculatively over exactly ``samples``."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """Text heard in a span, with its language and how sure the recognizer is."""

    text: str
    language: str
    """BCP-47, lower case."""
    confidence: float
    """0..1, the mean token probability."""
    language_probability: float = 1.0


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of source speech cut where the meaning allows, and its translation."""

    id: str
    epoch: str
    start_ns: int
    end_ns: int
    source_language: str
    source_text: str
    confidence: float
    target_language: str
    target_text: str = ""
    via: str = ""
    """Language that the translation went through; empty where it is direct."""
    verdict: Verdict = Verdict.DUB
    reason: str = ""
    """For people: why the verdict is not ``dub``."""

    @property
    def duration_ns(self) -> int:
        """Length of the source speech."""
        return self.end_ns - self.start_ns


@dataclass(frozen=True, slots=True)
class PhonemeTiming:
    """One symbol of the synthesizer's alignment; consecutive ones touch."""

    symbol: str
    """IPA phone, stress or length mark, ``' '`` or punctuation, as the synthesizer names it."""
    start_ns: int
    """From the start of the speech."""
    end_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class SyncedSpeech:
    """Translated speech with its phoneme timings, not yet placed on the media clock."""

    utterance: Utterance
    sample_rate: int
    samples: Samples
    phonemes: tuple[PhonemeTiming, ...]

    @property
    def duration_ns(self) -> int:
        """Length of the speech as synthesized."""
        return len(self.samples) * 1_000_000_000 // self.sample_rate


@dataclass(frozen=True, slots=True, eq=False)
class PlacedSpeech:
    """Speech that the timeline has given its place; once it has begun it is never moved."""

    speech: SyncedSpeech
    """Already stretched: its samples and phonemes are what plays."""
    start_ns: int
    """Media time of its first sample."""
    speed: float
    """> 1 is faster than the synthesizer spoke it."""

    @property
    def end_ns(self) -> int:
        """Media time of the first sample after it."""
        return self.start_ns + self.speech.duration_ns
