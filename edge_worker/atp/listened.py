"""What the segmenter gives besides spans of speech."""

from dataclasses import dataclass
from enum import StrEnum

from edge_worker.items import Hypothesis, SpeechSpan


class SpeechEdge(StrEnum):
    """What a ``SpeechEvent`` tells."""

    STARTED = "speech_started"
    ENDED = "speech_ended"


@dataclass(frozen=True, slots=True)
class SpeechEvent:
    """Somebody started or stopped speaking; not the same as a cut."""

    edge: SpeechEdge
    epoch: str
    pts_ns: int
    """Media time of the first voiced sound, or of the first silence."""


@dataclass(frozen=True, slots=True)
class PartialSpeech:
    """What the speaker has said so far, while he goes on; replaced by the next one or a span."""

    epoch: str
    start_ns: int
    end_ns: int
    hypothesis: Hypothesis


Listened = SpeechSpan | SpeechEvent | PartialSpeech
"""What the segmenter gives."""
