"""Lips must be seen closed on P, B and M."""

import numpy as np
import pytest

from edge_worker.demo.judge import MouthTrack, Span, lip_coverage
from edge_worker.demo.judge.closure import bilabial_times, closure
from edge_worker.items import PhonemeTiming
from tests.unit.demo.conftest import SECOND, run_of, spoken

MS = 1_000_000


def mouth(*openings: float) -> MouthTrack:
    return MouthTrack(np.arange(len(openings)) * 40 * MS, np.array(openings))


def test_bilabials_when_placed_lie_in_the_film() -> None:
    phones = (
        PhonemeTiming("h", 0, 80 * MS),
        PhonemeTiming("m", 80 * MS, 160 * MS),
        PhonemeTiming("p", 200 * MS, 240 * MS),
    )
    u = spoken(0, 1, placed_s=(2, 3), phonemes=phones)
    assert bilabial_times([u]) == (2 * SECOND + 120 * MS, 2 * SECOND + 220 * MS)


def test_bilabials_when_not_spoken_are_none() -> None:
    assert bilabial_times([spoken(0, 1, phonemes=(PhonemeTiming("m", 0, 80 * MS),))]) == ()


@pytest.mark.parametrize(("gap", "closed"), [(0.029, 1), (0.031, 0)])
def test_closure_when_the_gap_is_below_three_hundredths_counts(gap: float, closed: int) -> None:
    assert closure(mouth(0.1, gap, 0.1), [40 * MS], ()).closed == closed


def test_closure_when_it_is_more_than_60_ms_away_does_not_count() -> None:
    track = mouth(0.0, 0.1, 0.1, 0.1)
    assert closure(track, [60 * MS], ()).closed == 1
    assert closure(track, [61 * MS], ()).closed == 0


def test_closure_when_no_face_is_near_is_not_counted_at_all() -> None:
    unseen = closure(mouth(0.1, np.nan, np.nan, np.nan, np.nan), [120 * MS], ())
    assert unseen.seen == 0
    assert unseen.rate is None


def test_closure_by_chance_when_half_the_speech_is_closed_is_about_half() -> None:
    track = mouth(*([0.1] * 50 + [0.0] * 50))
    assert closure(track, [], [Span(0, 4 * SECOND)]).by_chance == pytest.approx(0.5, abs=0.03)


def test_coverage_counts_only_frames_with_speech_and_a_face() -> None:
    track = mouth(0.1, 0.1, 0.1, np.nan, 0.1)
    run = run_of(spoken(0, 1, placed_s=(0.04, 0.16)), rendered=(Span(80 * MS, 160 * MS),))
    assert lip_coverage(track, run) == pytest.approx(0.5)


def test_coverage_when_nothing_was_spoken_is_unknown() -> None:
    assert lip_coverage(mouth(0.1, 0.1), run_of(spoken(0, 1))) is None
