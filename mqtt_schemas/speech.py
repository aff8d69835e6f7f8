"""Translated speech with its place on the media clock."""

from dataclasses import dataclass
from typing import Annotated

from mashumaro.jsonschema.annotations import MaxLength

from .fields import (
    SCHEMA,
    Count,
    Duration,
    Epoch,
    Id,
    Language,
    Many,
    Nanoseconds,
    OptionalLanguage,
    Positive,
    Ratio,
    SampleRate,
    Schema,
    Text,
    Voice,
)

PhonemeSymbol = Annotated[str, MaxLength(16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PhonemeSpan:
    """One symbol of the synthesizer's alignment; consecutive ones touch."""

    symbol: PhonemeSymbol
    """IPA phone, stress or length mark, ``' '`` or punctuation."""
    start_ns: Duration
    """Nanoseconds from the start of the speech."""
    end_ns: Duration
    """Nanoseconds from the start of the speech."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedSpeechMessage:
    """Translated speech of one utterance.

    Where another worker than the stream's owner interprets, it sends this first without a place,
    with the PCM on ``.../audio/<utterance>``; the owner sends it again with its place.
    """

    schema: Schema = SCHEMA
    stream: Id
    worker: Id | None = None
    """The interpreter that made it; None in what the stream's owner says of it."""
    utterance: Id
    language: Language
    """Of the speech, BCP-47, lower case."""
    epoch: Epoch
    text: Text
    source_language: OptionalLanguage = ""
    """Of what was said, BCP-47, lower case."""
    source_text: Text = ""
    """What was said."""
    via: OptionalLanguage = ""
    """The language that the translation went through, for lack of a model of this pair."""
    confidence: Ratio = 0.0
    """Of the recognition: mean token probability, 0..1."""
    voice: Voice = ""
    sample_rate: SampleRate
    """Hertz, of the PCM."""
    samples: Count
    """Length of the PCM in samples."""
    phonemes: Annotated[tuple[PhonemeSpan, ...], Many] = ()
    source_start_ns: Nanoseconds
    """Media time of the utterance's first voiced sound, nanoseconds."""
    source_end_ns: Nanoseconds
    """Media time of its last voiced sound, nanoseconds."""
    placed_start_ns: Nanoseconds | None = None
    """Media time of the first sample, nanoseconds; None until the timeline has placed it."""
    speed: Positive = 1.0
    """Above 1 is faster than synthesized."""
