import asyncio
import time
from dataclasses import replace

import numpy as np
import pytest

from edge_worker.items import AudioBlock, VideoFrame
from edge_worker.media.clock import ClockAnchor
from edge_worker.rvp.gates import Gate
from edge_worker.rvp.tracker import FaceTrack, TrackedFrame
from edge_worker.session.intake import Taken
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
            await made.session._fan_out(taken("e", number=number))
    assert made.session._presentation._newest_ns == 2000 * BLOCK_NS
    assert made.told.events.count(EventType.OVERLOAD) == 1
    assert made.session.rung is Rung.LIPS_HALF_RATE
    assert len(made.session._interpreter._translation.sound) == 750


async def test_sound_when_recognition_has_caught_up_then_it_is_heard_again() -> None:
    made = Made()
    for number in range(800):
        await made.session._fan_out(taken("e", number=number))
    link = made.session._interpreter._translation.sound
    while len(link) > link.capacity // 8:
        await link.get()
    await made.session._fan_out(taken("e", number=800))
    assert len(link) == link.capacity // 8 + 1


async def test_speech_when_the_language_changes_meanwhile_then_only_the_new_one_is_queued() -> None:
    made = Made(settings=StreamSettings(target_language="en"))
    session = made.session
    session._epochs.enter("e", "e")
    session._render_thread.submit(time.sleep, 0.1)
    change = asyncio.create_task(session.apply(replace(session.settings, target_language="de")))
    await asyncio.sleep(0.02)
    english = synced(0, 1, 1)
    german = replace(english, utterance=replace(english.utterance, target_language="de"))
    session._speak(english)
    await change
    session._speak(english)
    assert session._timeline.waiting == 0
    session._speak(german)
    assert session._timeline.waiting == 1


async def test_capture_time_when_the_next_epoch_has_begun_then_the_old_one_has_none() -> None:
    session = Made().session
    session._epochs.enter("e", "e")
    clock = session._intake.ingest.clock
    clock.restart("e")
    clock.anchor(ClockAnchor("e", 0, 10**18, "ntp"))
    assert session._outlet.captured_utc_ns(5) == 10**18 + 5
    clock.restart("f")
    clock.anchor(ClockAnchor("f", 0, 2 * 10**18, "ntp"))
    assert session._outlet.captured_utc_ns(5) is None


async def test_epoch_when_two_alternate_in_one_message_then_only_the_current_one_is_entered() -> (
    None
):
    session = Made().session
    await session._fan_out(taken("a"))
    await session._fan_out(taken("b"))
    await session._fan_out(taken("a", current="b"))
    assert session.epoch == "b"
    await session._fan_out(taken("a", current="a"))
    assert session.epoch == "a"
    await session._fan_out(taken("b", current="a"))
    assert session.epoch == "a"


async def test_tracking_when_lips_are_not_wanted_then_faces_are_not_looked_for() -> None:
    for settings in (StreamSettings(lip_sync=False), StreamSettings(enabled=False)):
        assert not Made(settings=settings).session._tracking
    made = Made()
    assert made.session._tracking
    made.session._pressure.behind()
    assert made.session._tracking
    made.session._pressure.behind()
    assert not made.session._tracking


@pytest.mark.parametrize(("lip_sync", "said"), [(True, True), (False, False)])
async def test_caption_when_nobody_in_view_spoke_then_it_says_so_as_soon_as_it_is_final(
    *, lip_sync: bool, said: bool
) -> None:
    made = Made(settings=StreamSettings(lip_sync=lip_sync))
    await made.session._fan_out(taken("e"))
    await made.session._interpreter._settled(replace(synced(0, 1, 1).utterance, epoch="e"))
    captions = [one for _, one in made.told.messages if isinstance(one, UtteranceMessage)]
    assert [one.off_camera for one in captions] == [said]


async def test_belief_when_faces_were_not_looked_for_then_it_is_that_of_before() -> None:
    made = Made()
    made.session._pressure.behind()
    made.session._pressure.behind()
    assert not made.session._tracking
    await made.session._fan_out(replace(taken("e"), tracked=False))
    utterance = replace(synced(0, 1, 1).utterance, epoch="e")
    assert not made.session._off_camera(utterance)
    assert made.session._speakers.by_utterance == {}
    assert made.session._speakers._choice._belief == {}


async def test_speakers_when_speech_is_given_up_then_nobody_is_watched_for_it() -> None:
    session = Made().session
    await session._fan_out(taken("e"))
    speech = synced(0, 1, 1)
    speech = replace(speech, utterance=replace(speech.utterance, epoch="e"))
    assert session._off_camera(speech.utterance)
    assert session._speakers.by_utterance == {speech.utterance.id: None}
    await session._advanced(Advance(overloaded=(speech,)))
    assert session._speakers.by_utterance == {}


async def test_faces_when_a_second_one_comes_and_goes_then_both_are_told() -> None:
    made = Made()
    mesh = FaceMesh(np.zeros((468, 3), np.float32), 1.0)
    for number, count in enumerate([1, 2, *[1] * 30]):
        frame = VideoFrame("e", number * 40_000_000, PLANES)
        faces = tuple(
            FaceTrack(i, frame.pts_ns, mesh, (0, 0, 0), 50.0, 0.0, Gate.OPEN) for i in range(count)
        )
        await made.session._fan_out(Taken([TrackedFrame(frame, faces)], epoch="e"))
    told = [one for _, one in made.told.messages if isinstance(one, StreamEvent)]
    assert [(one.type, one.detail) for one in told] == [
        (EventType.FACE_FOUND, "1 in view"),
        (EventType.FACE_FOUND, "2 in view"),
        (EventType.FACE_LOST, "1 in view"),
    ]
