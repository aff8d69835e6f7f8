"""What was said in a film, as people annotated it, and where on the translated film's clock."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import product
from pathlib import Path

import numpy as np

from edge_worker.captions import Caption
from edge_worker.span import Span

_ALIKE = 0.7
"""Two texts this similar are the same sentence, heard twice."""
_TOGETHER_NS = 500_000_000
"""Two sentences that give shifts this close to each other agree."""


@dataclass(frozen=True, slots=True)
class ReferenceUtterance:
    """One sentence of the source as people annotated it."""

    id: str
    span: Span
    """Media time of the source film, first to last voiced sample."""
    source_text: str
    target_text: str
    """The human translation."""
    pauses: tuple[Span, ...] = ()
    """Hesitations within the sentence."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The annotation of a source film."""

    source_language: str
    target_language: str
    duration_ns: int
    utterances: tuple[ReferenceUtterance, ...]

    @property
    def speech_share(self) -> float:
        """Voiced part of the film, 0..1."""
        voiced = sum(
            u.span.duration_ns - sum(pause.duration_ns for pause in u.pauses)
            for u in self.utterances
        )
        return voiced / self.duration_ns if self.duration_ns else 0.0


def read_reference(path: Path) -> Reference:
    """Read ``reference.json``.

    Raises:
        ValueError: a field is missing or of the wrong kind; the message names file and field.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        source, target = str(data["source_language"]), str(data["target_language"])
        return Reference(
            source_language=source,
            target_language=target,
            duration_ns=int(data["duration_ns"]),
            utterances=tuple(
                ReferenceUtterance(
                    id=str(entry["id"]),
                    span=Span(int(entry["start_ns"]), int(entry["end_ns"])),
                    source_text=str(entry[source]),
                    target_text=str(entry[target]),
                    pauses=tuple(Span(int(a), int(b)) for a, b in entry["pauses"]),
                )
                for entry in data["utterances"]
            ),
        )
    except KeyError as error:
        raise ValueError(f"{path}: the field {error} is missing") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a reference annotation: {error}") from error


def reference_shift_ns(reference: Reference, captions: Sequence[Caption]) -> int | None:
    """Film time of the reference's time 0, by what was said when; None if nothing matches.

    Sentences may occur twice, so the shift is the one on which most of the pairs agree.
    """
    shifts = np.array(
        [
            one.source.start_ns - sentence.span.start_ns
            for sentence, one in product(reference.utterances, captions)
            if one.source is not None and _alike(sentence.source_text, one.source_text)
        ],
        np.int64,
    )
    if not len(shifts):
        return None
    agreeing = np.abs(shifts[:, None] - shifts[None, :]) <= _TOGETHER_NS
    return int(np.median(shifts[agreeing[int(agreeing.sum(axis=1).argmax())]]))


def _alike(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one.lower(), other.lower(), autojunk=False)
    return matcher.real_quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE
