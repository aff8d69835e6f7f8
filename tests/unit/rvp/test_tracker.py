import numpy as np
import pytest

from edge_worker.rvp.gates import Gate
from edge_worker.rvp.picture import to_bgr
from edge_worker.rvp.tracker import TrackedFrame, Tracker
from engines.face import FaceMesh, FaceRegion, Picture
from engines.face.mediapipe import MediaPipeFace
from tests.unit.rvp.scenes import frame, scene, swaying


class Counted:
    """The real landmarker, counting detections."""

    def __init__(self) -> None:
        self.detections = 0
        self._real = MediaPipeFace()

    def detect(self, picture: Picture) -> list[FaceRegion]:
        self.detections += 1
        return self._real.detect(picture)

    def mesh(self, picture: Picture, region: FaceRegion) -> FaceMesh:
        return self._real.mesh(picture, region)


@pytest.fixture
def landmarker() -> Counted:
    return Counted()


def watched(tracker: Tracker, picture: Picture, numbers: range) -> TrackedFrame:
    for number in numbers:
        tracked = tracker.track(frame(picture, number))
    return tracked


def test_face_in_view_keeps_its_id_and_is_open_for_lips(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    faces = [tracker.track(swaying(number)).faces for number in range(20)]
    assert {face.id for (face,) in faces} == {1}
    assert all(face.gate is Gate.OPEN for (face,) in faces)
    assert all(50 < face.iod_px < 70 for (face,) in faces)


def test_others_are_looked_for_only_once_a_second_while_a_face_is_followed(
    landmarker: Counted,
) -> None:
    tracker = Tracker(landmarker)
    watched(tracker, scene((160, 80)), range(26))
    assert landmarker.detections <= 2


def test_empty_room_is_searched_eight_times_a_second(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    assert watched(tracker, scene(), range(25)).faces == ()
    assert 6 <= landmarker.detections <= 10


def test_two_faces_have_two_steady_ids(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    room = scene((0, 80), (320, 80))
    before = watched(tracker, room, range(5))
    after = watched(tracker, room, range(5, 20))
    left_to_right = [
        [face.id for face in sorted(tracked.faces, key=lambda f: f.mesh.points[4, 0])]
        for tracked in (before, after)
    ]
    assert left_to_right[0] == left_to_right[1]
    assert len(set(left_to_right[0])) == 2


def test_second_person_is_found_while_the_first_is_followed(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    watched(tracker, scene((0, 80)), range(5))
    tracked = watched(tracker, scene((0, 80), (320, 80)), range(5, 32))
    assert sorted(face.id for face in tracked.faces) == [1, 2]


def test_face_that_leaves_is_gone_and_returns_under_its_id(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    watched(tracker, scene((160, 80)), range(5))
    assert watched(tracker, scene(), range(5, 10)).faces == ()
    tracked = watched(tracker, scene((160, 80)), range(10, 20))
    assert [face.id for face in tracked.faces] == [1]


def test_face_elsewhere_after_a_long_absence_is_somebody_else(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    watched(tracker, scene((0, 80)), range(5))
    watched(tracker, scene(), range(5, 70))
    tracked = watched(tracker, scene((300, 80)), range(70, 80))
    assert [face.id for face in tracked.faces] == [2]


def test_new_epoch_starts_afresh(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    watched(tracker, scene((160, 80)), range(5))
    tracked = tracker.track(frame(scene((160, 80)), 0, epoch="later"))
    assert [face.id for face in tracked.faces] == [2]


def test_still_face_has_still_landmarks_in_noise(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    random = np.random.default_rng(1)
    seen = []
    for number in range(25):
        noisy = np.clip(scene((160, 80)) + random.normal(0, 4, (480, 640, 3)), 0, 255)
        (face,) = tracker.track(frame(noisy.astype(np.uint8), number)).faces
        seen.append(face.mesh.points[:, :2])
    steps = np.linalg.norm(np.diff(seen[10:], axis=0), axis=-1)
    assert steps.mean() < 0.15


def test_frame_comes_with_its_faces(landmarker: Counted) -> None:
    source = frame(scene((160, 80)), 0)
    tracked = Tracker(landmarker).track(source)
    assert tracked.frame is source
    assert len(tracked.faces) == 1


def test_face_at_the_edge_is_followed_as_in_the_whole_picture(landmarker: Counted) -> None:
    picture = scene((420, 250))
    source = frame(picture, 0)
    (face,) = Tracker(landmarker).track(source).faces
    whole = to_bgr(source.planes)
    mesh = landmarker.mesh(whole, landmarker.detect(whole)[0])
    assert face.mesh.points == pytest.approx(mesh.points, abs=0.05)
