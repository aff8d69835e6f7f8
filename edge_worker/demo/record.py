"""What a run notes about itself: what no film can tell."""

import os
import platform
from dataclasses import dataclass

from edge_worker.demo.run import FILM_START_NS, RunResult
from edge_worker.egress.runs import Run
from edge_worker.items import PhonemeTiming, Verdict
from edge_worker.metrics import ProcessMeter
from edge_worker.span import Span
from mqtt_schemas import UtteranceMessage

_MS = 1e6


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


def run_record(
    result: RunResult,
    film_start_ns: int,
    rendered: tuple[Span, ...],
    frames: tuple[int, int],
) -> RunRecord:
    """The run as the report wants it.

    Args:
        result: of the run.
        film_start_ns: output PTS of the translated film's time 0.
        rendered: stretches of the film whose mouth was rendered.
        frames: pictures that went in and came out.
    """
    observed = result.observed
    anchor = observed.transcript.anchor
    started_ns = anchor.utc_ns - anchor.pts_ns + FILM_START_NS if anchor else 0
    metrics = observed.metrics
    stages = {stage.stage: stage for stage in metrics.stages} if metrics else {}
    lips = stages.pop("lip_frame", None)
    cores = ProcessMeter().cores
    first_delay_ns = (
        observed.transcript.delay_ns(film_start_ns, anchor.epoch) if anchor is not None else 0
    )
    return RunRecord(
        camera_start_utc_ns=started_ns,
        output_start_ns=film_start_ns - first_delay_ns - FILM_START_NS,
        utterances=tuple(
            _spoken(result, message, film_start_ns)
            for message in sorted(
                observed.transcript.utterances.values(), key=lambda one: one.start_ns
            )
        ),
        rendered=rendered,
        frames_in=frames[0],
        frames_out=frames[1],
        stages=tuple(
            StageLatency(stage.stage, stage.p50_ns / _MS, stage.p95_ns / _MS)
            for stage in stages.values()
        ),
        tau=result.cpu_s / (result.media_s * cores) if result.media_s else None,
        peak_rss_mb=result.peak_memory_mb or None,
        stamp_offset_ms_p95=(
            metrics.stamp_offset_ns / _MS
            if metrics and metrics.stamp_offset_ns is not None
            else None
        ),
        lip_ms_per_frame_p50=lips.p50_ns / _MS if lips else None,
        lip_engine="mouth-warp",
        device=f"{platform.machine()}, {cores:g} of {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}",
    )


def _spoken(result: RunResult, message: UtteranceMessage, film_start_ns: int) -> SpokenUtterance:
    observed = result.observed
    speech = observed.speeches.get(message.utterance)
    placed = observed.transcript.placed(message, (Run.from_start(film_start_ns),))
    return SpokenUtterance(
        id=message.utterance,
        source=Span(message.start_ns - FILM_START_NS, message.end_ns - FILM_START_NS),
        source_text=message.source_text,
        target_text=message.target_text,
        verdict=message.verdict,
        reason=message.reason,
        placed=placed,
        phonemes=tuple(
            PhonemeTiming(one.symbol, one.start_ns, one.end_ns)
            for one in (speech.phonemes if speech and placed else ())
        ),
        first_publish_utc_ns=observed.spoken_utc_ns.get(message.utterance),
    )
