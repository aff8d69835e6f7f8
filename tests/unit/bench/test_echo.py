"""``polylip bench echo``: a reply is not translated back, and a visitor is heard over it."""

from pathlib import Path

import pytest

from edge_worker.bench import BenchOptions
from edge_worker.bench.echo import WAYS, run


def test_ways_when_listed_then_they_cover_every_level_and_delay_that_is_promised() -> None:
    assert {way.level for way in WAYS} == {0.0, -10.0, -20.0}
    assert {way.delay_s for way in WAYS} >= {0.05, 0.2, 0.4}
    assert len({way.name for way in WAYS}) == len(WAYS)


@pytest.mark.models
def test_bench_when_run_quickly_then_the_guard_keeps_the_reply_out_and_the_visitor_in(
    tmp_path: Path,
) -> None:
    report = run(BenchOptions(tmp_path, quick=True))
    (row,) = (row.cells for row in report.rows)
    unguarded, guarded = row["unguarded"], row["guarded"]
    assert isinstance(unguarded, float)
    assert unguarded > 0
    assert guarded == 0
    over, kept = row["WER over it"], row["WER guarded"]
    assert isinstance(over, float)
    assert isinstance(kept, float)
    assert over > 0.5
    assert kept < 0.25
