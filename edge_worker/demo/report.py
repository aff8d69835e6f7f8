"""The figures of a run, held against what was promised: report.json and report.html."""

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from edge_worker.demo.judge import Judgement, Reference, RunRecord
from edge_worker.demo.report_page import BarRow, Page, UtteranceRow, render
from edge_worker.demo.report_plots import stage_plot, timeline_plot

Figures = dict[str, float | int | None]


class BarVerdict(StrEnum):
    """How a figure compares with its bar."""

    PASS = "pass"  # noqa: S105 - a verdict
    MISS = "miss"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Bar:
    """What was promised of one figure: at least ``low``, at most ``high``."""

    key: str
    meaning: str
    low: float | None = None
    high: float | None = None
    unit: str = ""

    def judge(self, value: float | None) -> BarVerdict:
        """Compare."""
        if value is None:
            return BarVerdict.NO_DATA
        above = self.low is None or value >= self.low
        below = self.high is None or value <= self.high
        return BarVerdict.PASS if above and below else BarVerdict.MISS

    @property
    def promise(self) -> str:
        """The bar in words, such as ``at most 1.5 s``."""
        parts = []
        if self.low is not None:
            parts.append(f"at least {shown(self.low, self.unit)}")
        if self.high is not None:
            parts.append(f"at most {shown(self.high, self.unit)}")
        return ", ".join(parts)


BARS = (
    Bar("tau", "Processing time over media time, all usable cores", high=0.8),
    Bar("first_sound_s_p50", "End of a sentence to its first translated sound", high=1.5, unit="s"),
    Bar("av_offset_ms_median", "Sound against mouth, median", low=-40, high=40, unit="ms"),
    Bar("av_offset_ms_p5", "Sound against mouth, 5th percentile", low=-40, unit="ms"),
    Bar("av_offset_ms_p95", "Sound against mouth, 95th percentile", high=60, unit="ms"),
    Bar("mouth_speech_r", "Mouth moves with the speech, correlation", low=0.4),
    Bar("bilabial_closure_rate", "Lips seen closed on P, B and M", low=0.95, unit="%"),
    Bar("lip_coverage", "Frames of translated speech with matching lips", low=0.9, unit="%"),
    Bar("output_wer", "Words a recognizer hears wrong in the output", high=0.15, unit="%"),
    Bar("stamp_offset_ms_p95", "Timestamps at egress, 95th percentile", high=5, unit="ms"),
    Bar("peak_rss_mb", "Peak memory", high=1500, unit="MB"),
    Bar("lip_ms_per_frame_p50", "Tracking and lips per frame", high=6, unit="ms"),
)


def figures(judgement: Judgement, run: RunRecord, reference: Reference) -> Figures:
    """The numeric top-level keys of ``report.json``; None where there is no data."""
    return {
        "tau": run.tau,
        "first_sound_s_p50": judgement.first_sound_s,
        "av_offset_ms_median": judgement.offset_ms(50),
        "av_offset_ms_p5": judgement.offset_ms(5),
        "av_offset_ms_p95": judgement.offset_ms(95),
        "mouth_speech_r": judgement.mouth_speech_r,
        "bilabial_closure_rate": judgement.closure.rate,
        "lip_coverage": judgement.lip_coverage,
        "output_wer": judgement.output_wer,
        "chrf": judgement.chrf,
        "stamp_offset_ms_p95": run.stamp_offset_ms_p95,
        "peak_rss_mb": run.peak_rss_mb,
        "lip_ms_per_frame_p50": run.lip_ms_per_frame_p50,
        "utterances_reference": len(reference.utterances),
        "utterances_spoken": judgement.utterances_spoken,
        "speech_share": reference.speech_share,
        "frames_in": run.frames_in,
        "frames_out": run.frames_out,
    }


def report_json(judgement: Judgement, run: RunRecord, reference: Reference) -> str:
    """``report.json``: the figures, everything else under ``details``."""
    numbers = {key: _rounded(v) for key, v in figures(judgement, run, reference).items()}
    details = {
        "device": run.device,
        "lip_engine": run.lip_engine,
        "languages": [reference.source_language, reference.target_language],
        "bars": [
            {
                "key": bar.key,
                "low": bar.low,
                "high": bar.high,
                "verdict": bar.judge(numbers[bar.key]).value,
            }
            for bar in BARS
        ],
        "av_offset_windows": [asdict(window) for window in judgement.windows],
        "bilabials": {
            "seen": judgement.closure.seen,
            "closed": judgement.closure.closed,
            "rate_by_chance": judgement.closure.by_chance,
        },
        "first_sound_s": judgement.first_sounds_s,
        "stages": [asdict(stage) for stage in run.stages],
        "utterances": [
            {
                "id": u.id,
                "source_start_ns": u.source.start_ns,
                "source_end_ns": u.source.end_ns,
                "source_text": u.source_text,
                "target_text": u.target_text,
                "heard": judgement.heard.get(u.id),
                "verdict": u.verdict.value,
                "reason": u.reason,
                "placed_start_ns": u.placed.start_ns if u.placed else None,
                "placed_end_ns": u.placed.end_ns if u.placed else None,
            }
            for u in run.utterances
        ],
    }
    return json.dumps({**numbers, "details": details}, ensure_ascii=False, indent=1) + "\n"


def write_report(
    folder: Path,
    judgement: Judgement,
    run: RunRecord,
    reference: Reference,
    *,
    contact_sheet: Path | None = None,
    films: tuple[Path, ...] = (),
) -> None:
    """Write ``report.json`` and a ``report.html`` that needs nothing else to be read.

    Args:
        folder: must exist.
        judgement: what the judge measured.
        run: what the run noted.
        reference: the annotation of the source film.
        contact_sheet: a PNG, embedded.
        films: files in ``folder``, linked by name.
    """
    text = report_json(judgement, run, reference)
    (folder / "report.json").write_text(text, encoding="utf-8")
    page = Page(
        bars=_bar_rows(figures(judgement, run, reference)),
        spoken=judgement.utterances_spoken,
        sentences=len(reference.utterances),
        facts=_facts(judgement, run, reference),
        timeline=timeline_plot(run, reference),
        stages=stage_plot(run.stages),
        utterances=_utterance_rows(judgement, run, reference),
        languages=(reference.source_language, reference.target_language),
        contact_sheet=contact_sheet.read_bytes() if contact_sheet else b"",
        films=tuple(film.name for film in films),
    )
    (folder / "report.html").write_text(render(page), encoding="utf-8")


def _rounded(value: float | None) -> float | int | None:
    return round(value, 4) if isinstance(value, float) else value


def _bar_rows(numbers: Figures) -> tuple[BarRow, ...]:
    return tuple(
        BarRow(
            bar.key,
            bar.meaning,
            shown(numbers[bar.key], bar.unit),
            bar.promise,
            bar.judge(numbers[bar.key]).value,
        )
        for bar in BARS
    )


def shown(value: float | None, unit: str = "") -> str:
    """A figure for people: three digits that matter and its unit, or a dash; 0.5 is 50 %."""
    if value is None:
        return "\u2013"
    if unit == "%":
        value *= 100
    text = f"{value:.0f}" if abs(value) >= 99.95 else f"{value:.3g}"
    return f"{text} {unit}".rstrip().replace("-", "\u2212")


def _facts(judgement: Judgement, run: RunRecord, reference: Reference) -> tuple[str, ...]:
    chance = judgement.closure.by_chance
    facts = [
        f"{reference.duration_ns / 1e9:.0f} s of film, {reference.speech_share:.0%} of it speech",
        f"{len(judgement.windows)} windows of 10 s judged for A/V offset",
        f"{judgement.closure.closed} of {judgement.closure.seen} bilabials closed"
        + (f" (by chance {chance:.0%})" if chance is not None else ""),
    ]
    if run.frames_in is not None and run.frames_out is not None:
        facts.append(f"{run.frames_in} frames in, {run.frames_out} out")
    return (*facts, *filter(None, (run.lip_engine, run.device)))


def _utterance_rows(
    judgement: Judgement, run: RunRecord, reference: Reference
) -> tuple[UtteranceRow, ...]:
    rows = []
    for u in run.utterances:
        covered = [
            judgement.first_sounds_s[r.id]
            for r in reference.utterances
            if r.id in judgement.first_sounds_s and r.span.overlap_ns(u.source) > 0
        ]
        rows.append(
            UtteranceRow(
                start_s=u.source.start_ns / 1e9,
                source_text=u.source_text,
                target_text=u.target_text,
                heard=judgement.heard.get(u.id, ""),
                fate="" if u.placed is not None else u.reason or u.verdict.value,
                first_sound=shown(float(np.median(covered)), "s") if covered else "\u2013",
            )
        )
    return tuple(rows)
