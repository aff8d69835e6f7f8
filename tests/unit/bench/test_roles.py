"""The bench of roles sends speech over a real broker and joins it again."""

from pathlib import Path

from edge_worker.bench import BenchOptions
from edge_worker.bench.roles import run


def test_bench_when_run_quickly_then_speech_is_sent_and_joined(tmp_path: Path) -> None:
    report = run(BenchOptions(tmp_path, quick=True))
    assert report.rows
    assert all(
        isinstance(value, float)
        for row in report.rows
        for name, value in row.cells.items()
        if "p50" in name
    )
