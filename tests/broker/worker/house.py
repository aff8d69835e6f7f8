"""A worker that runs in the test's own loop, and everything that it says on MQTT."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace

import numpy as np

from edge_worker.config import WorkerSettings, load_settings
from edge_worker.engine_set import EngineSet
from edge_worker.items import Samples
from edge_worker.lending import Lent
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.decode import AudioDecoder
from edge_worker.media.mpegts import Demuxer
from edge_worker.transport import Message, MqttLink
from edge_worker.worker import Worker
from mqtt_schemas import (
    EventType,
    MediaProperties,
    StreamEvent,
    StreamInfo,
    StreamState,
    Topics,
    UtteranceMessage,
    UtteranceStage,
    decode,
    encode,
)
from tests.broker.conftest import Mosquitto
from tests.broker.watching import until

TOPICS = Topics()
PATIENCE_S = 60.0
"""How long a test waits for something that must come; far more than it takes."""


def borrowed(engines: EngineSet) -> EngineSet:
    """The same engines behind queues of their own, which a worker may close when it ends."""
    return replace(
        engines,
        turn=Lent("turn", engines.turn.engine),
        recognizer=Lent("recognizer", engines.recognizer.engine),
        translator=Lent("translator", engines.translator.engine),
        synthesizer=Lent("synthesizer", engines.synthesizer.engine),
    )


@dataclass
class Heard:
    """What a subscriber to everything below ``polylip`` has heard of one stream."""

    states: list[StreamState] = field(default_factory=list)
    utterances: list[UtteranceMessage] = field(default_factory=list)
    events: list[StreamEvent] = field(default_factory=list)
    out: list[Message] = field(default_factory=list)

    def final(self) -> list[UtteranceMessage]:
        """Utterances whose verdict is settled."""
        return [one for one in self.utterances if one.stage is UtteranceStage.FINAL]

    def spoken(self) -> list[UtteranceMessage]:
        """Utterances whose translation has been heard."""
        return [one for one in self.utterances if one.stage is UtteranceStage.SPOKEN]

    def told(self, kind: EventType) -> list[StreamEvent]:
        """Events of one kind."""
        return [event for event in self.events if event.type is kind]

    def properties(self, topic: str | None = None) -> list[MediaProperties]:
        """User properties of the output."""
        return [
            MediaProperties.from_pairs(one.topic, one.user_properties)
            for one in self.out
            if topic in {None, one.topic}
        ]

    def units(self, topic: str | None = None) -> list[AccessUnit]:
        """Access units of the output."""
        demuxer = Demuxer()
        return [
            unit
            for one in self.out
            if topic in {None, one.topic}
            for unit in demuxer.feed(one.payload, whole=True)
        ]

    def sound(self) -> tuple[Samples, int]:
        """The output's sound at 48 kHz, and the output time of its first sample."""
        decoder = AudioDecoder("aac", "")
        units = [unit for unit in self.units() if unit.kind == "audio"]
        blocks = [block for unit in units for block in decoder.decode(unit)]
        return np.concatenate([block.samples for block in blocks]), blocks[0].pts_ns


class House:
    """The broker seen by somebody who listens to everything and may command."""

    def __init__(self, link: MqttLink) -> None:
        self.link = link
        self.statuses: list[str] = []
        self.infos: list[bytes] = []
        self.metrics: list[dict[str, object]] = []
        self._streams: dict[str, Heard] = {}

    def __getitem__(self, stream: str) -> Heard:
        return self._streams.setdefault(stream, Heard())

    async def listen(self) -> None:
        await self.link.subscribe("polylip/worker/#", self._worker, qos=1)
        for kind in ("state", "utterance", "event", "metrics"):
            await self.link.subscribe(f"polylip/stream/+/{kind}", self._stream, qos=1)
        await self.link.subscribe("polylip/stream/+/out/#", self._out, capacity=4096)

    async def _worker(self, message: Message) -> None:
        match message.topic.rpartition("/")[2]:
            case "status":
                self.statuses.append(message.payload.decode())
            case "info":
                self.infos.append(message.payload)

    async def _stream(self, message: Message) -> None:
        _, _, stream, kind = message.topic.split("/")
        heard = self[stream]
        match kind:
            case "state" if message.payload:
                heard.states.append(decode(StreamState, message.topic, message.payload))
            case "utterance":
                heard.utterances.append(decode(UtteranceMessage, message.topic, message.payload))
            case "event":
                heard.events.append(decode(StreamEvent, message.topic, message.payload))
            case "metrics":
                self.metrics.append(json.loads(message.payload))

    async def _out(self, message: Message) -> None:
        self[message.topic.split("/")[2]].out.append(message)

    async def declare(self, stream: str, **settings: str) -> StreamState:
        """Announce a stream as its camera would, and set it up before its first segment."""
        topic = TOPICS.stream_info(stream)
        self.link.publish(topic, encode(StreamInfo(stream=stream, name=stream), topic), retain=True)
        await self.until(lambda: bool(self[stream].states))
        for setting, text in settings.items():
            await self.set(stream, setting, text)
        return self[stream].states[-1]

    async def set(self, stream: str, setting: str, text: str | bytes) -> StreamState:
        """Command a setting and wait for the state that answers."""
        before = self[stream].states[-1].revision
        self.link.publish(TOPICS.set(stream, setting), text)
        await self.until(lambda: self[stream].states[-1].revision > before)
        return self[stream].states[-1]

    async def until(self, holds: Callable[[], bool]) -> None:
        await until(holds, PATIENCE_S)

    async def finished(self, stream: str, last_word: str = "", utterances: int = 1) -> None:
        """Wait until the last word has been understood and all that is dubbed has been spoken."""
        heard = self[stream]

        def done() -> bool:
            final = {one.utterance: one.verdict for one in heard.final()}
            given_up = {one.utterance for one in heard.final() if one.verdict != "dub"}
            dubbed = set(final) - given_up
            understood = any(last_word in one.source_text.lower() for one in heard.final())
            enough = understood and len(final) >= utterances
            return enough and dubbed <= {one.utterance for one in heard.spoken()}

        await self.until(done)


def settings_for(broker: Mosquitto, worker: str = "box", **flags: object) -> WorkerSettings:
    """Configuration of a worker at this broker."""
    mqtt = {"host": broker.host, "port": broker.port}
    return load_settings(None, {"worker": worker, "mqtt": mqtt, **flags})


@contextlib.asynccontextmanager
async def serving(
    broker: Mosquitto,
    engines: EngineSet,
    worker: str = "box",
    **flags: object,
) -> AsyncIterator[Worker]:
    """Run a worker; it drains and leaves at the end."""
    running = Worker(settings_for(broker, worker, **flags), lambda: borrowed(engines))
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        running.stop()
        async with asyncio.timeout(PATIENCE_S):
            await task


@contextlib.asynccontextmanager
async def watching(broker: Mosquitto) -> AsyncIterator[House]:
    """Listen to everything."""
    async with broker.link() as link:
        house = House(link)
        await link.wait_connected()
        await house.listen()
        yield house
