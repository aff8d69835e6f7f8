from dataclasses import replace

import cv2
import numpy as np
import pytest

from engines.face import FaceMesh, Picture
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync import LipCue, LipSession, MouthShape
from engines.lipsync.mouth_warp import MouthWarp
from tests.unit.engines_lipsync.faces import drawn, learned, opening, settled
from tests.unit.rvp.scenes import scene

OPEN = MouthShape(opening=0.15)
CLOSED = MouthShape(press=0.5)


@pytest.fixture(scope="module")
def landmarker() -> MediaPipeFace:
    return MediaPipeFace()


@pytest.fixture(scope="module")
def picture() -> Picture:
    return scene((160, 80))


@pytest.fixture(scope="module")
def face(landmarker: MediaPipeFace, picture: Picture) -> FaceMesh:
    return settled(landmarker, picture)


@pytest.fixture
def session(picture: Picture, face: FaceMesh) -> LipSession:
    return learned((picture, face))


def test_render_draws_nothing_for_amount_zero(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    assert session.render(picture, face, LipCue(OPEN, 0.0)) is None


def test_render_draws_nothing_for_somebody_never_observed(picture: Picture, face: FaceMesh) -> None:
    assert MouthWarp().open().render(picture, face, LipCue(OPEN, 1.0)) is None


def test_render_leaves_the_picture_it_was_given(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    before = picture.copy()
    session.render(picture, face, LipCue(OPEN, 1.0))
    assert np.array_equal(picture, before)


def test_render_is_the_same_for_the_same_input(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    one = drawn(session, picture, face, LipCue(OPEN, 1.0))
    assert np.array_equal(one, drawn(session, picture, face, LipCue(OPEN, 1.0)))


@pytest.mark.parametrize("wanted", [0.0, 0.05, 0.10, 0.15])
def test_rendered_mouth_reads_as_open_as_it_should(
    landmarker: MediaPipeFace, session: LipSession, picture: Picture, face: FaceMesh, wanted: float
) -> None:
    result = drawn(session, picture, face, LipCue(MouthShape(opening=wanted), 1.0))
    assert opening(settled(landmarker, result)) == pytest.approx(wanted, abs=0.04)


def test_closed_lips_read_as_closed_on_somebody_who_shows_the_teeth(
    landmarker: MediaPipeFace, session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    assert opening(face) > 0.05
    result = drawn(session, picture, face, LipCue(CLOSED, 1.0))
    assert opening(settled(landmarker, result)) < 0.03


def test_geometry_fades_in_with_amount(
    landmarker: MediaPipeFace, session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    reads = [
        opening(settled(landmarker, drawn(session, picture, face, LipCue(CLOSED, amount))))
        for amount in (0.1, 0.5, 1.0)
    ]
    assert reads == sorted(reads, reverse=True)


def test_a_whisper_of_amount_changes_next_to_nothing(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    result = drawn(session, picture, face, LipCue(CLOSED, 0.01))
    assert np.abs(result.astype(int) - picture).max() <= 24
    assert np.abs(result.astype(int) - picture).mean() < 0.05


def test_eyes_and_background_stay_untouched(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    result = drawn(session, picture, face, LipCue(OPEN, 1.0))
    below_nose = int(face.points[4, 1])
    assert np.array_equal(result[: below_nose - 15], picture[: below_nose - 15])
    assert np.array_equal(result[:, :150], picture[:, :150])


def test_person_who_shows_teeth_keeps_their_own(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    result = drawn(session, picture, face, LipCue(replace(OPEN, opening=0.1), 1.0))
    upper_lip, lower_lip = face.points[13, :2], face.points[14, :2]
    x, y = (upper_lip + 0.3 * (lower_lip - upper_lip)).round().astype(int)
    teeth = result[y - 1 : y + 2, x - 6 : x + 7].reshape(-1, 3)
    assert teeth.mean() > 140
    assert np.ptp(teeth.mean(0)) < 60  # hardly coloured


def test_painted_mouth_follows_the_light(landmarker: MediaPipeFace) -> None:
    def level(gain: float) -> float:
        picture = np.clip(scene((160, 80)) * gain, 0, 255).astype(np.uint8)
        mesh = settled(landmarker, picture)
        session = MouthWarp().open()
        session.observe(picture, mesh)
        result = drawn(session, picture, mesh, LipCue(OPEN, 1.0))
        x, y = mesh.points[[13, 14], :2].mean(0).round().astype(int)
        return float(result[y - 4 : y + 5, x - 8 : x + 9].mean())

    assert level(0.4) == pytest.approx(0.4 * level(1.0), rel=0.25)


def test_face_cut_out_of_its_picture_is_drawn_as_in_the_whole(
    session: LipSession, picture: Picture, face: FaceMesh
) -> None:
    whole = session.render(picture, face, LipCue(OPEN, 1.0))
    part = session.render(picture[60:420, 150:500], face.moved(-150, -60), LipCue(OPEN, 1.0))
    assert whole is not None
    assert part is not None
    assert (part.x + 150, part.y + 60) == (whole.x, whole.y)
    assert np.abs(part.picture.astype(int) - whole.picture).mean() < 0.1


def test_face_at_the_edge_of_the_picture_is_drawn_without_error(landmarker: MediaPipeFace) -> None:
    picture = scene((160, 320))
    mesh = settled(landmarker, picture)
    session = MouthWarp().open()
    session.observe(picture, mesh)
    patch = session.render(picture, mesh, LipCue(OPEN, 1.0))
    assert patch is None or patch.y + patch.picture.shape[0] <= picture.shape[0]


def test_mouth_outside_the_picture_is_left_alone(face: FaceMesh, picture: Picture) -> None:
    session = MouthWarp().open()
    session.observe(picture, face)
    away = FaceMesh(face.points + np.array([0, 2000, 0], np.float32), face.score)
    assert session.render(picture, away, LipCue(OPEN, 1.0)) is None


def test_sharp_mouth_is_not_painted_into_a_blurred_face(landmarker: MediaPipeFace) -> None:
    def steepest(picture: Picture) -> float:
        mesh = settled(landmarker, picture)
        session = MouthWarp().open()
        session.observe(picture, mesh)
        result = drawn(session, picture, mesh, LipCue(OPEN, 1.0))
        x, y = mesh.points[[13, 14], :2].mean(0).round().astype(int)
        mouth = result[y - 12 : y + 16, x - 20 : x + 21].mean(-1)
        return float(np.abs(np.diff(mouth, axis=0)).max())

    sharp = scene((160, 80))
    assert steepest(np.asarray(cv2.GaussianBlur(sharp, (0, 0), 2.0))) < 0.75 * steepest(sharp)
