"""Captions of a translated film: what was said and what was spoken instead, each with its time.

They lie beside the film as WebVTT and in it as two text tracks, one for each language. Both say
the same, so that whoever has the film can hold it against them later.
"""

from dataclasses import dataclass

from edge_worker.span import Span

OFF_CAMERA = "(voice off camera)"
"""Stands below a translation whose speaker's mouth is not in the picture."""


@dataclass(frozen=True, slots=True)
class Caption:
    """One utterance on the film's clock."""

    source_text: str
    target_text: str
    source: Span | None = None
    """Where it was said; None where the captions do not tell."""
    spoken: Span | None = None
    """Where its translation is heard; None: it was not spoken."""
    off_camera: bool = False
    """No visible mouth moved with it, so no lips were rendered."""
    reason: str = ""
    """For people: why it was not spoken."""


@dataclass(frozen=True, slots=True)
class Captions:
    """All captions of one film, in the order of speaking."""

    source_language: str
    """BCP-47, or empty where unknown; so is the next."""
    target_language: str
    entries: tuple[Caption, ...] = ()

    @property
    def spoken(self) -> tuple[Caption, ...]:
        """Those whose translation is heard."""
        return tuple(one for one in self.entries if one.spoken is not None)
