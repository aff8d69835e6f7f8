"""The judge follows the mouth from pictures alone."""

import numpy as np
import pytest

from edge_worker.demo.judge.film import FilmPicture
from edge_worker.demo.judge.mouth import track_mouth
from engines.face.mediapipe import MediaPipeFace
from tests.unit.demo.conftest import SECOND, Visitor


def test_track_when_the_visitor_is_there_sees_her_in_every_frame(visitor: Visitor) -> None:
    assert np.isfinite(visitor.track.opening).all()
    assert len(visitor.track.times_ns) == 18 * 25


def test_opening_when_she_is_silent_is_closed(visitor: Visitor) -> None:
    silent = visitor.track.times_ns < SECOND
    assert visitor.track.opening[silent].max() < 0.03


def test_opening_when_she_speaks_moves(visitor: Visitor) -> None:
    speaking = (visitor.track.times_ns > 1.2 * SECOND) & (visitor.track.times_ns < 3 * SECOND)
    assert visitor.track.opening[speaking].max() > 0.1


def test_track_when_nobody_is_there_has_no_opening() -> None:
    wall = FilmPicture(40_000_000, np.full((240, 320, 3), 128, np.uint8))
    track = track_mouth([wall], MediaPipeFace())
    assert track.times_ns == pytest.approx([40_000_000])
    assert np.isnan(track.opening).all()
