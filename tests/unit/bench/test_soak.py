"""What the soak makes of what it saw."""

from pathlib import Path

import pytest

from edge_worker.bench import BenchOptions, soak
from edge_worker.bench.soak import Series, Watched, _rows, theil_sen


def series(*values: float) -> Series:
    made = Series()
    for index, value in enumerate(values):
        made.add(index * 60.0, value)
    return made


def test_slope_when_a_few_values_are_far_off_is_that_of_the_others() -> None:
    slope = theil_sen(series(1, 2, 3, 900, 5, 6, 7, 8))
    assert slope is not None
    assert slope * 60 == pytest.approx(1, rel=0.05)


def test_slope_when_there_are_two_values_is_not_told() -> None:
    assert theil_sen(series(1, 2)) is None


def test_report_when_memory_creeps_after_the_first_minutes_says_so() -> None:
    creeping = Watched(memory_mb=series(100, 700, *(700 + 2 * minute for minute in range(15))))
    steady = Watched(memory_mb=series(100, 700, *([740.0] * 15)))
    held = []
    for watched in (creeping, steady):
        rows = {str(row.cells["figure"]): row.cells["held"] for row in _rows(watched, 300)}
        held.append(rows["memory slope [MB/h]"])
    assert held == ["no", "yes"]


def test_report_when_nothing_was_seen_of_a_figure_does_not_call_it_held() -> None:
    rows = {str(row.cells["figure"]): row.cells for row in _rows(Watched(), 300)}
    assert rows["A/V offset p95 [ms]"]["held"] == "no"
    assert rows["lag p50 [ms]"]["held"] is None
    assert rows["utterances spoken"]["held"] == "no"


def test_report_when_a_session_died_or_sound_came_early_says_so() -> None:
    watched = Watched(terms={1, 2}, offset_ms=series(*([0.0] * 8), -400, -400))
    rows = {str(row.cells["figure"]): row.cells["held"] for row in _rows(watched, 300)}
    assert rows["sessions"] == rows["A/V offset p5 [ms]"] == "no"
    assert rows["A/V offset p50 [ms]"] == "yes"


def test_report_when_all_is_well_names_one_session() -> None:
    rows = {str(row.cells["figure"]): row.cells["held"] for row in _rows(Watched(terms={3}), 300)}
    assert rows["sessions"] == "yes"


@pytest.mark.long
def test_bench_when_run_quickly_then_a_visitor_is_translated_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    report = soak.run(BenchOptions(tmp_path, quick=True))
    rows = {str(row.cells["figure"]): row.cells for row in report.rows}
    for figure in ("utterances spoken", "A/V offset p95 [ms]", "times said to be away"):
        assert rows[figure]["held"] == "yes", rows[figure]
