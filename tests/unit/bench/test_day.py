"""A day on a faked clock, in some seconds."""

from pathlib import Path

import pytest

from edge_worker.bench import BenchOptions, day


def test_stream_when_its_timestamps_wrap_around_goes_on_in_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day, "QUICK_HOURS", 0.011)
    report = day.run(BenchOptions(tmp_path, quick=True))
    rows = {str(row.cells["figure"]): row.cells for row in report.rows}
    assert rows["wraps in"]["value"] == rows["wraps out"]["value"] == 1
    for figure in ("out of step", "misstamped", "largest A/V offset [ms]"):
        assert rows[figure]["held"] == "yes", rows[figure]
    spoken = rows["speech spoken"]["value"]
    assert isinstance(spoken, float)
    assert spoken >= 0.7
