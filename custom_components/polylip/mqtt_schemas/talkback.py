"""The reply path: from the owner to the visitor."""

from dataclasses import dataclass
from enum import StrEnum

from .fields import SCHEMA, Duration, Id, Language, OptionalLanguage, Schema, Sentence, Text, Voice


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
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkbackReply:
    """What became of a ``say``: the ``data`` of its response."""

    schema: Schema = SCHEMA
    stream: Id
    transaction: Id
    status: TalkbackStatus
    text: Text = ""
    """As spoken to the visitor."""
    language: OptionalLanguage = ""
    """It was spoken in, BCP-47, lower case."""
    duration_ns: Duration = 0
    """Length of the speech, nanoseconds."""
    reason: Sentence = ""
    """For people: why it failed."""
