"""The stateless jobs: what travels beside the sound of one, and what its answer holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from mashumaro.jsonschema.annotations import MaxProperties

from .fields import (
    SCHEMA,
    Count,
    Id,
    Language,
    LanguageOrAuto,
    Many,
    Ratio,
    SampleRate,
    Schema,
    Text,
)
from .media import Pairs, read_properties, write_properties
from .speech import PhonemeSymbol


class RecognitionTask(StrEnum):
    """What is wanted of a sound."""

    TRANSCRIBE = "transcribe"
    """Its text."""
    LANGUAGES = "languages"
    """Which languages it may be in."""
    ENGLISH = "english"
    """English text straight from the sound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecognitionJob:
    """What travels beside the PCM of ``job/asr``, as MQTT 5 user properties."""

    transaction: Id
    task: RecognitionTask = RecognitionTask.TRANSCRIBE
    sample_rate: SampleRate = 16_000
    """Hertz."""
    language: LanguageOrAuto = "auto"
    """Spoken, BCP-47, lower case; ``auto`` where nobody knows."""
    prefix: Text = ""
    """Text of the beginning of the sound, which is known already."""

    def to_pairs(self) -> list[tuple[str, str]]:
        """As MQTT 5 user properties."""
        return write_properties(self)

    @classmethod
    def from_pairs(cls, topic: str, pairs: Pairs) -> "RecognitionJob":
        """Read user properties; others' are ignored.

        Raises:
            MessageRefused: a known one is nonsense or there twice, or the transaction lacks.
        """
        values = read_properties(cls, topic, pairs)
        return cls(**values | {"task": RecognitionTask(values.get("task", "transcribe"))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """The answer's ``data`` for the tasks ``transcribe`` and ``english``."""

    schema: Schema = SCHEMA
    text: Text
    language: Language
    """BCP-47, lower case."""
    confidence: Ratio
    no_speech: Ratio = 0.0
    """How likely it is that nobody spoke."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagesHeard:
    """The answer's ``data`` for the task ``languages``."""

    schema: Schema = SCHEMA
    languages: Annotated[Mapping[str, Ratio], MaxProperties(256)] = field(default_factory=dict)
    """Probability of each, BCP-47, lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """The answer's ``data`` for ``job/mt``."""

    schema: Schema = SCHEMA
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenSentence:
    """One sentence of the PCM; consecutive ones touch."""

    sample_rate: SampleRate
    samples: Count
    symbols: Annotated[tuple[PhonemeSymbol, ...], Many] = ()
    """Of its phonemes, as in ``PhonemeSpan``."""
    lengths: Annotated[tuple[Count, ...], Many] = ()
    """Of each in samples; together they are as long as the sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesized:
    """The answer's ``data`` for ``job/tts``; the PCM follows as a message of its own."""

    schema: Schema = SCHEMA
    sentences: Annotated[tuple[SpokenSentence, ...], Many] = ()
