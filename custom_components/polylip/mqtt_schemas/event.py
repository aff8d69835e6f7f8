"""Things that happen on a stream."""

from dataclasses import dataclass
from enum import StrEnum

from .fields import SCHEMA, Count, Epoch, Id, Nanoseconds, OptionalId, Schema, Sentence


class EventType(StrEnum):
    """What happened."""

    SPEECH_STARTED = "speech_started"
    SPEECH_ENDED = "speech_ended"
    RING = "ring"
    WOKEN = "woken"
    """It is decoded and translated from now on; ``detail`` says what woke it."""
    ASLEEP = "asleep"
    """It is left alone from now on, until something wakes it."""
    FACE_FOUND = "face_found"
    FACE_LOST = "face_lost"
    OVERLOAD = "overload"
    """An utterance was not dubbed for lack of time."""
    DEGRADED = "degraded"
    """A step down the ladder."""
    RECOVERED = "recovered"
    """A step up the ladder, or a fault that is over."""
    PAIR_MISSING = "pair_missing"
    """``detail`` names the models that would translate this pair, their size and licence."""
    PAIR_READY = "pair_ready"
    """What lacked has come: the stream is translated from now on."""
    STAGE_FAILED = "stage_failed"
    """A stage failed on an item, which passed through."""
    BAD_INPUT = "bad_input"
    """Corrupt media or a refused message; the good part was kept."""
    RETAINED_COMMAND = "retained_command"
    """A retained ``set`` message was ignored."""
    OWNER_CHANGED = "owner_changed"
    EPOCH_CHANGED = "epoch_changed"
    """The camera's media clock started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvent:
    """Something that happened on a stream; never retained."""

    schema: Schema = SCHEMA
    stream: Id
    type: EventType
    utc_ns: Nanoseconds
    """When it was noticed, nanoseconds since 1970-01-01 UTC."""
    epoch: Epoch | None = None
    pts_ns: Nanoseconds | None = None
    """Its place on the media clock, nanoseconds, where it has one."""
    utterance: OptionalId = ""
    """The utterance it is about, where there is one."""
    detail: Sentence = ""
    """For people: what happened and what to do."""
    count: Count = 1
    """How many such happenings this message stands for."""
