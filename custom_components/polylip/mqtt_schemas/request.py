"""Requests and their answers, and the stateless jobs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from mashumaro.jsonschema.annotations import Maximum, MaxProperties, Minimum

from .fields import SCHEMA, Id, Language, OptionalId, Schema, Sentence, Text, Voice

Data = Annotated[Mapping[str, Any], MaxProperties(256)]


class ResponseStatus(StrEnum):
    """How a request ended."""

    OK = "ok"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A question to the owner of a stream or, without a stream, to any worker."""

    schema: Schema = SCHEMA
    transaction: Id
    """Chosen by the asker; asked again it gets the first answer."""
    stream: OptionalId = ""
    data: Data = field(default_factory=dict)
    """What the named request takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer, to the MQTT 5 response topic when one was given, else ``response/<name>``."""

    schema: Schema = SCHEMA
    transaction: Id
    """Of the request."""
    status: ResponseStatus
    data: Data = field(default_factory=dict)
    """What was asked for; empty on an error."""
    error: Sentence = ""
    """For people: what went wrong and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationJob:
    """Translate a text; the response's data is ``{text}``."""

    schema: Schema = SCHEMA
    transaction: Id
    text: Text
    source_language: Language
    """BCP-47, lower case."""
    target_language: Language
    """BCP-47, lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisJob:
    """Speak a text; the answer on the response topic is PCM with its properties."""

    schema: Schema = SCHEMA
    transaction: Id
    text: Text
    language: Language
    """BCP-47, lower case."""
    voice: Voice = ""
    """Empty: the default one."""
    speed: Annotated[float, Minimum(0.5), Maximum(2)] = 1.0
    """Above 1 is faster."""
