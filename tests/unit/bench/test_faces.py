from pathlib import Path

import pytest

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.face_play import Played, Sight
from edge_worker.bench.faces import figures, run
from edge_worker.bench.scenes import scenes
from edge_worker.rvp.gates import Gate

FRAME_NS = 40_000_000


def sight(number: int, gate: Gate, *, again: float | None = None, meant: float = 0.0) -> Sight:
    return Sight(
        pts_ns=number * FRAME_NS,
        gate=gate,
        rendered=again is not None,
        iod_px=60.0,
        opening=0.02 * (number % 3),
        meant=meant,
        again=again,
        track_ms=5.0,
        lips_ms=2.0,
    )


def test_bench_tells_of_a_covered_mouth_that_nothing_was_shown(tmp_path: Path) -> None:
    report = run(BenchOptions(tmp_path, quick=True, only=("mask",)))
    assert report.rows
    for row in report.rows:
        assert row.cells["shown"] == 0
        assert row.cells["open"] is None
        assert row.cells["gates"] == "occluded 100"
    assert (tmp_path / "mask.jpg").stat().st_size > 5000


def test_unknown_condition_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BenchFailedError, match=r"no condition \['fog'\].*doorbell"):
        run(BenchOptions(tmp_path, only=("fog",)))


def test_figures_count_each_side_apart_and_neither_near_a_change() -> None:
    scene = scenes()["hand"]
    start_s, end_s = scene.shut[0].start_s, scene.shut[0].end_s
    sights = []
    for number in range(110):
        covered = start_s <= number / 25 < end_s
        gate = Gate.OCCLUDED if covered else Gate.OPEN
        sights.append(sight(number, gate, again=None if covered else 0.1))
    cells = figures(scene, Played(tuple(sights), (), ()))
    assert (cells["open"], cells["rendered"], cells["shown"]) == (1.0, 1.0, 0.0)


def test_fidelity_compares_what_is_seen_with_what_was_meant() -> None:
    meant = [0.05 * (number % 7) for number in range(100)]
    sights = [
        sight(n, Gate.OPEN, again=0.8 * value + 0.01, meant=value) for n, value in enumerate(meant)
    ]
    closures = tuple(n * FRAME_NS for n in range(100) if meant[n] == 0)
    cells = figures(scenes()["clean"], Played(tuple(sights), closures, ()))
    assert cells["r"] == pytest.approx(1.0)
    assert cells["leak"] == pytest.approx(0.0, abs=1e-6)
    assert cells["closures"] == f"{len(closures)}/{len(closures)}"
