"""A doorbell's stream: asleep until somebody rings, and then not a word is lost."""

import asyncio

import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.media.segments import MediaSegment
from mqtt_schemas import EventType, StreamEvent, StreamInfo, encode
from tests.broker.conftest import Mosquitto
from tests.broker.worker.doors import CLIP_START_NS, SECOND_NS, TOPICS, Clip, play
from tests.broker.worker.house import House, serving, watching

pytestmark = [pytest.mark.broker, pytest.mark.models]

_RINGS_NS = CLIP_START_NS + SECOND_NS
"""Half a second after the visitor has begun to speak."""


def rung(house: House, stream: str) -> None:
    topic = TOPICS.event(stream)
    ring = StreamEvent(stream=stream, type=EventType.RING, utc_ns=1)
    house.link.publish(topic, encode(ring, topic))


async def test_doorbell_when_it_rings_in_mid_sentence_then_all_of_the_sentence_is_translated(
    mosquitto: Mosquitto, engines: EngineSet, parcel: Clip
) -> None:
    rings = [segment for segment in parcel.segments if segment.pts_ns >= _RINGS_NS][:1]

    def ringing(segment: MediaSegment) -> list[bytes]:
        if segment in rings:
            rung(house, "door")
        return [segment.data]

    async with watching(mosquitto) as house, serving(mosquitto, engines):
        topic = TOPICS.stream_info("door")
        info = StreamInfo(stream="door", doorbell=True)
        house.link.publish(topic, encode(info, topic), retain=True)
        await house.until(lambda: bool(house["door"].states))
        assert not house["door"].states[-1].active
        await play(house.link, "door", parcel, tamper=ringing)
        await house.finished("door", "assinatura")
    heard = house["door"]
    said = " ".join(one.source_text.lower() for one in heard.final())
    assert "encomenda" in said
    assert [one.detail for one in heard.told(EventType.WOKEN)] == ["ring"]
    assert heard.states[-1].active

    first = heard.units(heard.states[-1].out_topic)[0]
    assert (first.kind, first.key) == ("video", True)
    shown_ns = (heard.properties()[0].pts_ns or 0) - heard.states[-1].playout_delay_ns
    assert shown_ns <= _RINGS_NS + SECOND_NS


async def test_doorbell_when_nobody_rings_then_nothing_is_heard_of_it(
    mosquitto: Mosquitto, engines: EngineSet, moment: Clip
) -> None:
    async with watching(mosquitto) as house, serving(mosquitto, engines):
        await house.declare("door", activation="on_demand")
        await house.declare("cellar", activation="off")
        await house.until(lambda: not house["cellar"].states[-1].active)
        await house.until(lambda: not house["door"].states[-1].active)
        rung(house, "cellar")
        await asyncio.gather(
            *(play(house.link, stream, moment) for stream in ("door", "cellar", "other"))
        )
        await house.until(lambda: bool(house["other"].out))
    for stream in ("door", "cellar"):
        heard = house[stream]
        assert not heard.out
        assert heard.states[-1].sleep_reason
