"""Lips must be seen closed on P, B and M."""

import numpy as np
import pytest

from edge_worker.span import Span
from edge_worker.verify.closure import closure
from edge_worker.verify.mouth import MouthTrack
from tests.unit.verify.conftest import SECOND

MS = 1_000_000


def mouth(*openings: float, shut: float = 0.0) -> MouthTrack:
    """A mouth that is shut for a second after what is of interest."""
    all_openings = [*openings, *([0.1] * 5), *([shut] * 25)]
    return MouthTrack(np.arange(len(all_openings)) * 40 * MS, np.array(all_openings))


@pytest.mark.parametrize(("gap", "closed"), [(0.029, 1), (0.031, 0)])
def test_closure_when_the_gap_is_below_three_hundredths_counts(gap: float, closed: int) -> None:
    assert closure(mouth(0.1, gap, 0.1), [40 * MS], ()).closed == closed


@pytest.mark.parametrize(("gap", "closed"), [(0.049, 1), (0.051, 0)])
def test_closure_when_a_shut_mouth_reads_open_counts_from_there(gap: float, closed: int) -> None:
    assert closure(mouth(0.1, gap, 0.1, shut=0.02), [40 * MS], ()).closed == closed


@pytest.mark.parametrize(("gap", "closed"), [(0.069, 1), (0.071, 0)])
def test_closure_when_a_mouth_never_shuts_forgives_only_so_much(gap: float, closed: int) -> None:
    assert closure(mouth(0.2, gap, 0.2, shut=0.15), [40 * MS], ()).closed == closed


def test_closure_when_it_is_more_than_60_ms_away_does_not_count() -> None:
    track = mouth(0.0, 0.1, 0.1, 0.1, 0.1)
    assert closure(track, [60 * MS], ()).closed == 1
    assert closure(track, [61 * MS], ()).closed == 0


def test_closure_when_no_face_is_near_is_not_counted_at_all() -> None:
    nothing = [np.nan] * 4
    unseen = closure(mouth(0.1, *nothing), [120 * MS], ())
    assert unseen.seen == 0
    assert unseen.rate is None


def test_closure_by_chance_when_half_the_speech_is_closed_is_about_half() -> None:
    openings = [0.1] * 50 + [0.0] * 50
    track = MouthTrack(np.arange(100) * 40 * MS, np.array(openings))
    assert closure(track, [], [Span(0, 4 * SECOND)]).by_chance == pytest.approx(0.5, abs=0.03)
