"""Every setting takes effect on a running stream."""

import asyncio
import json

import numpy as np
import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.nal import read_sei
from mqtt_schemas import EventType, StreamEvent, encode
from tests.broker.conftest import Mosquitto
from tests.broker.worker.doors import RATE, SECOND_NS, TOPICS, Clip, play
from tests.broker.worker.house import Heard, serving, watching

pytestmark = [pytest.mark.broker, pytest.mark.models]


async def test_target_language_when_changed_then_the_new_topic_goes_on_where_the_old_one_ended(
    mosquitto: Mosquitto, engines: EngineSet, quiet_room: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        heard = house["door"]
        playing = asyncio.create_task(play(house.link, "door", quiet_room))
        await house.until(lambda: len(heard.out) > 10)
        state = await house.set("door", "target_language", "pt")
        assert state.out_topic == TOPICS.out_av("door", "pt")
        await playing
    topics = [one.topic for one in heard.out]
    change = topics.index(state.out_topic)
    assert set(topics[:change]) == {TOPICS.out_av("door", "en")}
    assert set(topics[change:]) == {state.out_topic}

    last, first = heard.properties()[change - 1 : change + 1]
    # What is sent off at the end may be sound alone, which runs a little ahead of the picture.
    assert abs((first.pts_ns or 0) - (last.pts_ns or 0)) < SECOND_NS // 4
    assert (last.seq or 0) + 1 == first.seq

    message = heard.out[change].payload
    assert [_pid(message, packet) for packet in (0, 1)] == [0, 0x1000]
    assert _discontinuity(message)
    begins_with = Demuxer().feed(message, whole=True)[0]
    assert begins_with.kind == "video"
    assert begins_with.key
    pictures = [unit.pts for unit in heard.units() if unit.kind == "video"]
    steps = np.diff(pictures)
    assert steps.min() == np.median(steps) == 9000


def _pid(message: bytes, packet: int) -> int:
    return int.from_bytes(message[188 * packet + 1 : 188 * packet + 3]) & 0x1FFF


def _discontinuity(message: bytes) -> bool:
    """Whether the first clock reference says that it starts anew (ISO/IEC 13818-1, 2.4.3.4)."""
    for at in range(0, len(message), 188):
        has_field, length = message[at + 3] & 0x20, message[at + 4]
        if has_field and length and message[at + 5] & 0x10:
            return bool(message[at + 5] & 0x80)
    return False


async def test_switches_when_off_then_nothing_is_translated_or_no_lips_are_drawn(
    mosquitto: Mosquitto, engines: EngineSet, parcel: Clip, parcel_heard: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        await house.declare("passing", enabled="off")
        await house.declare("lipless", lip_sync="off", label="off")
        playing = asyncio.gather(
            play(house.link, "passing", parcel_heard),
            play(house.link, "stopped", parcel_heard),
            play(house.link, "lipless", parcel),
        )
        await house.until(lambda: bool(house["stopped"].told(EventType.SPEECH_STARTED)))
        await house.set("stopped", "enabled", "off")
        await playing
        await house.finished("lipless", "assinatura")
        await house.until(lambda: len(house["passing"].out) > 40)
    assert not house["stopped"].spoken()
    assert not house["passing"].utterances
    for stream in ("passing", "stopped"):
        assert {one.ai_modified for one in house[stream].properties()} == {False}
    dubbed = house["lipless"]
    assert True in {one.ai_modified for one in dubbed.properties()}
    marks = [read_sei(unit) for unit in dubbed.units() if unit.kind == "video"]
    said = [json.loads(mark) for mark in marks if mark]
    assert said
    assert not any(mark["lips"] for mark in said)
    assert dubbed.states[-1].ai_disclosure is False


async def test_settings_of_sound_when_changed_then_they_are_heard_and_seen(
    mosquitto: Mosquitto, engines: EngineSet, parcel_heard: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        await house.declare("rung", activation="on_demand")
        await house.declare("muted", original_volume="0", captions="off")
        topic = TOPICS.event("rung")
        ring = StreamEvent(stream="rung", type=EventType.RING, utc_ns=1)
        house.link.publish(topic, encode(ring, topic))
        playing = asyncio.gather(
            *(play(house.link, stream, parcel_heard) for stream in ("rung", "muted", "later"))
        )
        await house.until(lambda: bool(house["later"].told(EventType.SPEECH_STARTED)))
        waits = await house.set("later", "playout_delay", "2")
        assert waits.playout_delay_ns < SECOND_NS
        await playing
        for stream in ("rung", "muted", "later"):
            await house.finished(stream, "assinatura")
            assert house[stream].spoken()
        await house.until(lambda: house["later"].states[-1].playout_delay_ns == 2 * SECOND_NS)
        await asyncio.sleep(1.5)
    assert _tone_under_speech(house["rung"]) == pytest.approx(0.18, abs=0.05)
    assert _tone_under_speech(house["muted"]) < 0.02
    assert not [one for one in house["muted"].utterances if one.stage == "partial"]
    stamps = [one.pts_ns or 0 for one in house["later"].properties()]
    assert np.all(np.diff(stamps) > 0)


def _tone_under_speech(heard: Heard) -> float:
    """How loud the 12 kHz of the original is under translated speech, against elsewhere."""
    samples, start_ns = heard.sound()
    delay_ns = heard.states[-1].playout_delay_ns
    first = heard.spoken()[0]
    begin, end = (
        ((place or 0) + delay_ns - start_ns) * RATE // SECOND_NS
        for place in (first.placed_start_ns, first.placed_end_ns)
    )
    return _tone(samples[begin + 4800 : end - 4800]) / _tone(samples[4800:48_000])


def _tone(samples: np.ndarray) -> float:
    carrier = np.exp(-2j * np.pi * 12_000 * np.arange(len(samples)) / RATE)
    return float(np.abs((samples * carrier).mean()))
