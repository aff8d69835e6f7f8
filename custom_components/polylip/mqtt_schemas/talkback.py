"""The reply path: from the owner to the visitor."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from mashumaro.jsonschema.annotations import Maximum, Minimum

from .fields import (
    SCHEMA,
    Duration,
    Id,
    Language,
    Nanoseconds,
    OptionalLanguage,
    Schema,
    Sentence,
    Text,
    Voice,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkbackSay:
    """Say this at the door; answered by a response that carries a ``TalkbackReply``."""

    schema: Schema = SCHEMA
    stream: Id
    transaction: Id
    text: Text
    """As typed, in ``language``."""
    language: Language
    """Of the text, BCP-47, lower case."""
    target_language: OptionalLanguage = ""
    """To speak in; empty: the visitor's."""
    voice: Voice = ""
    """Empty: the default one."""
    wait_ns: Annotated[int, Minimum(1_000_000_000), Maximum(120_000_000_000)] = 30_000_000_000
    """If it cannot be begun within so many nanoseconds, it is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkbackCancel:
    """Stop speaking, and forget what waits."""

    schema: Schema = SCHEMA
    stream: Id
    transaction: Id
    """Of the ``say`` or ``in`` to be cancelled."""


class TalkbackStatus(StrEnum):
    """What became of a reply to the visitor."""

    QUEUED = "queued"
    SPEAKING = "speaking"
    SPOKEN = "spoken"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """Its turn did not come in time."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkbackReply:
    """How a ``say`` or an ``in`` stands: on ``talkback/status``, and the response's ``data``."""

    schema: Schema = SCHEMA
    stream: Id
    transaction: Id
    status: TalkbackStatus
    source_text: Text = ""
    """As typed, or as heard from the owner."""
    source_language: OptionalLanguage = ""
    """Of ``source_text``, BCP-47, lower case."""
    text: Text = ""
    """As spoken to the visitor."""
    language: OptionalLanguage = ""
    """It was spoken in, BCP-47, lower case."""
    notice: Text = ""
    """Said before it: that the voice is artificial; empty where that was said before."""
    duration_ns: Duration = 0
    """Length of the speech, without the notice, nanoseconds."""
    reason: Sentence = ""
    """For people: why it failed."""


class PlayedStatus(StrEnum):
    """What the door's loudspeaker did."""

    STARTED = "started"
    ENDED = "ended"
    """To its end."""
    FAILED = "failed"
    """Or was cancelled before its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkbackPlayed:
    """What the camera side says of a transaction of ``talkback/out``."""

    schema: Schema = SCHEMA
    stream: Id
    transaction: Id
    status: PlayedStatus
    utc_ns: Nanoseconds
    """When the loudspeaker began or ended, nanoseconds since 1970-01-01 UTC."""
    detail: Sentence = ""
    """For people: why it failed, or what of it did not arrive."""
