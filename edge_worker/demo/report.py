"""The figures of a run, held against what was promised: report.json and report.html."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from edge_worker.demo.record import RunRecord
from edge_worker.demo.report_page import BarRow, Page, UtteranceRow, render
from edge_worker.demo.report_plots import stage_plot, timeline_plot
from edge_worker.verify import Findings, MouthFindings
from edge_worker.verify.findings import Figures
from edge_worker.verify.reference import Reference


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
    Bar(
        "mouth2_av_offset_ms_median",
        "Sound against mouth, by the second method",
        low=-40,
        high=40,
        unit="ms",
    ),
    Bar("mouth2_speech_r", "Mouth moves with the speech, by the second method", low=0.4),
    Bar("lip_coverage", "Frames of translated speech with matching lips", low=0.9, unit="%"),
    Bar("output_wer", "Words a recognizer hears wrong in the output", high=0.15, unit="%"),
    Bar("stamp_offset_ms_p95", "Timestamps at egress, 95th percentile", high=5, unit="ms"),
    Bar("peak_rss_mb", "Peak memory", high=1500, unit="MB"),
    Bar("lip_ms_per_frame_p50", "Tracking and lips per frame", high=6, unit="ms"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A run and what was found in its film."""

    findings: Findings
    """What ``polylip verify`` finds in the written film."""
    run: RunRecord
    """What the run noted."""
    reference: Reference
    """The annotation of the source film."""
    first_sounds_s: Mapping[str, float]
    """End of a sentence to its first translated sound, by reference utterance id."""
    heard: Mapping[str, str]
    """What a recognizer heard in the film, by utterance id."""

    @property
    def sentences_spoken(self) -> int:
        """Reference sentences whose translation was spoken."""
        told = self.findings.words.sentences_spoken
        return self.findings.counts.spoken if told is None else told


def figures(outcome: Outcome) -> Figures:
    """The numeric top-level keys of ``report.json``; None where there is no data."""
    run = outcome.run
    first = list(outcome.first_sounds_s.values())
    return {
        **outcome.findings.figures(),
        "tau": run.tau,
        "first_sound_s_p50": float(np.median(first)) if first else None,
        "stamp_offset_ms_p95": run.stamp_offset_ms_p95,
        "peak_rss_mb": run.peak_rss_mb,
        "lip_ms_per_frame_p50": run.lip_ms_per_frame_p50,
        "utterances_reference": len(outcome.reference.utterances),
        "utterances_spoken": outcome.sentences_spoken,
        "speech_share": outcome.reference.speech_share,
        "frames_in": run.frames_in,
    }


def report_json(outcome: Outcome) -> str:
    """``report.json``: the figures, everything else under ``details``."""
    run, reference = outcome.run, outcome.reference
    numbers = {key: _rounded(v) for key, v in figures(outcome).items()}
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
        "verify": outcome.findings.details(),
        "first_sound_s": dict(outcome.first_sounds_s),
        "stages": [asdict(stage) for stage in run.stages],
        "utterances": [
            {
                "id": u.id,
                "source_start_ns": u.source.start_ns,
                "source_end_ns": u.source.end_ns,
                "source_text": u.source_text,
                "target_text": u.target_text,
                "heard": outcome.heard.get(u.id),
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
    outcome: Outcome,
    *,
    contact_sheet: Path | None = None,
    films: tuple[Path, ...] = (),
) -> None:
    """Write ``report.json`` and a ``report.html`` that needs nothing else to be read.

    Args:
        folder: must exist.
        outcome: what to tell.
        contact_sheet: a PNG, embedded.
        films: files in ``folder``, linked by name.
    """
    run, reference = outcome.run, outcome.reference
    (folder / "report.json").write_text(report_json(outcome), encoding="utf-8")
    page = Page(
        bars=_bar_rows(figures(outcome)),
        spoken=outcome.sentences_spoken,
        sentences=len(reference.utterances),
        facts=_facts(outcome),
        timeline=timeline_plot(run, reference),
        stages=stage_plot(run.stages),
        utterances=_utterance_rows(outcome),
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


def _facts(outcome: Outcome) -> tuple[str, ...]:
    run, reference, findings = outcome.run, outcome.reference, outcome.findings
    counts = findings.counts
    facts = [
        f"{reference.duration_ns / 1e9:.0f} s of film, {reference.speech_share:.0%} of it speech",
        f"{counts.spoken} utterances spoken, {counts.off_camera} of them judged off camera",
        *(mouth_fact(mouth) for mouth in findings.mouths),
        *(f"{key} cannot be told: {reason}" for key, reason in findings.untold.items()),
    ]
    if run.frames_in is not None and run.frames_out is not None:
        facts.append(f"{run.frames_in} frames in, {run.frames_out} out")
    return (*facts, *filter(None, (run.lip_engine, run.device)))


def mouth_fact(mouth: MouthFindings) -> str:
    """What lies behind a method's figures, in words."""
    found = mouth.closure
    chance = f" (by chance {found.by_chance:.0%})" if found.by_chance is not None else ""
    return (
        f"By {mouth.method}: {len(mouth.windows)} windows of 10 s judged for A/V offset, "
        f"{found.closed} of {found.seen} bilabials closed{chance}"
    )


def _utterance_rows(outcome: Outcome) -> tuple[UtteranceRow, ...]:
    rows = []
    for u in outcome.run.utterances:
        covered = [
            outcome.first_sounds_s[r.id]
            for r in outcome.reference.utterances
            if r.id in outcome.first_sounds_s and r.span.overlap_ns(u.source) > 0
        ]
        rows.append(
            UtteranceRow(
                start_s=u.source.start_ns / 1e9,
                source_text=u.source_text,
                target_text=u.target_text,
                heard=outcome.heard.get(u.id, ""),
                fate="" if u.placed is not None else u.reason or u.verdict.value,
                first_sound=shown(float(np.median(covered)), "s") if covered else "\u2013",
            )
        )
    return tuple(rows)
