"""Where translated speech goes on the media clock, and how fast it is spoken: one pure rule."""

from dataclasses import dataclass

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class PlacementLimits:
    """The bounds of the rule."""

    slowest: float = 0.85
    """Least speed, used only where the whole source span is still ahead of the playhead."""
    fastest: float = 1.25
    """Greatest speed; beyond it speech is hard to follow."""
    gap_ns: int = 120_000_000
    """Breath between two utterances."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when an utterance is to be placed."""

    source_start_ns: int
    source_end_ns: int
    duration_ns: int
    """Length of the translated speech at speed 1."""
    playhead_ns: int
    """Nothing may be placed before this."""
    previous_end_ns: int | None
    """End of the speech placed before, if any."""
    free_until_ns: int
    """Source time that is known to hold no other utterance: the onset of the next one, or as far
    as has been heard."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Start on the media clock and speed factor (1.25 is faster)."""

    start_ns: int
    speed: float

    def end_ns(self, duration_ns: int) -> int:
        """Where speech of ``duration_ns`` (at speed 1) ends."""
        return self.start_ns + round(duration_ns / self.speed)


def place(situation: Situation, limits: PlacementLimits) -> Placement:
    """Earliest start that keeps order and never lies behind the playhead; speed to fit.

    When the source span is still ahead (the playout delay is long enough: dub) the speech fills
    that span, within the limits. When it is late (live) it is never slowed down, the pause after
    the source is used first, and only what would run past that pause is spoken faster.
    """
    start_ns = max(situation.source_start_ns, situation.playhead_ns)
    if situation.previous_end_ns is not None:
        start_ns = max(start_ns, situation.previous_end_ns + limits.gap_ns)
    source_ns = max(1, situation.source_end_ns - situation.source_start_ns)
    if start_ns == situation.source_start_ns:
        wanted = situation.duration_ns / source_ns
        return Placement(start_ns, min(max(wanted, limits.slowest), limits.fastest))
    pause_ns = max(0, situation.free_until_ns - situation.source_end_ns)
    late_ns = _queueing_ns(situation, start_ns)
    wanted = (situation.duration_ns + late_ns) / (source_ns + pause_ns)
    return Placement(start_ns, min(max(wanted, 1.0), limits.fastest))


def _queueing_ns(situation: Situation, start_ns: int) -> int:
    """How much later the speech starts than it could, because earlier speech still plays."""
    return start_ns - max(situation.source_start_ns, situation.playhead_ns)
