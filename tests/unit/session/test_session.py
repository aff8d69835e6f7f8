import asyncio
import time
from dataclasses import replace

import numpy as np

from edge_worker.items import AudioBlock, VideoFrame
from edge_worker.media.clock import ClockAnchor
from edge_worker.rvp.tracker import TrackedFrame
from edge_worker.session.intake import Taken
from mqtt_schemas import EventType, Rung, StreamSettings
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
    session._epoch = "e"
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
    session._epoch = "e"
    clock = session._intake.ingest.clock
    clock.restart("e")
    clock.anchor(ClockAnchor("e", 0, 10**18, "ntp"))
    assert session._captured_utc_ns(5) == 10**18 + 5
    clock.restart("f")
    clock.anchor(ClockAnchor("f", 0, 2 * 10**18, "ntp"))
    assert session._captured_utc_ns(5) is None
    assert session._stamp("d").utc_of(5) is None


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
