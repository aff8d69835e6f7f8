from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from edge_worker.rvp.gates import Gate, yaw_allowance
from edge_worker.rvp.tracker import Tracker
from engines.face import Picture
from engines.face.mediapipe import MediaPipeFace
from tests.unit.rvp.scenes import frame, scene

MOUTH = (318, 255)
BELIEVED = 2  # looks at a bare mouth before the one that opens the gate


@pytest.fixture(scope="module")
def landmarker() -> MediaPipeFace:
    return MediaPipeFace()


def gates(
    landmarker: MediaPipeFace, pictures: Iterator[Picture], *, degraded: bool = False
) -> list[Gate]:
    tracker = Tracker(landmarker)
    return [
        face.gate
        for number, picture in enumerate(pictures)
        for face in tracker.track(frame(picture, number, degraded=degraded)).faces
    ]


def covered(colour: tuple[int, int, int], number: int, radius: int = 34) -> Picture:
    picture = scene((160, 80))
    if number >= 20:
        cv2.ellipse(picture, MOUTH, (radius, radius), 0, 0, 360, colour, -1)
    return picture


@pytest.mark.parametrize(("yaw", "allowed"), [(0, 1.0), (18, 1.0), (-20, 0.5), (22, 0.0), (60, 0)])
def test_lips_fade_out_as_the_head_turns_into_profile(yaw: float, allowed: float) -> None:
    assert yaw_allowance(yaw) == pytest.approx(allowed)


@pytest.mark.parametrize("colour", [(60, 80, 120), (230, 230, 235), (30, 30, 30)])
def test_mouth_covered_by_a_hand_a_cup_or_a_microphone_is_occluded(
    landmarker: MediaPipeFace, colour: tuple[int, int, int]
) -> None:
    seen = gates(landmarker, (covered(colour, number) for number in range(28)))
    assert set(seen[BELIEVED:20]) == {Gate.OPEN}
    assert set(seen[22:]) <= {Gate.OCCLUDED}


def test_covering_that_hides_half_the_face_is_not_taken_for_other_light(
    landmarker: MediaPipeFace,
) -> None:
    white = (230, 230, 235)
    seen = gates(landmarker, (covered(white, number, radius=40) for number in range(60)))
    assert Gate.OPEN not in seen[22:]


def test_mouth_uncovered_again_is_open(landmarker: MediaPipeFace) -> None:
    order = [*range(28), *range(10)]
    seen = gates(landmarker, (covered((30, 30, 30), number) for number in order))
    assert seen[-1] is Gate.OPEN


def test_passing_shadow_is_no_occlusion(landmarker: MediaPipeFace) -> None:
    dimmed = (
        np.clip(scene((160, 80)) * (1 - 0.02 * min(number, 20)), 0, 255).astype(np.uint8)
        for number in range(30)
    )
    assert set(gates(landmarker, dimmed)[BELIEVED:]) == {Gate.OPEN}


def test_camera_that_turns_to_infrared_is_no_occlusion(landmarker: MediaPipeFace) -> None:
    grey = np.repeat(scene((160, 80)).mean(-1, keepdims=True), 3, -1).astype(np.uint8)
    seen = gates(landmarker, (grey if number > 15 else scene((160, 80)) for number in range(20)))
    assert set(seen[BELIEVED:]) == {Gate.OPEN}


def test_face_in_the_dark_is_not_rendered(landmarker: MediaPipeFace) -> None:
    dark = (scene((160, 80)) // 16 for _ in range(2))
    assert set(gates(landmarker, dark)) <= {Gate.DARK}


def test_small_face_is_not_rendered(landmarker: MediaPipeFace) -> None:
    small = cv2.resize(scene((160, 80)), (240, 180), interpolation=cv2.INTER_AREA)
    assert set(gates(landmarker, iter([np.asarray(small, dtype=np.uint8)]))) == {Gate.SMALL}


def test_guessed_picture_is_not_rendered(landmarker: MediaPipeFace) -> None:
    seen = gates(landmarker, iter([scene((160, 80))]), degraded=True)
    assert seen == [Gate.DEGRADED]
