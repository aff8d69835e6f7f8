from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import pytest

import engines.face
from engines.face import FaceLandmarker
from engines.face.head import canonical_head, fit_pose, inter_ocular_px
from engines.face.mediapipe import MediaPipeFace
from engines.face.region import region_of
from tests.unit.rvp.scenes import portrait, scene

MODELS = Path(engines.face.__file__).parent / "models"


@pytest.fixture(scope="module")
def landmarker() -> FaceLandmarker:
    return MediaPipeFace()


def test_model_files_are_those_whose_origin_is_written_down() -> None:
    for line in (MODELS / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert sha256((MODELS / name).read_bytes()).hexdigest() == digest


def test_detect_finds_the_face_of_a_portrait(landmarker: FaceLandmarker) -> None:
    (region,) = landmarker.detect(portrait())
    assert 130 < region.x < 190
    assert 90 < region.y < 160
    assert region.score > 0.8


def test_detect_finds_nobody_in_an_empty_room(landmarker: FaceLandmarker) -> None:
    assert landmarker.detect(scene()) == []


def test_detect_orders_faces_by_size(landmarker: FaceLandmarker) -> None:
    picture = scene((0, 40), (320, 40))
    sizes = [region.size for region in landmarker.detect(picture)]
    assert len(sizes) == 2
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("share", [0.08, 0.12, 0.3, 0.9])
def test_detect_finds_faces_from_a_doorbells_to_those_that_fill_the_picture(
    landmarker: FaceLandmarker, share: float
) -> None:
    # The portrait's face is 95 pixels high, its middle at (160, 125).
    scale = share * 960 / 95
    place = np.array([[scale, 0, 400 - 160 * scale], [0, scale, 420 - 125 * scale]])
    soft = cv2.GaussianBlur(portrait(), (0, 0), max(0.3, 0.42 / scale))
    picture = cv2.warpAffine(soft, place, (720, 960), borderValue=(96, 96, 96))
    regions = landmarker.detect(np.asarray(picture, np.uint8))
    assert len(regions) == 1
    assert np.hypot(regions[0].x - 400, regions[0].y - 420) < 0.3 * share * 960


def test_detect_takes_no_cat_for_a_visitor(landmarker: FaceLandmarker) -> None:
    data = (files("edge_worker.bench.scenes") / "cat.jpg").read_bytes()
    cat = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert landmarker.detect(np.asarray(cat, np.uint8)) == []


def test_mesh_stays_on_the_face_when_the_crop_follows_it(landmarker: FaceLandmarker) -> None:
    picture = portrait()
    mesh = landmarker.mesh(picture, landmarker.detect(picture)[0])
    again = landmarker.mesh(picture, region_of(mesh))
    assert mesh.points.shape == (468, 3)
    assert again.score > 0.9
    assert np.abs(again.points - mesh.points)[:, :2].mean() < 0.05 * inter_ocular_px(mesh.points)


def test_mesh_of_an_empty_wall_is_no_face(landmarker: FaceLandmarker) -> None:
    region = landmarker.detect(portrait())[0]
    assert landmarker.mesh(np.full((320, 320, 3), 96, np.uint8), region).score < 0.5


def test_pose_recovers_the_turn_of_the_canonical_head() -> None:
    head = canonical_head().points
    yaw = np.radians(15.0)
    turn = np.array(
        [[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]], np.float32
    )
    pose = fit_pose((80 * head @ turn.T + np.array([300, 200, 0])).astype(np.float32))
    assert pose.angles == pytest.approx((15.0, 0.0, 0.0), abs=0.1)
    assert pose.scale == pytest.approx(80, rel=1e-3)
    assert pose.to_picture(pose.to_head(head)) == pytest.approx(head, abs=1e-3)


def test_pose_of_a_frontal_portrait_is_frontal(landmarker: FaceLandmarker) -> None:
    picture = portrait()
    mesh = landmarker.mesh(picture, landmarker.detect(picture)[0])
    assert all(abs(angle) < 12 for angle in fit_pose(mesh.points).angles)
