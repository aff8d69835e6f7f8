"""The effective state of a stream, written by its owner alone."""

from dataclasses import dataclass
from enum import StrEnum

from .fields import (
    SCHEMA,
    Count,
    Duration,
    Epoch,
    Id,
    Name,
    OptionalId,
    Schema,
    Sentence,
    Term,
    TopicName,
)
from .models import ModelNeed
from .settings import StreamSettings


class Rung(StrEnum):
    """How much is done, from everything down to nothing; the steps of the ladder under overload."""

    FULL = "full"
    LIPS_HALF_RATE = "lips_half_rate"
    """Every second picture is left out while translated speech sounds."""
    AUDIO_ONLY = "audio_only"
    """Dubbed sound, the picture as it came."""
    CAPTIONS_ONLY = "captions_only"
    """Original sound and picture, with captions."""
    PASS_THROUGH = "pass_through"  # noqa: S105 - no password, a rung
    """Original sound and picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingError:
    """Why the last command was refused."""

    setting: Name
    reason: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamState:
    """Settings in force and who serves the stream; retained, a new revision for every command."""

    schema: Schema = SCHEMA
    stream: Id
    settings: StreamSettings
    owner: Id
    """The worker that runs the timeline and alone writes ``state`` and ``out``."""
    interpreter: Id | None = None
    """The worker that hears, translates and speaks for it; None: the owner itself, or nobody."""
    successor: OptionalId = ""
    """The worker that is to take the stream over, and makes itself ready; empty: nobody."""
    yields: bool = False
    """The successor may take over now: nobody speaks."""
    term: Term
    """Rises with every change of owner and every restart; whoever sees a higher one stops."""
    revision: Term
    """Rises with every accepted or refused command."""
    out_topic: TopicName = ""
    """Where the synced segments are published now; empty while nothing is."""
    rung: Rung = Rung.FULL
    last_error: SettingError | None = None
    """Of the newest command when it was refused."""
    active: bool = True
    """It is decoded and, unless ``enabled`` is off, translated; False while it sleeps."""
    wanted: bool = False
    """It sleeps for lack of room only: whoever takes it over wakes it."""
    sleep_reason: Sentence = ""
    """For people: why it sleeps, and what wakes it; empty while it is active."""
    needs: ModelNeed | None = None
    """Models that lack for these languages or this voice; None when nothing does."""
    trouble: Sentence = ""
    """For people: what keeps the stream from being translated just now, and is tried again."""
    epoch: Epoch | None = None
    """Of the camera's media clock; None until the first segment."""
    playout_delay_ns: Duration = 0
    """The playout delay in force."""
    ai_disclosure: bool = True
    """Altered picture and sound are marked, and a visitor is told before the first reply."""
    retained_commands_ignored: Count = 0
    """Retained ``set`` messages, which are never obeyed."""
