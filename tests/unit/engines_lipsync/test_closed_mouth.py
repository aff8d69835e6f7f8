import cv2
import numpy as np
import pytest

from engines.face import FaceMesh, Picture
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync import MouthShape
from tests.unit.engines_lipsync.faces import learned, opening, settled, speaking
from tests.unit.rvp.scenes import scene

SHUT = MouthShape(press=0.5)
Seen = tuple[Picture, FaceMesh]


@pytest.fixture(scope="module")
def landmarker() -> MediaPipeFace:
    return MediaPipeFace()


@pytest.fixture(scope="module")
def smiling(landmarker: MediaPipeFace) -> Seen:
    picture = scene((160, 80))
    return picture, settled(landmarker, picture)


@pytest.fixture(scope="module")
def shut(landmarker: MediaPipeFace, smiling: Seen) -> Seen:
    """Lips closed."""
    closed = speaking(learned(smiling), *smiling, SHUT)
    return closed, settled(landmarker, closed)


@pytest.fixture(scope="module")
def freckled(shut: Seen) -> Seen:
    """Lips closed, with a mark below them that no other picture has."""
    picture, mesh = shut[0].copy(), shut[1]
    cv2.circle(picture, place_of_mark(mesh), 1, (60, 70, 90), -1)
    return picture, mesh


def place_of_mark(mesh: FaceMesh) -> tuple[int, int]:
    x, y = mesh.points[17, :2] + 0.25 * (mesh.points[18, :2] - mesh.points[17, :2])
    return round(float(x)), round(float(y))


def opened(landmarker: MediaPipeFace, smiling: Seen, wide: float) -> Seen:
    picture = speaking(learned(smiling), *smiling, MouthShape(opening=wide))
    return picture, settled(landmarker, picture)


def mark(picture: Picture) -> float:
    """How much darker the darkest spot below the lips is than what lies around it."""
    mesh = settled(MediaPipeFace(), picture)
    x, y = place_of_mark(mesh)
    near = picture[y - 5 : y + 6, x - 6 : x + 7].mean(-1)
    return float(np.median(near) - near.min())


def test_wide_open_mouth_is_closed_with_a_real_closed_one(
    landmarker: MediaPipeFace, smiling: Seen, shut: Seen, freckled: Seen
) -> None:
    wide = opened(landmarker, smiling, 0.38)
    assert opening(wide[1]) > 0.3
    closed = speaking(learned(freckled, wide), *wide, SHUT)
    assert opening(settled(landmarker, closed)) < 0.03
    assert mark(closed) > mark(speaking(learned(shut, wide), *wide, SHUT)) + 15


def test_mouth_hardly_open_is_closed_by_bending_alone(
    landmarker: MediaPipeFace, smiling: Seen, shut: Seen, freckled: Seen
) -> None:
    ajar = opened(landmarker, smiling, 0.06)
    one, other = (speaking(learned(seen, ajar), *ajar, SHUT) for seen in (shut, freckled))
    assert np.array_equal(one, other)


def test_closed_mouth_seen_by_day_is_not_laid_into_the_night(
    landmarker: MediaPipeFace, smiling: Seen, freckled: Seen
) -> None:
    picture, mesh = opened(landmarker, smiling, 0.38)
    level = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    night = np.asarray(cv2.cvtColor(level, cv2.COLOR_GRAY2BGR), np.uint8)
    closed = speaking(learned(freckled, (night, mesh)), night, mesh, SHUT)
    assert np.ptp(closed.astype(int), axis=2).max() == 0
