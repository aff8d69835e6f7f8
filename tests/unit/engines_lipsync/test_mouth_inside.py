import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engines.face import FaceMesh, Picture
from engines.face.head import fit_pose
from engines.face.mediapipe import MediaPipeFace
from engines.face.topology import MOUTH_LEFT, MOUTH_RIGHT
from engines.lipsync import LipSession, MouthShape
from engines.lipsync.visemes import ARTICULATIONS, Viseme
from tests.unit.engines_lipsync.faces import disc, learned, settled, speaking
from tests.unit.rvp.scenes import scene

SHAPES = {viseme: articulation.shape for viseme, articulation in ARTICULATIONS.items()}
OPEN = SHAPES[Viseme.OPEN]


@pytest.fixture(scope="module")
def landmarker() -> MediaPipeFace:
    return MediaPipeFace()


@pytest.fixture(scope="module")
def picture() -> Picture:
    return scene((160, 80))


@pytest.fixture(scope="module")
def face(landmarker: MediaPipeFace, picture: Picture) -> FaceMesh:
    return settled(landmarker, picture)


@pytest.fixture(scope="module")
def session(picture: Picture, face: FaceMesh) -> LipSession:
    return learned((picture, face))


def grey(picture: Picture) -> Picture:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))


def colour_spread(picture: Picture) -> int:
    return int(np.ptp(picture.astype(int), axis=2).max())


def down_the_middle(picture: Picture, face: FaceMesh) -> NDArray[np.floating]:
    """Mean BGR of each row of pixels from the upper lip to the chin, shape (n, 3)."""
    x, y = face.points[13, :2].round().astype(int)
    return np.asarray(picture[y : y + 26, x - 3 : x + 4].mean(1))


@pytest.mark.parametrize("viseme", [Viseme.OPEN, Viseme.SPREAD, Viseme.ROUND, Viseme.CLOSED])
def test_mouth_corners_show_no_specks_darker_than_the_persons_own(
    landmarker: MediaPipeFace,
    session: LipSession,
    picture: Picture,
    face: FaceMesh,
    viseme: Viseme,
) -> None:
    result = speaking(session, picture, face, SHAPES[viseme])
    seen = settled(landmarker, result)
    radius = 0.05 * fit_pose(face.points).scale
    for corner in (MOUTH_RIGHT, MOUTH_LEFT):
        now = disc(result, seen.points[corner], radius).mean(-1).min()
        own = disc(picture, face.points[corner], radius).mean(-1).min()
        assert now > own - 6


def test_open_mouth_shows_one_row_of_upper_teeth_above_the_dark(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    column = down_the_middle(speaking(session, picture, face, OPEN), face)
    pale = (column.min(-1) > 170) & (np.ptp(column, axis=1) < 60)
    dark = column.mean(-1) < 90
    assert (np.diff(np.flatnonzero(pale)) == 1).all()
    assert 3 <= pale.sum() < 10
    assert np.flatnonzero(dark).min() > np.flatnonzero(pale).max()


def test_lip_on_teeth_shows_the_teeth_and_no_gap(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    column = down_the_middle(speaking(session, picture, face, SHAPES[Viseme.LIP_TEETH]), face)
    assert column.min(-1).max() > 190
    assert column.mean(-1).min() > 120


@pytest.mark.parametrize("viseme", [Viseme.TONGUE_TEETH, Viseme.L])
def test_tongue_at_the_teeth_is_seen_where_another_sound_leaves_dark(
    session: LipSession, picture: Picture, face: FaceMesh, viseme: Viseme
) -> None:
    shape = SHAPES[viseme]
    without = MouthShape(shape.opening, shape.width)
    tongue = down_the_middle(speaking(session, picture, face, shape), face)
    dark = down_the_middle(speaking(session, picture, face, without), face)
    redder = (tongue[..., 2] - tongue[..., 1]) - (dark[..., 2] - dark[..., 1])
    assert redder.max() > 30
    assert tongue.mean(-1).min() > dark.mean(-1).min() + 10


@pytest.mark.parametrize("viseme", list(Viseme))
def test_nothing_coloured_is_painted_into_an_infrared_picture(
    landmarker: MediaPipeFace, viseme: Viseme
) -> None:
    night = grey(scene((160, 80)))
    mesh = settled(landmarker, night)
    result = speaking(learned((night, mesh)), night, mesh, SHAPES[viseme])
    assert colour_spread(result) == 0


def test_mouth_turns_grey_with_a_camera_that_turns_to_infrared(
    picture: Picture, face: FaceMesh
) -> None:
    session = learned((picture, face), (grey(picture), face))
    assert colour_spread(speaking(session, grey(picture), face, OPEN)) == 0


def test_mouth_has_its_colours_by_day(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    column = down_the_middle(speaking(session, picture, face, SHAPES[Viseme.TONGUE_TEETH]), face)
    assert np.ptp(column, axis=1).max() > 40


def test_rounded_lips_leave_less_light_on_the_teeth_than_spread_ones(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    spread, rounded = (
        down_the_middle(speaking(session, picture, face, shape), face)[:12].mean(-1).max()
        for shape in (MouthShape(opening=0.09), MouthShape(opening=0.09, rounding=1.0))
    )
    assert rounded < spread - 15


def test_unmoving_mouth_is_painted_the_same_into_every_frame_of_an_unmoving_face(
    picture: Picture, face: FaceMesh
) -> None:
    session = learned((picture, face))
    first = speaking(session, picture, face, OPEN)
    for _ in range(12):
        session.observe(picture, face)
    assert np.abs(speaking(session, picture, face, OPEN).astype(int) - first).max() <= 2
