"""Turns what was observed into the record that the judge is given."""

import os
import platform

from edge_worker.demo.judge import RunRecord, Span, SpokenUtterance, StageLatency
from edge_worker.demo.run import FILM_START_NS, RunResult
from edge_worker.items import PhonemeTiming
from edge_worker.metrics import ProcessMeter
from mqtt_schemas import UtteranceMessage

_MS = 1e6


def run_record(
    result: RunResult,
    film_start_ns: int,
    rendered: tuple[Span, ...],
    frames: tuple[int, int],
) -> RunRecord:
    """The run as the judge wants it.

    Args:
        result: of the run.
        film_start_ns: output PTS of the translated film's time 0.
        rendered: stretches of the film whose mouth was rendered.
        frames: pictures that went in and came out.
    """
    observed = result.observed
    anchor = observed.anchor
    started_ns = anchor.utc_ns - anchor.pts_ns + FILM_START_NS if anchor else 0
    metrics = observed.metrics
    stages = {stage.stage: stage for stage in metrics.stages} if metrics else {}
    lips = stages.pop("lip_frame", None)
    cores = ProcessMeter().cores
    first_delay_ns = observed.delay_ns(film_start_ns)
    return RunRecord(
        camera_start_utc_ns=started_ns,
        output_start_ns=film_start_ns - first_delay_ns - FILM_START_NS,
        utterances=tuple(
            _spoken(result, message, film_start_ns)
            for message in sorted(observed.utterances.values(), key=lambda one: one.start_ns)
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
        device=f"{platform.machine()}, {cores} of {os.cpu_count()} cores, {platform.system()}, "
        f"Python {platform.python_version()}",
    )


def _spoken(result: RunResult, message: UtteranceMessage, film_start_ns: int) -> SpokenUtterance:
    observed = result.observed
    speech = observed.speeches.get(message.utterance)
    placed: Span | None = None
    if message.placed_start_ns is not None and message.placed_end_ns is not None:
        shift_ns = observed.delay_ns(message.placed_start_ns) - film_start_ns
        placed = Span(message.placed_start_ns + shift_ns, message.placed_end_ns + shift_ns)
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
