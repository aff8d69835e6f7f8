from pathlib import Path

import pytest

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.transport import run


def test_transport_when_run_quickly_then_every_segment_is_published_read_and_decoded(
    tmp_path: Path,
) -> None:
    [row] = run(BenchOptions(tmp_path, quick=True)).rows
    figures = {name: float(str(cell)) for name, cell in row.cells.items()}
    assert figures["streams"] == 1
    assert figures["segments"] >= 20
    assert figures["lost"] == 0
    assert 0 <= figures["broker p50"] <= figures["p50"] <= figures["p99"] <= figures["worst"]


def test_transport_when_no_such_case_is_there_then_it_names_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BenchFailedError, match="10"):
        run(BenchOptions(tmp_path, only=("7",)))
