from pathlib import Path

import numpy as np
import pytest

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.lips import CASES, run, spoken
from edge_worker.bench.lips_measures import chroma, closures, following, lag_ms, outside_psnr
from engines.face import FaceMesh
from engines.face.head import canonical_head
from engines.lipsync.mouth_curve import timed_visemes
from engines.lipsync.visemes import Viseme

TIMES_NS = np.arange(0, 8_000_000_000, 40_000_000)
ASKED = np.abs(np.sin(TIMES_NS / 2.1e8)) * 0.15
SOURCE = np.abs(np.sin(TIMES_NS / 3.7e8)) * 0.10


def test_renderer_that_does_as_asked_follows_wholly_and_leaks_nothing() -> None:
    assert following(ASKED, ASKED, SOURCE) == pytest.approx((1.0, 1.0, 0.0), abs=1e-6)


def test_source_that_shows_through_is_a_leak() -> None:
    r, gain, leak = following(0.8 * ASKED + 0.3 * SOURCE, ASKED, SOURCE)
    assert r < 0.99
    assert (gain, leak) == pytest.approx((0.8, 0.3), abs=1e-6)


@pytest.mark.parametrize("late_ms", [-80, 0, 80])
def test_mouth_that_moves_later_than_asked_lags_by_so_much(late_ms: int) -> None:
    shown = np.interp(TIMES_NS - late_ms * 1e6, TIMES_NS, ASKED)
    assert lag_ms(TIMES_NS, shown, TIMES_NS.astype(float), ASKED) == pytest.approx(late_ms, abs=6)


def test_closure_counts_only_where_a_picture_near_it_shows_closed_lips() -> None:
    shown = np.full(len(TIMES_NS), 0.1)
    shown[50] = 0.01
    assert closures(TIMES_NS, shown, [int(TIMES_NS[51]), int(TIMES_NS[100])]) == 0.5
    assert closures(TIMES_NS, shown, [10**11]) is None


def test_change_far_from_the_lower_face_lowers_the_psnr_and_one_within_does_not() -> None:
    mesh = FaceMesh(canonical_head().points * 60 + np.array([150, 120, 0], np.float32), 1.0)
    before = np.full((240, 300, 3), 90, np.uint8)
    mouth, wall = before.copy(), before.copy()
    mouth[115:150, 130:170] = 30
    wall[:20, :20] = 30
    assert outside_psnr(before, mesh=mesh, after=mouth) == 99
    assert outside_psnr(before, mesh=mesh, after=wall) < 40


def test_chroma_is_zero_for_grey_and_the_widest_spread_for_colour() -> None:
    grey = np.full((4, 4, 3), 7, np.uint8)
    coloured = grey.copy()
    coloured[2, 2] = (7, 10, 40)
    assert (chroma(grey), chroma(coloured)) == (0, 33)


def test_speech_of_the_bench_has_every_kind_of_mouth() -> None:
    visemes = {one.viseme for one in timed_visemes(spoken())}
    assert visemes >= {Viseme.CLOSED, Viseme.LIP_TEETH, Viseme.TONGUE_TEETH, Viseme.L, Viseme.ROUND}


def test_bench_when_quick_then_its_first_case_has_every_figure(tmp_path: Path) -> None:
    report = run(BenchOptions(tmp_path, quick=True))
    (row,) = report.rows
    figures = {name: cell for name, cell in row.cells.items() if name not in {"case", "chroma"}}
    assert all(isinstance(cell, float) and np.isfinite(cell) for cell in figures.values())
    assert (tmp_path / "visemes.png").exists()


def test_bench_when_asked_for_an_unknown_case_then_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(BenchFailedError, match=r"visitor, .*beard"):
        run(BenchOptions(tmp_path, only=("nobody",)))
    assert "nobody" not in CASES
