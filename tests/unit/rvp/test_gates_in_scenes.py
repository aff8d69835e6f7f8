"""Every condition both ways: lips are shown where a bare mouth is seen, and nowhere else."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_worker.bench.scenes import Shot, scenes, shots
from edge_worker.items import VideoFrame
from edge_worker.media.fit import fitted
from edge_worker.rvp.gates import MIN_IOD_PX, Gate
from edge_worker.rvp.tracker import Tracker
from engines.face import FaceLandmarker
from engines.face.mediapipe import MediaPipeFace

BELIEVED = 4  # looks before the one that opens the gate, where pictures are poor
FEW = 12


@pytest.fixture(scope="module")
def landmarker() -> FaceLandmarker:
    return MediaPipeFace()


@pytest.fixture(scope="module")
def clip(sample: Path, landmarker: FaceLandmarker) -> Sequence[Shot]:
    """The visitor begins to speak."""
    return tuple(shots(sample / "visitor.mp4", landmarker, 2.4))


def gates(name: str, clip: Sequence[Shot], landmarker: FaceLandmarker) -> list[Gate]:
    """The gate of the largest face in every picture of a scene."""
    tracker = Tracker(landmarker)
    seen = []
    for shot in scenes()[name].filmed(clip):
        width, height = fitted(*shot.size)
        small = cv2.resize(shot.picture, (width, height), interpolation=cv2.INTER_AREA)
        planes = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2YUV_I420), np.uint8)
        tracked = tracker.track(VideoFrame("e", round(shot.time_s * 1e9), planes))
        seen.append(tracked.faces[0].gate if tracked.faces else Gate.NO_FACE)
        assert (
            not tracked.faces or tracked.faces[0].iod_px > MIN_IOD_PX or seen[-1] is not Gate.OPEN
        )
    return seen


@pytest.mark.parametrize(
    "name",
    [
        "clean", "cif", "infrared", "hotspot", "backlight", "pumping", "leaves", "evening", "rain",
        "shaken", "beard", "infrared-beard", "cap", "glasses", "phone-at-ear", "nodding", "turning",
    ],
)  # fmt: skip
def test_bare_mouth_is_open_whatever_the_light_and_whatever_is_worn(
    name: str, clip: Sequence[Shot], landmarker: FaceLandmarker
) -> None:
    seen = gates(name, clip[10 : 10 + 2 * FEW : 2], landmarker)[BELIEVED:]
    assert seen.count(Gate.OPEN) >= 0.95 * len(seen)


@pytest.mark.parametrize("name", ["doorbell", "doorbell-far", "doorbell-night", "doorbell-rain"])
def test_bare_mouth_at_the_doorbell_is_open(
    name: str, clip: Sequence[Shot], landmarker: FaceLandmarker
) -> None:
    seen = gates(name, clip[10 : 10 + 2 * FEW : 3], landmarker)[BELIEVED:]
    assert seen.count(Gate.OPEN) >= 0.95 * len(seen)


@pytest.mark.parametrize(
    ("name", "gate"),
    [
        ("mask", Gate.OCCLUDED),
        ("infrared-mask", Gate.OCCLUDED),
        ("doorbell-mask", Gate.OCCLUDED),
        ("hand-first", Gate.OCCLUDED),
        ("phone-first", Gate.OCCLUDED),
        ("dark", Gate.DARK),
        ("profile", Gate.PROFILE),
        ("cif-far", Gate.SMALL),
        ("cat", Gate.NO_FACE),
    ],
)
def test_what_was_never_a_bare_mouth_is_never_open(
    name: str, gate: Gate, clip: Sequence[Shot], landmarker: FaceLandmarker
) -> None:
    seen = gates(name, clip[:FEW], landmarker)
    assert Gate.OPEN not in seen
    assert gate in seen


@pytest.mark.parametrize("name", ["hand", "finger", "phone", "drop", "infrared-hand"])
def test_what_comes_before_the_mouth_shuts_the_gate_and_opens_it_when_it_goes(
    name: str, clip: Sequence[Shot], landmarker: FaceLandmarker
) -> None:
    bare, covered = clip[: 2 * FEW], clip[-FEW:]
    seen = gates(name, [*bare, *covered], landmarker)
    before, during = seen[BELIEVED : len(bare)], seen[len(bare) + 1 :]
    assert before.count(Gate.OPEN) >= 0.95 * len(before)
    assert Gate.OPEN not in during


def test_camera_that_turns_to_infrared_shuts_the_gate_for_a_moment_at_most(
    clip: Sequence[Shot], landmarker: FaceLandmarker
) -> None:
    seen = gates("day-to-infrared", clip[30:], landmarker)[BELIEVED:]
    assert len(seen) - seen.count(Gate.OPEN) <= 5
    assert seen[-1] is Gate.OPEN
