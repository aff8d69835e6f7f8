import asyncio
import time
from dataclasses import replace

import numpy as np
import pytest

from edge_worker.admission import Admission
from edge_worker.items import AudioBlock, VideoFrame
from edge_worker.media.clock import ClockAnchor
from edge_worker.rvp.gates import Gate
from edge_worker.rvp.tracker import FaceTrack, TrackedFrame
from edge_worker.session.intake import Taken
from edge_worker.session.interpreter import Interpreter
from edge_worker.timeline import Advance
from engines.face import FaceMesh
from mqtt_schemas import EventType, Rung, StreamEvent, StreamSettings, UtteranceMessage
from tests.unit.session.making import SILENCE, Made
from tests.unit.timeline.speech import RATE, SECOND_NS, synced

PLANES = np.zeros((24, 16), np.uint8)
BLOCK_NS = 1024 * SECOND_NS // RATE


def taken(epoch: str, current: str = "", number: int = 0) -> Taken:
    """One block and one picture."""
    block = AudioBlock(epoch, number * BLOCK_NS, RATE, SILENCE)
    picture = TrackedFrame(VideoFrame(epoch, number * BLOCK_NS, PLANES), ())
    return Taken([picture], [block], epoch=current or epoch)


async def test_sound_when_nothing_recognizes_it_then_the_source_is_still_taken_in() -> None:
    made = Made()
    async with asyncio.timeout(20):
        for number in range(2000):
            await made.feed(taken("e", number=number))
    assert made.session._dubbing._presentation._newest_ns == 2000 * BLOCK_NS
    assert made.told.events.count(EventType.OVERLOAD) == 1
    assert made.session.rung is Rung.LIPS_HALF_RATE
    assert len(made.interpreter._translation.sound) == 750


async def test_sound_when_recognition_has_caught_up_then_it_is_heard_again() -> None:
    made = Made()
    for number in range(800):
        await made.feed(taken("e", number=number))
    link = made.interpreter._translation.sound
    while len(link) > link.capacity // 8:
        await link.get()
    await made.feed(taken("e", number=800))
    assert len(link) == link.capacity // 8 + 1


async def test_speech_when_the_language_changes_meanwhile_then_only_the_new_one_is_queued() -> None:
    made = Made(settings=StreamSettings(target_language="en"))
    session = made.session
    session._source.epochs.enter("e", "e")
    session._dubbing._thread.submit(time.sleep, 0.1)
    change = asyncio.create_task(session.apply(replace(session.settings, target_language="de")))
    await asyncio.sleep(0.02)
    english = synced(0, 1, 1)
    german = replace(english, utterance=replace(english.utterance, target_language="de"))
    session._dubbing.speak(english)
    await change
    session._dubbing.speak(english)
    assert session._dubbing._timeline.waiting == 0
    session._dubbing.speak(german)
    assert session._dubbing._timeline.waiting == 1


async def test_capture_time_when_the_next_epoch_has_begun_then_the_old_one_has_none() -> None:
    session = Made().session
    session._source.epochs.enter("e", "e")
    clock = session._source.clock
    clock.restart("e")
    clock.anchor(ClockAnchor("e", 0, 10**18, "ntp"))
    assert session._dubbing._outlet.captured_utc_ns(5) == 10**18 + 5
    clock.restart("f")
    clock.anchor(ClockAnchor("f", 0, 2 * 10**18, "ntp"))
    assert session._dubbing._outlet.captured_utc_ns(5) is None


async def test_epoch_when_two_alternate_in_one_message_then_only_the_current_one_is_entered() -> (
    None
):
    made = Made()
    session = made.session
    await made.feed(taken("a"))
    await made.feed(taken("b"))
    await made.feed(taken("a", current="b"))
    assert session.epoch == "b"
    await made.feed(taken("a", current="a"))
    assert session.epoch == "a"
    await made.feed(taken("b", current="a"))
    assert session.epoch == "a"


async def test_tracking_when_nobody_speaks_here_then_streams_short_of_time_come_first() -> None:
    rungs = {"other": Rung.FULL}
    admission = Admission(lambda: 0.0, 2.0)
    admission.ask("other", lambda: rungs["other"])
    made = Made(admission=admission)
    hooks = made.session._source_hooks()
    assert (hooks.tracking(), hooks.resting()) == (True, True)
    rungs["other"] = Rung.LIPS_HALF_RATE
    assert not hooks.tracking()
    interpreter = made.interpreter
    assert isinstance(interpreter, Interpreter)
    interpreter._speaking_since_ns = 1
    assert (hooks.tracking(), hooks.resting()) == (True, False)


async def test_tracking_when_lips_are_not_wanted_then_faces_are_not_looked_for() -> None:
    for settings in (StreamSettings(lip_sync=False), StreamSettings(enabled=False)):
        assert not Made(settings=settings).session._dubbing.tracking
    made = Made()
    assert made.session._dubbing.tracking
    made.session._pressure.behind()
    assert made.session._dubbing.tracking
    made.session._pressure.behind()
    assert not made.session._dubbing.tracking


@pytest.mark.parametrize(("lip_sync", "said"), [(True, True), (False, False)])
async def test_caption_when_nobody_in_view_spoke_then_it_says_so_as_soon_as_it_is_final(
    *, lip_sync: bool, said: bool
) -> None:
    made = Made(settings=StreamSettings(lip_sync=lip_sync))
    await made.feed(taken("e"))
    await made.interpreter._settled(replace(synced(0, 1, 1).utterance, epoch="e"))
    captions = [one for _, one in made.told.messages if isinstance(one, UtteranceMessage)]
    assert [one.off_camera for one in captions] == [said]


async def test_belief_when_faces_were_not_looked_for_then_it_is_that_of_before() -> None:
    made = Made()
    made.session._pressure.behind()
    made.session._pressure.behind()
    assert not made.session._dubbing.tracking
    await made.feed(replace(taken("e"), tracked=False))
    utterance = replace(synced(0, 1, 1).utterance, epoch="e")
    assert not made.session._dubbing.off_camera(utterance)
    assert made.session._dubbing._speakers.by_utterance == {}
    assert made.session._dubbing._speakers._choice._belief == {}


async def test_speakers_when_speech_is_given_up_then_nobody_is_watched_for_it() -> None:
    made = Made()
    session = made.session
    await made.feed(taken("e"))
    speech = synced(0, 1, 1)
    speech = replace(speech, utterance=replace(speech.utterance, epoch="e"))
    assert session._dubbing.off_camera(speech.utterance)
    assert session._dubbing._speakers.by_utterance == {speech.utterance.id: None}
    await session._dubbing._advanced(Advance(overloaded=(speech,)))
    assert session._dubbing._speakers.by_utterance == {}


async def test_faces_when_a_second_one_comes_and_goes_then_both_are_told() -> None:
    made = Made()
    mesh = FaceMesh(np.zeros((468, 3), np.float32), 1.0)
    for number, count in enumerate([1, 2, *[1] * 30]):
        frame = VideoFrame("e", number * 40_000_000, PLANES)
        faces = tuple(
            FaceTrack(i, frame.pts_ns, mesh, (0, 0, 0), 50.0, 0.0, Gate.OPEN) for i in range(count)
        )
        await made.feed(Taken([TrackedFrame(frame, faces)], epoch="e"))
    told = [one for _, one in made.told.messages if isinstance(one, StreamEvent)]
    assert [(one.type, one.detail) for one in told] == [
        (EventType.FACE_FOUND, "1 in view"),
        (EventType.FACE_FOUND, "2 in view"),
        (EventType.FACE_LOST, "1 in view"),
    ]
