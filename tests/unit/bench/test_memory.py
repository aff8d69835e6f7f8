from pathlib import Path

import pytest

from edge_worker.bench import BenchOptions
from edge_worker.bench.memory import run


@pytest.mark.models
def test_memory_when_measured_then_each_part_adds_to_the_ones_before(tmp_path: Path) -> None:
    report = run(BenchOptions(tmp_path, quick=True))
    together = [float(str(row.cells["together"])) for row in report.rows]
    takes = [float(str(row.cells["takes"])) for row in report.rows]
    assert report.rows[0].cells["part"] == "Python and libraries"
    assert sum(takes) == pytest.approx(together[-1])
    assert 200 < together[-1] < 1500
