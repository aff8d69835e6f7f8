"""What the worker that hears a stream says to the one that shows it."""

from dataclasses import dataclass
from typing import Annotated

from .fields import SCHEMA, Count, Duration, Epoch, Few, Id, Nanoseconds, Schema, Sentence
from .metrics import StageLatency
from .models import ModelNeed


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpreterReport:
    """How the interpreter named in ``state`` is doing: once a second, and when it changes."""

    schema: Schema = SCHEMA
    stream: Id
    worker: Id
    """The interpreter; others' reports are not believed."""
    epoch: Epoch | None = None
    """Of the media clock that it hears; None before the first sound."""
    speaking_since_ns: Nanoseconds | None = None
    """Media time at which the visitor began to speak, nanoseconds; None while nobody speaks."""
    busy: bool = False
    """Something that was said is on its way to being spoken."""
    texts: Count = 0
    """Utterances that have been translated."""
    text_lag_ns: Duration = 0
    """From the end of the newest of them to its text, nanoseconds of the media clock."""
    behind: Count = 0
    """How often it could not keep up with the speaker and left something out."""
    needs: ModelNeed | None = None
    """Models that it lacks for the stream's languages or voice."""
    trouble: Sentence = ""
    """For people: which server of it does not answer."""
    stages: Annotated[tuple[StageLatency, ...], Few] = ()
    """How long its stages take."""
