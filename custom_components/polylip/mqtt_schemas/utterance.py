"""An utterance on its way through the pipeline."""

from dataclasses import dataclass
from enum import StrEnum

from .fields import (
    SCHEMA,
    Epoch,
    Id,
    Language,
    Nanoseconds,
    OptionalLanguage,
    Positive,
    Ratio,
    Schema,
    Sentence,
    Text,
)


class UtteranceStage(StrEnum):
    """How far an utterance has come."""

    PARTIAL = "partial"
    """Still being heard; the text may change."""
    FINAL = "final"
    """Text and verdict are settled."""
    SPOKEN = "spoken"
    """Its translated speech has been placed and begun."""


class Verdict(StrEnum):
    """What is done with an utterance."""

    DUB = "dub"
    """Translated, spoken, with lips."""
    SAME_LANGUAGE = "same_language"
    """Already in the target language: the original passes, with a caption."""
    PAIR_MISSING = "pair_missing"
    """No model translates this pair: the original passes, with a caption."""
    UNSURE = "unsure"
    """Below the stated confidence: the original passes, with a caption."""
    OVERLOAD = "overload"
    """Too far behind: caption only."""
    FAILED = "failed"
    """A stage failed on it: the original passes, with what caption there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceMessage:
    """What was said, in both languages; published at each stage, never retained."""

    schema: Schema = SCHEMA
    stream: Id
    utterance: Id
    epoch: Epoch
    stage: UtteranceStage
    start_ns: Nanoseconds
    """Media time of the first voiced sound, nanoseconds."""
    end_ns: Nanoseconds
    """Media time of the last voiced sound, nanoseconds."""
    source_language: OptionalLanguage
    """BCP-47, lower case; empty while it is unknown."""
    source_text: Text
    target_language: Language
    """BCP-47, lower case."""
    target_text: Text = ""
    via: OptionalLanguage = ""
    """The language that the translation went through, for lack of a model of this pair."""
    confidence: Ratio = 0.0
    """Mean token probability, 0..1."""
    verdict: Verdict = Verdict.DUB
    reason: Sentence = ""
    """For people: why the verdict is not ``dub``."""
    off_camera: bool = False
    """No visible mouth moves with this voice: sound and captions, no lips."""
    placed_start_ns: Nanoseconds | None = None
    """Media time at which the translated speech starts, nanoseconds; None until placed."""
    placed_end_ns: Nanoseconds | None = None
    """Media time at which it ends, nanoseconds; None until placed."""
    speed: Positive | None = None
    """Above 1 is faster than synthesized; None until placed."""
