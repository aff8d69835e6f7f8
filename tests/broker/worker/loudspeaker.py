"""A door's loudspeaker that keeps what it plays, and an owner who asks for replies."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np

from edge_worker.items import AudioBlock, Samples
from edge_worker.media.decode import AudioDecoder
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.resample import Resampler
from edge_worker.transport import Message, MqttLink
from engines.asr import SAMPLE_RATE as HEARD_RATE
from engines.asr import Recognizer
from mqtt_schemas import (
    Channel,
    MediaProperties,
    PlayedStatus,
    Response,
    StreamInfo,
    TalkbackCancel,
    TalkbackPlayed,
    TalkbackReply,
    TalkbackSay,
    TalkbackStatus,
    decode,
    encode,
)
from mqtt_schemas.media import PcmProperties
from tests.broker.watching import until
from tests.broker.worker.house import PATIENCE_S, TOPICS, House

RATE = 48_000


@dataclass
class Played:
    """What came of one transaction."""

    segments: list[Message] = field(default_factory=list)
    arrived_ns: list[int] = field(default_factory=list)
    """Monotonic, of each segment."""

    @property
    def properties(self) -> list[MediaProperties]:
        return [MediaProperties.from_pairs(m.topic, m.user_properties) for m in self.segments]

    @property
    def sound(self) -> Samples:
        """At 48 kHz."""
        demuxer, decoder = Demuxer(), AudioDecoder("aac", "")
        units = [unit for one in self.segments for unit in demuxer.feed(one.payload, whole=True)]
        blocks = [block for unit in units for block in decoder.decode(unit)]
        return np.concatenate([block.samples for block in blocks])


@dataclass
class Loudspeaker:
    """Plays ``talkback/out`` of one stream into a list, in real time, and reports as cameras do."""

    link: MqttLink
    stream: str
    plays: bool = True
    """Switched off it reports nothing."""
    fault: str = ""
    """With one it fails at the first sound."""
    played: dict[str, Played] = field(default_factory=dict)
    reported: list[TalkbackPlayed] = field(default_factory=list)

    def __getitem__(self, transaction: str) -> Played:
        return self.played.setdefault(transaction, Played())

    @property
    def order(self) -> list[str]:
        """Transactions in the order in which they were begun."""
        return [*self.played]

    async def hear(self, message: Message) -> None:
        properties = MediaProperties.from_pairs(message.topic, message.user_properties)
        transaction = properties.transaction or ""
        heard = self[transaction]
        heard.segments.append(message)
        heard.arrived_ns.append(time.monotonic_ns())
        if not self.plays:
            return
        if len(heard.segments) == 1:
            self._report(transaction, PlayedStatus.FAILED if self.fault else PlayedStatus.STARTED)
        if properties.last:
            left_s = len(heard.sound) / RATE - (time.monotonic_ns() - heard.arrived_ns[0]) / 1e9
            loop = asyncio.get_running_loop()
            loop.call_later(max(0, left_s), self._report, transaction, PlayedStatus.ENDED)

    def _report(self, transaction: str, status: PlayedStatus) -> None:
        report = TalkbackPlayed(
            stream=self.stream,
            transaction=transaction,
            status=status,
            utc_ns=time.time_ns(),
            detail=self.fault,
        )
        self.reported.append(report)
        topic = TOPICS.build(Channel.TALKBACK_PLAYED, stream=self.stream)
        self.link.publish(topic, encode(report, topic))

    def said(self, transaction: str, recognizer: Recognizer, language: str) -> str:
        """What a listener understands, in lower case."""
        resampler = Resampler(HEARD_RATE)
        block = AudioBlock("", 0, RATE, self[transaction].sound)
        blocks = [*resampler.process(block), *resampler.flush()]
        heard = np.concatenate([one.samples for one in blocks])
        return recognizer.transcribe(heard, language=language).text.lower()


@dataclass
class Owner:
    """Somebody at a dashboard who answers the door."""

    link: MqttLink
    stream: str
    answers: dict[str, list[Response]] = field(default_factory=dict)
    """By correlation data."""
    unaddressed: list[Response] = field(default_factory=list)
    """On ``response/talkback``."""
    steps: list[TalkbackReply] = field(default_factory=list)
    answers_to: str = f"{TOPICS.prefix}/response/dashboard"

    async def listen(self) -> None:
        await self.link.subscribe(self.answers_to, self._answer, qos=1)
        await self.link.subscribe(TOPICS.response("talkback"), self._unaddressed, qos=1)
        status = TOPICS.build(Channel.TALKBACK_STATUS, stream=self.stream)
        await self.link.subscribe(status, self._step, qos=1)

    async def _answer(self, message: Message) -> None:
        key = (message.correlation_data or b"").decode()
        response = decode(Response, message.topic, message.payload)
        self.answers.setdefault(key, []).append(response)

    async def _unaddressed(self, message: Message) -> None:
        self.unaddressed.append(decode(Response, message.topic, message.payload))

    async def _step(self, message: Message) -> None:
        self.steps.append(decode(TalkbackReply, message.topic, message.payload))

    def statuses(self, transaction: str) -> list[TalkbackStatus]:
        """How a reply stood, in order."""
        return [step.status for step in self.steps if step.transaction == transaction]

    def say(self, text: str, language: str, *, ask: str = "", **fields: object) -> str:
        """Ask for a text to be said; the transaction is its correlation data too."""
        transaction = str(fields.pop("transaction", "") or secrets.token_hex(4))
        said = TalkbackSay(
            stream=self.stream,
            transaction=transaction,
            text=text,
            language=language,
            **fields,  # type: ignore[arg-type]  # names of its fields
        )
        topic = TOPICS.talkback_say(self.stream)
        self.publish(topic, encode(said, topic), ask or transaction)
        return transaction

    def publish(self, topic: str, payload: bytes, ask: str) -> None:
        """Send a request."""
        self.link.publish(
            topic, payload, response_topic=self.answers_to, correlation_data=ask.encode()
        )

    def speak(self, sound: Samples, rate: int, language: str, *, pieces_s: float = 0.2) -> str:
        """Ask for sound to be said, in pieces."""
        transaction = secrets.token_hex(4)
        pcm = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
        step = 2 * round(pieces_s * rate)
        pieces = [pcm[at : at + step] for at in range(0, len(pcm), step)]
        for seq, piece in enumerate(pieces):
            properties = PcmProperties(
                sample_rate=rate, seq=seq, last=seq == len(pieces) - 1, language=language
            )
            self.link.publish(
                TOPICS.talkback_in(self.stream, transaction),
                piece,
                user_properties=properties.to_pairs(),
                content_type="audio/pcm",
                response_topic=self.answers_to,
                correlation_data=transaction.encode(),
            )
        return transaction

    def cancel(self, transaction: str, ask: str) -> None:
        """Ask for a reply to be stopped."""
        topic = TOPICS.talkback_cancel(self.stream)
        cancel = TalkbackCancel(stream=self.stream, transaction=transaction)
        self.publish(topic, encode(cancel, topic), ask)

    async def answer(self, ask: str) -> Response:
        """The first answer to a request."""
        await self.until(lambda: ask in self.answers)
        return self.answers[ask][0]

    async def until(self, holds: Callable[[], bool]) -> None:
        await until(holds, PATIENCE_S)


@contextlib.asynccontextmanager
async def answering(
    house: House, stream: str = "door", **described: object
) -> AsyncIterator[tuple[Owner, Loudspeaker]]:
    """A door with a loudspeaker, declared and owned, and somebody to answer it."""
    owner, loudspeaker = Owner(house.link, stream), Loudspeaker(house.link, stream)
    await owner.listen()
    await house.link.subscribe(TOPICS.talkback_out(stream), loudspeaker.hear, capacity=4096)
    declare(house, stream, **described)
    await house.until(lambda: bool(house[stream].states))
    yield owner, loudspeaker


def declare(house: House, stream: str, **described: object) -> None:
    """Announce a stream with a loudspeaker as its camera would."""
    info = StreamInfo(
        stream=stream,
        name=stream,
        **({"talkback": True, "speaker": "device"} | described),  # type: ignore[arg-type]  # names of its fields
    )
    topic = TOPICS.stream_info(stream)
    house.link.publish(topic, encode(info, topic), retain=True)
