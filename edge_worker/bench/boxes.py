"""Which box is needed? The whole chain, live, on fewer cores, with fewer instruction sets.

Each case is the demo's run: a broker, a camera and a worker as processes of their own, the sample
visitor in real time. Only the worker is confined: to its cores by the scheduler, to its
instruction sets by what it is told of the processor. Camera and broker have all cores to choose
from, as they do where they are machines of their own.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.boxes_film import write_film
from edge_worker.bench.instruction_sets import InstructionSets, limited_to
from edge_worker.bench.report import BenchReport, Cell, Column, Row
from edge_worker.demo import SAMPLE
from edge_worker.demo.latency import first_sounds_s
from edge_worker.demo.marks import rendered_spans
from edge_worker.demo.processes import Confinement, ProcessFailedError
from edge_worker.demo.record import RunRecord, run_record
from edge_worker.demo.run import DemoOptions, RunResult
from edge_worker.demo.run import run as run_demo
from edge_worker.demo.show import film_length_s
from edge_worker.egress.recorder import remux
from edge_worker.span import Span, covered_ns
from edge_worker.verify.reference import Reference, read_reference
from mqtt_schemas import EventType, Rung

_QUICK_S = 8.0
_WHOLE_S = 3600.0
_STEPS = {EventType.DEGRADED, EventType.RECOVERED}


@dataclass(frozen=True, slots=True)
class Box:
    """One case."""

    width: int
    height: int
    cores: int
    sets: InstructionSets = InstructionSets.ALL

    @property
    def name(self) -> str:
        """For ``--only``."""
        return f"{self.height}p-{self.cores}-{self.sets}"


BOXES = tuple(
    Box(width, height, cores, sets)
    for sets in InstructionSets
    for cores in (2, 1)
    for width, height in ((640, 480), (1280, 720))
)

COLUMNS = (
    Column("case"),
    Column("cores", digits=0, help="Those the worker may run on."),
    Column("sets", help="Instruction sets: all that the processor has, or no more than this."),
    Column("tau", digits=2, help="CPU seconds of the worker / (film seconds x its cores)."),
    Column("first sound", "s", 2, "End of a sentence to its first translated sound, median."),
    Column("p95", "s", 2, "The same, 95th percentile."),
    Column("spoken", "%", 0, "Of the visitor's sentences, those heard translated."),
    Column("lips", "%", 0, "Of the time with translated speech, that with rendered lips."),
    Column("pictures", "%", 0, "Of the camera's, those that came out."),
    Column("memory", "MB", 0, "Peak of the worker, models included (sum of PSS)."),
    Column("rung", help="Of the degrade ladder, at the end of the film."),
    Column("steps", help="On the ladder, with the film's second."),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the ladder."""

    film_s: float
    rung: Rung


def run(options: BenchOptions) -> BenchReport:
    """Run the visitor through a worker on each box; the whole of it takes about 20 minutes.

    Raises:
        BenchFailedError: none of the boxes asked for can be had here.
    """
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    chosen = [box for box in (BOXES[:1] if options.quick else BOXES) if options.wants(box.name)]
    rows: list[Row] = []
    notes: list[str] = []
    for box in chosen:
        options.progress(f"{box.name}: {box.width}x{box.height}, {box.cores} cores, {box.sets}")
        try:
            rows.append(Row(_measure(box, usable, options)))
        except (BenchFailedError, ProcessFailedError) as error:
            notes.append(f"{box.name} was not measured: {error}")
    if not rows:
        names = ", ".join(box.name for box in BOXES)
        raise BenchFailedError("; ".join(notes) or f"no such box; there are {names}")
    return BenchReport("boxes", "Which box is needed", COLUMNS, tuple(rows), tuple(notes))


def ladder_steps(result: RunResult, camera_start_utc_ns: int) -> list[Step]:
    """The steps that a run took on the degrade ladder, in order."""
    return [
        Step((event.utc_ns - camera_start_utc_ns) / 1e9, Rung(event.detail.removeprefix("now ")))
        for event in result.observed.events
        if event.type in _STEPS and event.detail.removeprefix("now ") in set(Rung)
    ]


def share_within(spans: Sequence[Span], wanted: Sequence[Span]) -> float | None:
    """Share of the time in ``wanted`` that ``spans`` cover; None where none is wanted."""
    whole_ns = sum(span.duration_ns for span in wanted)
    return sum(covered_ns(span, spans) for span in wanted) / whole_ns if whole_ns else None


def _measure(box: Box, usable: list[int], options: BenchOptions) -> dict[str, Cell]:
    if len(usable) < box.cores:
        raise BenchFailedError(f"it needs {box.cores} cores, and only Linux can be told which")
    folder = options.folder / box.name
    folder.mkdir(exist_ok=True)
    film = _film(box, options)
    confinement = Confinement(frozenset(usable[: box.cores]), limited_to(box.sets, options.folder))
    reference = read_reference(SAMPLE / "reference.json")
    demo = DemoOptions(
        film=film,
        source=reference.source_language,
        target=reference.target_language,
        folder=folder,
        film_s=film_length_s(film),
        confinement=confinement,
    )
    result = asyncio.run(run_demo(demo, lambda _: None))
    film_start_ns = remux(result.recording, folder / "translated.mp4")
    rendered = rendered_spans(result.recording, film_start_ns)
    record = run_record(result, film_start_ns, rendered, (0, 0))
    return {
        "case": box.name,
        "cores": float(box.cores),
        "sets": box.sets.value,
        "tau": result.cpu_s / (demo.film_s * box.cores),
        **_sounds(record, reference, demo.film_s),
        **_pictures(record, demo),
        "memory": result.peak_memory_mb,
        **_ladder(result, record.camera_start_utc_ns, demo.film_s),
    }


def _film(box: Box, options: BenchOptions) -> Path:
    """The visitor in the box's picture size; made once, whole or not at all."""
    length_s = _QUICK_S if options.quick else _WHOLE_S
    film = options.folder / f"visitor-{box.height}p-{'quick' if options.quick else 'whole'}.mp4"
    if not film.exists():
        part = film.with_suffix(".part.mp4")
        write_film(SAMPLE / "visitor.mp4", part, box.width, box.height, length_s)
        part.replace(film)
    return film


def _sounds(record: RunRecord, reference: Reference, film_s: float) -> dict[str, Cell]:
    sentences = [one for one in reference.utterances if one.span.end_ns <= film_s * 1e9]
    first = list(first_sounds_s(sentences, record.dubbed, record.camera_start_utc_ns).values())
    return {
        "first sound": float(np.median(first)) if first else None,
        "p95": float(np.percentile(first, 95)) if first else None,
        "spoken": len(first) / len(sentences) if sentences else None,
    }


def _pictures(record: RunRecord, demo: DemoOptions) -> dict[str, Cell]:
    speech = [one.placed for one in record.dubbed if one.placed is not None]
    return {
        "lips": share_within(record.rendered, speech),
        "pictures": _count(demo.folder / "translated.mp4") / _count(demo.film),
    }


def _ladder(result: RunResult, started_ns: int, film_s: float) -> dict[str, Cell]:
    steps = [step for step in ladder_steps(result, started_ns) if step.film_s <= film_s]
    return {
        "rung": (steps[-1].rung if steps else Rung.FULL).value,
        "steps": ", ".join(f"{step.film_s:.0f} s {step.rung}" for step in steps) or "none",
    }


def _count(film: Path) -> int:
    """Pictures of a film."""
    with av.open(str(film)) as container:
        return sum(packet.pts is not None for packet in container.demux(video=0))
