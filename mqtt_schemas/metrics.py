"""How well a stream is served."""

from dataclasses import dataclass
from typing import Annotated

from .fields import (
    SCHEMA,
    Count,
    Duration,
    Few,
    Id,
    Nanoseconds,
    NonNegative,
    Ratio,
    Schema,
    Token,
)
from .state import Rung


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLatency:
    """How long one stage takes per item, over the last 10 s."""

    stage: Token
    p50_ns: Duration
    """Median, nanoseconds."""
    p95_ns: Duration
    """95th percentile, nanoseconds."""
    count: Count = 0
    """Items measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DropCount:
    """What a bounded link has dropped since the session began."""

    link: Token
    count: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamMetrics:
    """The figures of one stream, every 5 s; None where nothing was measured."""

    schema: Schema = SCHEMA
    stream: Id
    stages: Annotated[tuple[StageLatency, ...], Few] = ()
    drops: Annotated[tuple[DropCount, ...], Few] = ()
    translation_lag_ns: Duration | None = None
    """Utterance end to its first translated sound at egress, median, nanoseconds."""
    stamp_offset_ns: Nanoseconds | None = None
    """Sound against picture by presentation time, nanoseconds; > 0: sound later (EBU R37)."""
    av_offset_ns: Nanoseconds | None = None
    """Sound against the re-tracked mouth, nanoseconds; > 0: sound later (EBU R37)."""
    fps: NonNegative = 0.0
    """Frames per second published."""
    tau: NonNegative = 0.0
    """CPU seconds / (media seconds x usable cores); below 1 it keeps up."""
    speech_share: Ratio = 0.0
    """Share of the time with source speech."""
    lip_coverage: Ratio | None = None
    """Frames rendered / frames with audible translated speech and a usable face."""
    rung: Rung = Rung.FULL
    playout_delay_ns: Duration = 0
    """In force, nanoseconds."""
    debt_ns: Duration = 0
    """Translated speech that waits for its place, nanoseconds."""
    segments_lost: Count = 0
    """Segments missing from the camera since the session began."""
    segments_refused: Count = 0
    """Segments that broke the contract since the session began."""
