"""What the judge is given: what was said, by the reference, and what the run says it did."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_worker.items import PhonemeTiming, Verdict


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time."""

    start_ns: int
    end_ns: int

    @property
    def duration_ns(self) -> int:
        """Length of the stretch."""
        return self.end_ns - self.start_ns

    def overlap_ns(self, other: "Span") -> int:
        """How long both last together; 0 when they do not meet."""
        return max(0, min(self.end_ns, other.end_ns) - max(self.start_ns, other.start_ns))


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


@dataclass(frozen=True, slots=True)
class SpokenUtterance:
    """One utterance of the run, with what became of it."""

    id: str
    source: Span
    """Media time of the source film, as the worker cut it."""
    source_text: str
    target_text: str
    verdict: Verdict = Verdict.DUB
    reason: str = ""
    """For people: why the verdict is not ``dub``."""
    placed: Span | None = None
    """Where its translated speech lies in the output film's time; None: it was not spoken."""
    phonemes: tuple[PhonemeTiming, ...] = ()
    """Of the translated speech, from its first sample."""
    first_publish_utc_ns: int | None = None
    """When the out segment with its first audible translated sample was published."""


@dataclass(frozen=True, slots=True)
class StageLatency:
    """How long a stage took per item."""

    stage: str
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What a run noted about itself; None wherever a figure was not measured."""

    camera_start_utc_ns: int
    """Wall time at which media time 0 of the source film was captured."""
    output_start_ns: int
    """Media time of the source picture at the output film's time 0."""
    utterances: tuple[SpokenUtterance, ...] = ()
    rendered: tuple[Span, ...] = ()
    """Output film time during which the mouth was re-rendered."""
    frames_in: int | None = None
    frames_out: int | None = None
    stages: tuple[StageLatency, ...] = ()
    tau: float | None = None
    """Worker CPU seconds / (media seconds x usable cores)."""
    peak_rss_mb: float | None = None
    stamp_offset_ms_p95: float | None = None
    lip_ms_per_frame_p50: float | None = None
    lip_engine: str = ""
    device: str = ""
    """The machine, in words."""

    @property
    def dubbed(self) -> tuple[SpokenUtterance, ...]:
        """Utterances whose translation was spoken."""
        return tuple(u for u in self.utterances if u.placed is not None)


def covered_ns(span: Span, by: Sequence[Span]) -> int:
    """How much of ``span`` the spans ``by`` cover; they must not overlap each other."""
    return sum(span.overlap_ns(other) for other in by)
