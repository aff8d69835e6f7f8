"""See the mouth of a finished film again, from its pictures alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_worker.verify.film import Shot
from engines.face import Picture


class Eye(Protocol):
    """Looks at the mouth of the largest face, picture by picture; one eye sees one film."""

    @property
    def name(self) -> str:
        """How it looks, for people."""
        ...

    def opening(self, picture: Picture) -> float:
        """Inner-lip gap / distance of the outer corners of the eyes; NaN without a usable face."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class MouthTrack:
    """The mouth of one person over a film."""

    times_ns: NDArray[np.int64]
    """Film time of each picture, ascending."""
    opening: NDArray[np.float64]
    """Inner-lip gap in inter-ocular distances; NaN where no usable face was seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What was seen of a film."""

    times_ns: NDArray[np.int64]
    tracks: tuple[MouthTrack, ...]
    """One per eye; no eye knows what another saw."""
    marked: NDArray[np.bool_]
    """Pictures that say whether their mouth was rendered."""
    lips: NDArray[np.bool_]
    """Pictures that say that it was."""


def look(film: Iterable[Shot], eyes: Sequence[Eye]) -> Seen:
    """Look at every picture with every eye; each is measured by itself, unsmoothed."""
    times: list[int] = []
    openings: list[list[float]] = [[] for _ in eyes]
    marks: list[bool | None] = []
    for shot in film:
        times.append(shot.time_ns)
        marks.append(shot.lips)
        for eye, values in zip(eyes, openings, strict=True):
            values.append(eye.opening(shot.picture))
    times_ns = np.array(times, np.int64)
    return Seen(
        times_ns=times_ns,
        tracks=tuple(MouthTrack(times_ns, np.array(values, np.float64)) for values in openings),
        marked=np.array([mark is not None for mark in marks], bool),
        lips=np.array([mark is True for mark in marks], bool),
    )
