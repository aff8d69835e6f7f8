"""What is said on MQTT of replies and visitors reaches the stream that it is about."""

import contextlib
from collections.abc import AsyncIterator

import pytest

from edge_worker.peers import Peers
from edge_worker.stream_messages import StreamMessages
from edge_worker.streams import Streams
from edge_worker.talkback import TalkbackMessages
from edge_worker.transport import Message
from mqtt_schemas import (
    Channel,
    EventType,
    MessageRefused,
    Response,
    StreamEvent,
    StreamInfo,
    StreamSettings,
    TalkbackSay,
    Topics,
    UtteranceMessage,
    UtteranceStage,
    decode,
    encode,
)
from tests.unit.house import ME, Broker, idle_sessions, services, settle

TOPICS = Topics()
RESPONSE = TOPICS.response("talkback")


class Box:
    """A worker's streams, and everything that it hears."""

    def __init__(self, broker: Broker) -> None:
        self.streams = Streams(services(broker), Peers(ME, 4.0), lambda: 0.0)
        self._hearers = {
            **StreamMessages(self.streams).hearers,
            **TalkbackMessages(self.streams.talkback).hearers,
        }

    async def hear(self, channel: Channel, message: object, *, retain: bool = False) -> None:
        topic = TOPICS.build(channel, stream="door")
        address = TOPICS.parse(topic)
        assert address is not None
        await self._hearers[channel](address, Message(topic, encode(message), 0, retain=retain))
        await settle()

    async def declare(self, *, talkback: bool) -> None:
        info = StreamInfo(stream="door", name="door", talkback=talkback)
        await self.hear(Channel.STREAM_INFO, info)

    async def say(self, transaction: str, *, retain: bool = False) -> None:
        said = TalkbackSay(stream="door", transaction=transaction, text="Hello", language="en")
        await self.hear(Channel.TALKBACK_SAY, said, retain=retain)


@contextlib.asynccontextmanager
async def box(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Box]:
    idle_sessions(monkeypatch)
    one = Box(broker)
    yield one
    await one.streams.drain()


def errors(broker: Broker) -> dict[str, str]:
    answers = [decode(Response, RESPONSE, payload) for payload in broker.on(RESPONSE)]
    return {answer.transaction: answer.error for answer in answers}


async def test_say_when_the_door_is_this_workers_then_it_is_answered_as_the_door_is_declared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker()
    async with box(broker, monkeypatch) as worker:
        await worker.say("unknown")
        await worker.declare(talkback=False)
        await worker.say("mute")
        await worker.declare(talkback=True)
        await worker.say("whose-language")
        assert list(errors(broker)) == ["mute", "whose-language"]
    assert "no loudspeaker" in errors(broker)["mute"]
    assert "which language" in errors(broker)["whose-language"]


async def test_say_when_the_door_is_anothers_then_not_a_word_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker()
    async with box(broker, monkeypatch) as worker:
        await worker.declare(talkback=True)
        keeper = worker.streams.get("door")
        assert keeper is not None
        keeper.elected(is_owner=False)
        await worker.say("a")
    assert errors(broker) == {}


async def test_visitor_when_messages_tell_of_them_then_the_reply_path_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    utterance = UtteranceMessage(
        stream="door",
        utterance="u",
        epoch="e",
        stage=UtteranceStage.FINAL,
        start_ns=0,
        end_ns=1,
        source_language="pt",
        source_text="",
        target_language="en",
        confidence=0.9,
    )
    async with box(Broker(), monkeypatch) as worker:
        await worker.declare(talkback=True)
        talkback = worker.streams.talkback("door")
        assert talkback is not None
        await worker.hear(Channel.UTTERANCE, utterance)
        began = StreamEvent(stream="door", type=EventType.SPEECH_STARTED, utc_ns=1)
        await worker.hear(Channel.EVENT, began)
        assert talkback.visitor.speaking
        assert talkback.visitor.language(StreamSettings(), None) == "pt"


async def test_say_when_it_is_retained_then_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    async with box(broker, monkeypatch) as worker:
        await worker.declare(talkback=True)
        with pytest.raises(MessageRefused, match="retained"):
            await worker.say("a", retain=True)
    assert errors(broker) == {}
