import cv2
import numpy as np
import pytest

from engines.face import FaceMesh, Picture
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync.mouth_warp.focus import blur_sigma
from tests.unit.engines_lipsync.faces import settled
from tests.unit.rvp.scenes import scene


@pytest.fixture(scope="module")
def picture() -> Picture:
    return scene((160, 80))


@pytest.fixture(scope="module")
def face(picture: Picture) -> FaceMesh:
    return settled(MediaPipeFace(), picture)


@pytest.mark.parametrize("sigma", [1.0, 1.5, 2.0, 2.5])
def test_blur_of_a_face_is_told_within_half_a_pixel(
    picture: Picture, face: FaceMesh, sigma: float
) -> None:
    blurred = np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)
    assert blur_sigma(blurred, face.points) == pytest.approx(sigma, abs=0.5)


def test_sharp_face_is_told_as_sharp(picture: Picture, face: FaceMesh) -> None:
    assert blur_sigma(picture, face.points) < 0.9


def test_face_outside_the_picture_is_taken_as_sharp(picture: Picture, face: FaceMesh) -> None:
    assert blur_sigma(picture, face.points + np.float32(5000)) < 0.5
