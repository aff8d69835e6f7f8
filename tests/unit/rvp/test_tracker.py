import cv2
import numpy as np
import pytest

from edge_worker.rvp.gates import Gate
from edge_worker.rvp.picture import to_bgr
from edge_worker.rvp.tracker import FaceTrack, TrackedFrame, Tracker
from engines.face import FaceMesh, FaceRegion, Picture
from engines.face.mediapipe import MediaPipeFace
from tests.unit.rvp.scenes import frame, scene, swaying


class Counted:
    """The real landmarker, counting."""

    def __init__(self) -> None:
        self.detections = self.looks = 0
        self._real = MediaPipeFace()

    def detect(self, picture: Picture) -> list[FaceRegion]:
        self.detections += 1
        return self._real.detect(picture)

    def mesh(self, picture: Picture, region: FaceRegion) -> FaceMesh:
        self.looks += 1
        return self._real.mesh(picture, region)


class Decoy:
    """Takes something for a face at first sight."""

    def __init__(self) -> None:
        self.detections = self.looks = 0

    def detect(self, _picture: Picture) -> list[FaceRegion]:
        self.detections += 1
        return [FaceRegion(320, 240, 200, 0.0)]

    def mesh(self, _picture: Picture, _region: FaceRegion) -> FaceMesh:
        self.looks += 1
        return FaceMesh(np.zeros((468, 3), np.float32), 0.1)


MIRRORED = np.ascontiguousarray(scene((160, 80))[:, ::-1])


def passing(at: int) -> Picture:
    """One comes from the left, her mirror image from the right and behind."""
    room = scene()
    heads = scene((0, 0), width=320, height=320)[:, 60:260]
    room[80:400, 380 - at : 580 - at] = heads[:, ::-1]
    room[80:400, 60 + at : 260 + at] = heads
    return room


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
    assert all(face.gate is Gate.OPEN for (face,) in faces[2:])
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


def test_person_when_coming_back_elsewhere_then_the_id_is_kept_for_twenty_seconds(
    landmarker: Counted,
) -> None:
    tracker = Tracker(landmarker)
    watched(tracker, scene((0, 80)), range(5))
    watched(tracker, scene(), range(5, 10))
    back = watched(tracker, scene((300, 80)), range(400, 410))
    assert [face.id for face in back.faces] == [1]
    watched(tracker, scene(), range(410, 415))
    late = watched(tracker, scene((0, 80)), range(1000, 1010))
    assert [face.id for face in late.faces] == [2]


def test_face_when_somebody_else_comes_in_its_place_later_then_the_id_is_new(
    landmarker: Counted,
) -> None:
    tracker = Tracker(landmarker)
    watched(tracker, scene((160, 80)), range(5))
    watched(tracker, scene(), range(5, 65))
    other = watched(tracker, MIRRORED, range(65, 72))
    assert [face.id for face in other.faces] == [2]


def test_faces_when_they_cross_then_each_keeps_its_id(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    crossing = [passing(at) for at in (*[0] * 6, *range(0, 321, 8), *[320] * 30)]
    ids = []
    for number, picture in enumerate(crossing):
        faces = tracker.track(frame(picture, number)).faces
        ids.append([face.id for face in sorted(faces, key=lambda f: f.mesh.points[4, 0])])
    assert len(ids[5]) == 2
    assert ids[-1] == ids[5][::-1]


def test_faces_when_several_are_idle_then_each_is_looked_at_in_every_third_frame(
    landmarker: Counted,
) -> None:
    tracker = Tracker(landmarker)
    room = scene((0, 80), (320, 80))
    watched(tracker, room, range(40))
    landmarker.looks = 0
    frames = [tracker.track(frame(room, number)) for number in range(40, 70)]
    assert all(len(tracked.faces) == 2 for tracked in frames)
    assert landmarker.looks <= 22
    assert sum(face.measured for tracked in frames for face in tracked.faces) <= 22


def test_face_when_nobody_speaks_then_it_is_carried_between_looks_and_seen_at_once_when_one_does(
    landmarker: Counted,
) -> None:
    tracker = Tracker(landmarker)
    room = scene((160, 80))
    watched(tracker, room, range(40))
    tracker.resting, landmarker.looks = True, 0
    resting = [tracker.track(frame(room, number)) for number in range(40, 70)]
    assert all(len(tracked.faces) == 1 for tracked in resting)
    assert landmarker.looks <= 11
    tracker.resting = False
    awake = [tracker.track(frame(room, number)) for number in range(70, 80)]
    assert all(face.measured for tracked in awake for face in tracked.faces)
    assert {face.id for tracked in resting + awake for face in tracked.faces} == {1}


def test_place_without_a_face_when_nobody_speaks_then_it_is_searched_less_often(
    landmarker: Counted,
) -> None:
    tracker = Tracker(landmarker)
    tracker.resting = True
    for number in range(50):
        tracker.track(frame(scene(), number))
    assert 3 <= landmarker.detections <= 5
    tracker.resting = False
    for number in range(50, 54):
        tracker.track(frame(scene((160, 80)), number))
    assert tracker.track(frame(scene((160, 80)), 54)).faces


def test_face_when_it_is_watched_then_it_is_looked_at_in_every_frame(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    room = scene((0, 80), (320, 80))
    watched(tracker, room, range(40))
    tracker.watched = (2,)
    frames = [tracker.track(frame(room, number)) for number in range(40, 60)]
    assert all(face.measured for tracked in frames for face in tracked.faces if face.id == 2)
    assert not all(face.measured for tracked in frames for face in tracked.faces if face.id == 1)


def test_face_when_it_is_not_looked_at_then_it_is_carried_on_with_its_motion(
    landmarker: Counted,
) -> None:
    tracker = Tracker(landmarker)
    off = []
    for number in range(60):
        left = 300 + 2 * max(0, number - 40)
        room = scene((0, 80), (left, 80))
        faces = tracker.track(frame(room, number)).faces
        moving = max(faces, key=lambda face: face.mesh.points[4, 0])
        if number == 39:
            rest = float(moving.mesh.points[4, 0])
        if number > 45:
            off.append(abs(moving.mesh.points[4, 0] - rest - (left - 300)))
    assert max(off) < 4


def test_place_that_is_no_face_when_found_again_and_again_then_it_costs_next_to_nothing() -> None:
    decoy = Decoy()
    tracker = Tracker(decoy)
    for number in range(50):
        assert tracker.track(frame(scene(), number)).faces == ()
    assert decoy.detections <= 18
    assert decoy.looks <= 2


SMALL = cv2.resize(scene((0, 0), width=320, height=320), (200, 200))
LEFTS = (0, 210, 420)


def row(*, nodding: bool = False, number: int = 0) -> Picture:
    """Three faces side by side that hang there, or of which the second nods at first."""
    room = scene()
    for left in LEFTS:
        nod = 8 * (number // 4 % 2) if nodding and left == LEFTS[1] and number < 30 else 0
        room[20 + nod : 220 + nod, left : left + 200] = SMALL
    return room


def with_newcomer(room: Picture, number: int) -> Picture:
    """Somebody else sways below them."""
    left = 60 + 3 * (number % 8)
    room[260:460, left : left + 200] = SMALL[:, ::-1]
    return room


def is_below(face: FaceTrack) -> bool:
    return bool(face.mesh.points[4, 1] > 260)


def test_person_when_posters_take_every_place_then_one_makes_room(landmarker: Counted) -> None:
    tracker = Tracker(landmarker)
    watched(tracker, row(), range(120))
    ids = set()
    for number in range(120, 200):
        faces = tracker.track(frame(with_newcomer(row(), number), number)).faces
        ids |= {face.id for face in faces}
    assert len(faces) == 3
    assert any(is_below(face) for face in faces)
    assert ids == {1, 2, 3, 4}
    back = watched(tracker, row(), range(200, 240)).faces
    assert len(back) == 3
    assert not any(is_below(face) for face in back)


def test_person_when_still_for_seconds_or_watched_then_only_what_never_moved_makes_room(
    landmarker: Counted,
) -> None:
    tracker = Tracker(landmarker)
    for number in range(170):
        faces = tracker.track(frame(row(nodding=True, number=number), number)).faces
    middle = sorted(faces, key=lambda face: face.mesh.points[4, 0])[1].id
    watching = next(face.id for face in faces if face.id != middle)
    tracker.watched = (watching,)
    for number in range(170, 210):
        faces = tracker.track(frame(with_newcomer(row(), number), number)).faces
    assert {middle, watching} < {face.id for face in faces}
    assert any(is_below(face) for face in faces)


def test_newcomer_when_everybody_there_has_moved_or_is_watched_then_there_is_no_room(
    landmarker: Counted,
) -> None:
    tracker = Tracker(landmarker)
    for number in range(170):
        faces = tracker.track(frame(row(nodding=True, number=number), number)).faces
    tracker.watched = tuple(face.id for face in faces)
    for number in range(170, 200):
        later = tracker.track(frame(with_newcomer(row(), number), number)).faces
    assert {face.id for face in later} == {face.id for face in faces}


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
