"""Rules of media messages, and the MQTT 5 user properties that travel with them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass
from typing import Annotated, Any, ClassVar, Protocol, TypeVar

from mashumaro.jsonschema.annotations import Pattern

from .conformance import first_fault, json_schema
from .errors import MessageRefused, shown
from .fields import Count, Epoch, Id, Nanoseconds, OptionalLanguage, SampleRate, Term
from .limits import MAX_MEDIA_BYTES

SEGMENT_CONTENT_TYPE = "video/mp2t"
"""MPEG-TS: PAT and PMT first in every message, one PES packet per access unit."""
PCM_CONTENT_TYPE = "audio/pcm"
"""Signed 16-bit little-endian, one channel; its rate is among the user properties."""

SEGMENT_NS = 120_000_000
"""Length of a segment as we publish it; the camera's may have another."""
MIN_SEGMENT_NS = 100_000_000
MAX_SEGMENT_NS = 200_000_000
TS_PACKET_BYTES = 188
OUT_GOP_NS = 1_000_000_000
"""Between keyframes of ``out``, where a segment always begins."""
IN_GOP_MAX_NS = 10_000_000_000
PCR_MAX_NS = 100_000_000
"""Between clock references of ``out``."""
OUT_SAMPLE_RATE = 48_000
"""AAC-LC, mono, ADTS."""
TALKBACK_SAMPLE_RATE = 16_000
"""PCM of ``talkback/in`` where its properties do not say."""

Trace = Annotated[str, Pattern("^[A-Za-z0-9-]{1,64}$")]
Pairs = Iterable[tuple[str, str]]
Properties = TypeVar("Properties")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaProperties:
    """What travels beside a segment; None where a foreign publisher does not say."""

    seq: Count | None = None
    """Rises by one with every segment of an epoch and term."""
    pts_ns: Nanoseconds | None = None
    """Media time of the segment's earliest sample or picture, nanoseconds."""
    epoch: Epoch | None = None
    """Of the media clock."""
    term: Term | None = None
    """Of the owner that published it; only on ``out``."""
    trace: Trace | None = None
    """Follows a segment through the pipeline."""
    capture_ns: Nanoseconds | None = None
    """When ``pts_ns`` was captured, nanoseconds since 1970-01-01 UTC; on ``talkback/out`` when
    the segment was sent."""
    ai_modified: bool | None = None
    """Whether picture or sound of this segment was altered; only on ``out``."""
    transaction: Id | None = None
    """The reply that it is part of; only on ``talkback/out``."""
    last: bool | None = None
    """No segment of this transaction follows; only on ``talkback/out``."""

    def to_pairs(self) -> list[tuple[str, str]]:
        """As MQTT 5 user properties."""
        return write_properties(self)

    @classmethod
    def from_pairs(cls, topic: str, pairs: Pairs) -> "MediaProperties":
        """Read user properties; others' are ignored.

        Raises:
            MessageRefused: a known one is nonsense or there twice.
        """
        return cls(**read_properties(cls, topic, pairs))


@dataclass(frozen=True, slots=True, kw_only=True)
class PcmProperties:
    """What travels beside PCM; a message without any is whole and at 16 kHz."""

    sample_rate: SampleRate = TALKBACK_SAMPLE_RATE
    """Hertz."""
    seq: Count = 0
    """Of this piece, from 0."""
    last: bool = True
    """No piece follows."""
    language: OptionalLanguage = ""
    """Of the speech, BCP-47; empty when unknown."""

    def to_pairs(self) -> list[tuple[str, str]]:
        """As MQTT 5 user properties."""
        return write_properties(self)

    @classmethod
    def from_pairs(cls, topic: str, pairs: Pairs) -> "PcmProperties":
        """Read user properties; others' are ignored.

        Raises:
            MessageRefused: a known one is nonsense or there twice.
        """
        return cls(**read_properties(cls, topic, pairs))


class PropertySet(Protocol):
    """A dataclass that travels as MQTT 5 user properties."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def check_media(topic: str, payload: bytes, content_type: str | None, expected: str) -> None:
    """Check the outside of a media message; one without a content type is taken as it is.

    Raises:
        MessageRefused: empty, too large or of another content type.
    """
    if not 0 < len(payload) <= MAX_MEDIA_BYTES:
        raise MessageRefused(
            topic, "", f"has {len(payload)} bytes; media has 1 to {MAX_MEDIA_BYTES}"
        )
    if content_type and content_type != expected:
        raise MessageRefused(topic, "content type", f"is {shown(content_type)}, not {expected}")


def write_properties(properties: PropertySet) -> list[tuple[str, str]]:
    """A dataclass as MQTT 5 user properties; what is empty is left out."""
    values = ((name, getattr(properties, name)) for name in properties.__dataclass_fields__)
    return [(name, _written(value)) for name, value in values if value not in (None, "")]


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_properties(kind: type, topic: str, pairs: Pairs) -> dict[str, Any]:
    """The fields of a dataclass among MQTT 5 user properties; others are ignored.

    Raises:
        MessageRefused: one is nonsense or there twice, or one that must be there lacks.
    """
    schema = json_schema(kind)
    values: dict[str, Any] = {}
    for name, text in pairs:
        if name not in schema["properties"]:
            continue
        if name in values:
            raise MessageRefused(topic, name, "is there twice among the user properties")
        values[name] = _read(schema["properties"][name], text)
    if fault := first_fault(schema, values):
        raise MessageRefused(topic, *fault)
    return values


def _read(schema: Mapping[str, Any], text: str) -> object:
    """The value that a text stands for; the text itself where it is nonsense, to be refused."""
    kind = "string" if "enum" in schema else schema.get("type") or schema["anyOf"][0]["type"]
    if kind == "integer" and re.fullmatch("-?[0-9]{1,19}", text, re.ASCII):
        return int(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text
