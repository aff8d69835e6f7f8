"""Everything that shapes where speech is cut."""

from dataclasses import dataclass, field
from enum import StrEnum

from edge_worker.atp.cut_score import CutWeights, Patience

_MS_NS = 1_000_000


class CutRule(StrEnum):
    """Where speech is cut."""

    MEANING = "meaning"
    """At pauses that end a thought."""
    PAUSE = "pause"
    """At every pause of ``pause_ns``, for comparison."""
    WINDOW = "window"
    """Every ``window_ns``, for comparison."""


@dataclass(frozen=True, slots=True)
class SegmenterOptions:
    """Everything that shapes the cuts."""

    rule: CutRule = CutRule.MEANING
    pause_ns: int = 500 * _MS_NS
    """For ``CutRule.PAUSE``."""
    window_ns: int = 5000 * _MS_NS
    """For ``CutRule.WINDOW``."""
    weights: CutWeights = field(default_factory=CutWeights)
    patience: Patience = field(default_factory=Patience)
    adaptive: bool = True
    """Follow the speaker's own pauses."""
    speculate_after_ns: int = 96 * _MS_NS
    """Silence after which the engines are asked."""
    answer_within_ns: int = 1200 * _MS_NS
    """Engines that take longer are not waited for."""
    max_speech_ns: int = 12_000 * _MS_NS
    """Speech this long is cut at the best place there is."""
    min_voice_ns: int = 90 * _MS_NS
    """Less voice than this is a click."""
    lead_ns: int = 200 * _MS_NS
    """Sound kept before the first voiced window."""
    tail_ns: int = 200 * _MS_NS
    """Sound kept after the last voiced window where no speculation fixed it."""
    silent_after_ns: int = 600 * _MS_NS
    """Silence after which ``speech_ended`` is told."""
