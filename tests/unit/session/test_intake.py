import threading

from edge_worker.rvp.tracker import Tracker
from edge_worker.session.intake import Intake
from edge_worker.transport import Message
from mqtt_schemas import SEGMENT_CONTENT_TYPE
from tests.unit.media.clips import own_units, segments_of
from tests.unit.session.making import Blind

SEGMENTS = segments_of(own_units(1.0))


def message(number: int) -> Message:
    pairs = (("seq", str(number)),)
    return Message(
        "polylip/stream/door/in/av",
        SEGMENTS[number].data,
        10**18 + number * 120_000_000,
        user_properties=pairs,
        content_type=SEGMENT_CONTENT_TYPE,
    )


def test_take_when_the_first_picture_comes_then_the_tracker_is_made_in_that_thread() -> None:
    made_in: list[int] = []

    def new() -> Tracker:
        made_in.append(threading.get_ident())
        return Tracker(Blind())

    intake = Intake("door", new)
    assert made_in == []
    thread = threading.Thread(target=lambda: [intake.take(message(n)) for n in range(3)])
    thread.start()
    thread.join()
    assert made_in == [thread.ident]


def test_take_when_faces_are_not_wanted_then_pictures_pass_without_a_look() -> None:
    landmarker = Blind()
    intake = Intake("door", lambda: Tracker(landmarker))
    intake.tracking = False
    taken = [intake.take(message(number)) for number in range(4)]
    assert sum(len(one.pictures) for one in taken) > 8
    assert landmarker.looks == 0
    assert not any(one.tracked or one.track_ns for one in taken)
    intake.tracking = True
    assert intake.take(message(4)).tracked
    assert landmarker.looks > 0


def test_take_when_faces_are_watched_then_the_tracker_is_told() -> None:
    tracker = Tracker(Blind())
    intake = Intake("door", lambda: tracker)
    intake.watched = frozenset({3})
    for number in range(3):
        intake.take(message(number))
    assert tracker.watched == {3}
