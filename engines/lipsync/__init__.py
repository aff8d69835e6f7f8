"""Lips: re-render a speaker's mouth so that it says something else."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engines.face import FaceMesh, Picture


@dataclass(frozen=True, slots=True)
class MouthShape:
    """One moment of the mouth curve; lengths in inter-ocular distances (IOD)."""

    opening: float = 0.0
    """Inner-lip gap."""
    width: float = 0.0
    """Relative widening of the mouth, negative narrows."""
    rounding: float = 0.0
    """0..1."""
    tuck: float = 0.0
    """Lower lip under the upper teeth (F, V), 0..1."""
    press: float = 0.0
    """Lips pressed together (P, B, M), 0..1."""
    tongue: float = 0.0
    """Tongue at the teeth (TH, L), 0..1."""


@dataclass(frozen=True, slots=True, eq=False)
class LipCue:
    """What the mouth is to do in one frame."""

    shape: MouthShape
    amount: float
    """0 leaves the picture untouched, 1 is the full target; geometry fades, not pixels."""
    sound: NDArray[np.float32] | None = None
    """16 kHz speech around this frame (0.2 s, frame in the middle), for engines driven by sound."""


@dataclass(frozen=True, slots=True, eq=False)
class LipPatch:
    """The rectangle of the picture that changed."""

    x: int
    y: int
    picture: Picture


class LipSession(Protocol):
    """What an engine has learned of one person in one stream."""

    def observe(self, picture: Picture, face: FaceMesh) -> None:
        """Learn from an untouched frame: the neutral mouth, the mouth's inside."""
        ...

    def render(self, picture: Picture, face: FaceMesh, cue: LipCue) -> LipPatch | None:
        """Draw the mouth into a copy; None means that the picture stays as it is."""
        ...


class LipEngine(Protocol):
    """A loaded lip renderer, shared by all streams."""

    @property
    def driven_by_sound(self) -> bool:
        """Whether ``LipCue.sound`` is wanted."""
        ...

    def open(self) -> LipSession:
        """Start with a person not seen before."""
        ...
