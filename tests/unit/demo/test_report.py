"""The report says the same to machines and to people."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_worker.demo.record import RunRecord, StageLatency
from edge_worker.demo.report import BARS, Bar, BarVerdict, Outcome, figures, shown, write_report
from edge_worker.verify import Counts, Findings, MouthFindings, Words
from edge_worker.verify.closure import Closure
from edge_worker.verify.mouth import MouthTrack
from edge_worker.verify.reference import Reference
from edge_worker.verify.sync import SyncWindow
from tests.unit.demo.conftest import run_of, sentence, spoken

KEYS = {
    *("tau", "first_sound_s_p50", "av_offset_ms_median", "av_offset_ms_p5", "av_offset_ms_p95"),
    *("mouth_speech_r", "bilabial_closure_rate", "lip_coverage", "output_wer", "chrf"),
    *("mouth2_av_offset_ms_median", "mouth2_av_offset_ms_p5", "mouth2_av_offset_ms_p95"),
    *("mouth2_speech_r", "mouth2_bilabial_closure_rate", "utterances_off_camera"),
    *("stamp_offset_ms_p95", "peak_rss_mb", "lip_ms_per_frame_p50", "utterances_reference"),
    *("utterances_spoken", "speech_share", "frames_in", "frames_out"),
}
UNSEEN = MouthTrack(np.zeros(0, np.int64), np.zeros(0))
REFERENCE = Reference("pt", "en", 10_000_000_000, (sentence(1, 3, "Hello <you>.", 1),))
NOTHING = Outcome(
    findings=Findings(
        mouths=tuple(
            MouthFindings(name, UNSEEN, (), Closure(0, 0, None)) for name in ("mesh", "outline")
        ),
        words=Words(),
        counts=Counts(),
        lip_coverage=None,
        untold={"chrf": "there is <no> reference"},
    ),
    run=run_of(),
    reference=REFERENCE,
    first_sounds_s={},
    heard={},
)
MOUTH = MouthFindings(
    "mesh",
    UNSEEN,
    (SyncWindow(0, -10.0, 0.5), SyncWindow(2_000_000_000, 30.0, 0.7)),
    Closure(10, 9, 0.3),
)
RUN = replace(
    run_of(spoken(1, 3, "Hello <you>.", placed_s=(4, 6), published_s=4.25)),
    stages=(StageLatency("recognizer", 200, 400),),
    tau=0.55,
    frames_in=250,
    frames_out=250,
)


def outcome_of(run: RunRecord) -> Outcome:
    findings = Findings(
        mouths=(MOUTH, replace(MOUTH, method="outline", closure=Closure(10, 8, 0.3))),
        words=Words(("hello you",), 0.1, chrf=72.5, sentences_spoken=1),
        counts=Counts(pictures=250, utterances=1, spoken=1),
        lip_coverage=0.99,
    )
    return Outcome(findings, run, REFERENCE, {"r1": 1.25}, {"u1": "hello you"})


def test_report_when_all_is_measured_has_exactly_the_agreed_keys(tmp_path: Path) -> None:
    write_report(tmp_path, outcome_of(RUN))
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report.keys() == KEYS | {"details"}
    assert report["av_offset_ms_median"] == 10
    assert report["bilabial_closure_rate"] == 0.9
    assert report["mouth2_bilabial_closure_rate"] == 0.8
    assert report["first_sound_s_p50"] == 1.25
    assert report["mouth_speech_r"] == 0.6
    assert report["details"]["utterances"][0]["heard"] == "hello you"


def test_report_when_nothing_was_measured_says_null(tmp_path: Path) -> None:
    write_report(tmp_path, NOTHING)
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["tau"] is None
    assert report["av_offset_ms_p95"] is None
    assert {bar["verdict"] for bar in report["details"]["bars"]} == {"no data"}
    assert "chrf cannot be told: there is &lt;no&gt; reference" in (
        tmp_path / "report.html"
    ).read_text(encoding="utf-8")


def test_page_when_opened_needs_nothing_from_outside(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    sheet.write_bytes(b"\x89PNG")
    write_report(tmp_path, outcome_of(RUN), contact_sheet=sheet, films=(Path("a.mp4"),))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "http" not in page
    assert "src=" in page
    assert page.count("src=") == page.count('src="data:image/png;base64,')


def test_page_when_text_holds_markup_shows_it_as_text(tmp_path: Path) -> None:
    write_report(tmp_path, outcome_of(RUN))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Hello &lt;you&gt;." in page
    assert "<you>" not in page


def test_page_when_text_holds_a_dollar_sign_keeps_it(tmp_path: Path) -> None:
    run = replace(RUN, utterances=(spoken(1, 3, "It costs $40.", placed_s=(4, 6)),))
    write_report(tmp_path, outcome_of(run))
    assert "It costs $40." in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.3, "miss"), (0.4, "pass"), (0.8, "pass"), (0.9, "miss"), (None, "no data")],
)
def test_bar_when_a_figure_is_within_passes(value: float | None, verdict: str) -> None:
    assert Bar("x", "", low=0.4, high=0.8).judge(value) is BarVerdict(verdict)


def test_bars_name_figures_that_exist() -> None:
    assert {bar.key for bar in BARS} <= figures(NOTHING).keys()


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0512, "%", "5.12 %"),
        (1, "%", "100 %"),
        (1234.6, "MB", "1235 MB"),
        (-7.82, "ms", "\u22127.82 ms"),
        (None, "s", "\u2013"),
    ],
)
def test_figure_when_shown_to_people_has_three_digits(
    value: float | None, unit: str, text: str
) -> None:
    assert shown(value, unit) == text
