"""What a camera sees, and whether lips may be shown in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from edge_worker.bench.scenes.shot import Floats, Shot, Step

BITS_PER_PIXEL: Final = 0.11
"""Of a door camera that is not stingy."""


class Decision(StrEnum):
    """Who has to see that lips may not be shown."""

    GATE = "gate"
    """The picture alone says so."""
    CHOICE = "choice"
    """Nobody's mouth moves with the sound."""


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds of a film."""

    start_s: float
    end_s: float

    def holds(self, time_s: float, margin_s: float = 0.0) -> bool:
        """Whether a moment lies in it, ``margin_s`` or more from its ends."""
        return self.start_s + margin_s <= time_s < self.end_s - margin_s


ALWAYS: Final = Span(-1e9, 1e9)


@dataclass(frozen=True, slots=True)
class Scene:
    """A condition under which a visitor is filmed."""

    name: str
    title: str
    """For people."""
    steps: tuple[Step, ...]
    """From the person to the file, in order."""
    shut: tuple[Span, ...] = ()
    """When lips may not be shown; outside they must be."""
    decided_by: Decision = Decision.GATE
    """Who says that they may not."""
    still: bool = False
    """True: every picture is made of the clip's first one."""
    bits_per_pixel: float = BITS_PER_PIXEL
    """Of the film."""

    def filmed(self, shots: Iterable[Shot]) -> Iterator[Shot]:
        """The clip's pictures as this scene shows them."""
        first: Shot | None = None
        arrival: Floats | None = None
        for shot in shots:
            first = first or shot
            arrival = shot.face if arrival is None else arrival
            held = first if self.still else shot
            seen = replace(shot, picture=held.picture, face=held.face, arrival=arrival)
            for step in self.steps:
                seen = step(seen)
            yield seen

    def is_shut(self, time_s: float) -> bool:
        """Whether lips may not be shown at a moment."""
        return any(span.holds(time_s) for span in self.shut)

    def is_changing(self, time_s: float, margin_s: float = 0.4) -> bool:
        """Whether a moment is so close to a change that either is right."""
        return any(
            abs(time_s - edge) <= margin_s
            for span in self.shut
            for edge in (span.start_s, span.end_s)
        )
