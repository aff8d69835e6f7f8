"""What a viewer costs is measured, in its quick form."""

from pathlib import Path

import pytest

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.webrtc import run


def test_bench_when_run_quickly_then_a_viewer_is_served_and_its_cost_is_told(
    tmp_path: Path,
) -> None:
    [row] = run(BenchOptions(tmp_path, quick=True)).rows
    assert row.cells["case"] == "passed on"
    assert float(str(row.cells["each"])) >= 0


def test_bench_when_no_such_case_is_there_then_it_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BenchFailedError, match="encoded again 1"):
        run(BenchOptions(tmp_path, only=("passed on 7",)))
