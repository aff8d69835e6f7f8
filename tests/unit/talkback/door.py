"""A door in memory: what a reply path publishes, and a loudspeaker that reports at once."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from edge_worker.items import Samples, SyncedSpeech, Utterance, Verdict
from edge_worker.session.announcer import Announcer
from edge_worker.talkback.preparation import Preparation
from edge_worker.talkback.reply import Reply, SpokenWords
from edge_worker.talkback.talkback import Talkback, TalkbackHooks
from edge_worker.talkback.visitor import Visitor
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import (
    Channel,
    EventType,
    MediaProperties,
    PlayedStatus,
    Response,
    StreamEvent,
    StreamInfo,
    StreamSettings,
    TalkbackCancel,
    TalkbackPlayed,
    TalkbackReply,
    TalkbackSay,
    TalkbackStatus,
    Topics,
    decode,
    encode,
)
from tests.broker.watching import until

TOPICS = Topics()
RATE = 48_000
ASKER = "dashboard"


class Voice:
    """Makes a tone of every reply, as long as it is told."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.fault: Exception | None = None
        self.ready = asyncio.Event()
        self.ready.set()
        self.languages: list[str] = []
        self.noticed: list[str] = []
        self.let_go_of = 0

    async def prepare(self, reply: Reply, language: str) -> SyncedSpeech:
        await self.ready.wait()
        self.languages.append(language)
        if self.fault is not None:
            raise self.fault
        spoken = isinstance(reply.words, SpokenWords)
        verdict = Verdict.SAME_LANGUAGE if spoken else Verdict.DUB
        text = "" if isinstance(reply.words, SpokenWords) else reply.words.text
        return self._speech(reply.transaction, text, language, self.seconds, verdict)

    async def notice(self, language: str) -> SyncedSpeech:
        self.noticed.append(language)
        return self._speech("notice", f"notice in {language}", language, 0.1, Verdict.DUB)

    def let_go(self) -> None:
        self.let_go_of += 1

    def _speech(
        self, name: str, text: str, language: str, seconds: float, verdict: Verdict
    ) -> SyncedSpeech:
        utterance = Utterance(name, "", 0, 1, "en", text, 1.0, language, text, verdict=verdict)
        tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)
        return SyncedSpeech(utterance, RATE, tone.astype(np.float32), ())


@dataclass
class Door:
    """A broker and a camera side in one."""

    seconds: float = 0.2
    ours: bool = True
    """The stream is this worker's from the beginning."""
    plays: bool = True
    connected: bool = True
    fails_with: str = ""
    stops_after: int | None = None
    """Segments after which the loudspeaker says that it ended."""
    settings: StreamSettings = field(default_factory=lambda: StreamSettings(label=False))
    responses: list[tuple[str, Response, bytes | None]] = field(default_factory=list)
    steps: list[TalkbackReply] = field(default_factory=list)
    segments: list[MediaProperties] = field(default_factory=list)
    expected: list[tuple[str, Samples, int, int]] = field(default_factory=list)
    """What the echo guard was told: transaction, samples, rate, beginning."""
    cut_off: list[str] = field(default_factory=list)
    """Transactions of which it was told that they ended early."""
    woken: int = 0

    def __post_init__(self) -> None:
        self.voice = Voice(self.seconds)
        self.visitor = Visitor(lambda: 1, min_confidence=0.45)
        hooks = TalkbackHooks(lambda: self.settings, self._wake, self)
        self.talkback = Talkback(
            "door",
            Announcer(cast("MqttLink", self), TOPICS),
            cast("Preparation", self.voice),
            self.visitor,
            hooks,
        )
        self.declare()
        if self.ours:
            self.talkback.begin()

    def declare(self, *, talkback: bool = True, language: str = "pt") -> None:
        self.talkback.declare(
            StreamInfo(stream="door", name="door", talkback=talkback, language=language)
        )

    def _wake(self) -> None:
        self.woken += 1

    # --- the echo guard

    def expect(self, samples: Samples, sample_rate: int, start_utc_ns: int, *, reply: str) -> None:
        self.expected.append((reply, samples, sample_rate, start_utc_ns))

    def stop(self, end_utc_ns: int, *, reply: str) -> None:
        assert end_utc_ns > 0
        self.cut_off.append(reply)

    # --- the broker

    def publish(
        self, topic: str, payload: bytes, *, correlation_data: bytes | None = None, **_: object
    ) -> bool:
        if topic == TOPICS.build(Channel.TALKBACK_STATUS, stream="door"):
            self.steps.append(decode(TalkbackReply, topic, payload))
        else:
            self.responses.append((topic, decode(Response, topic, payload), correlation_data))
        return True

    def publish_media(
        self, topic: str, _payload: bytes, user_properties: Iterable[tuple[str, str]]
    ) -> bool:
        if not self.connected:
            return False
        properties = MediaProperties.from_pairs(topic, user_properties)
        self.segments.append(properties)
        if self.plays:
            self._play(properties)
        return True

    # --- the camera side

    def _play(self, properties: MediaProperties) -> None:
        transaction = properties.transaction or ""
        if properties.seq == 0:
            status = PlayedStatus.FAILED if self.fails_with else PlayedStatus.STARTED
            self.report(transaction, status)
        if properties.last or self.stops_after == len(self.segments):
            self.report(transaction, PlayedStatus.ENDED)

    def report(self, transaction: str, status: PlayedStatus) -> None:
        played = TalkbackPlayed(
            stream="door", transaction=transaction, status=status, utc_ns=7, detail=self.fails_with
        )
        asyncio.get_running_loop().call_soon(self.send, Channel.TALKBACK_PLAYED, encode(played))

    # --- the owner

    def send(self, channel: Channel, payload: bytes, **fields: object) -> None:
        parts = {"stream": "door"}
        if channel is Channel.TALKBACK_IN:
            parts["transaction"] = str(fields.pop("transaction"))
        topic = TOPICS.build(channel, **parts)
        address = TOPICS.parse(topic)
        assert address is not None
        message = replace(Message(topic, payload, 0), **fields)  # type: ignore[arg-type]  # names of its fields
        self.talkback.take(address, message)

    def say(self, transaction: str, text: str = "Olá", **fields: object) -> None:
        said = TalkbackSay(
            stream="door",
            transaction=transaction,
            text=text,
            language="en",
            **fields,  # type: ignore[arg-type]  # names of its fields
        )
        self.send(
            Channel.TALKBACK_SAY,
            encode(said),
            response_topic=ASKER,
            correlation_data=transaction.encode(),
        )

    def cancel(self, transaction: str) -> None:
        cancel = TalkbackCancel(stream="door", transaction=transaction)
        self.send(
            Channel.TALKBACK_CANCEL, encode(cancel), response_topic=ASKER, correlation_data=b"c"
        )

    def visitor_speaks(self, *, begins: bool) -> None:
        kind = EventType.SPEECH_STARTED if begins else EventType.SPEECH_ENDED
        self.visitor.event(StreamEvent(stream="door", type=kind, utc_ns=1))

    # --- what came of it

    def answers(self, asked: str) -> list[Response]:
        """To one request, by its correlation data."""
        return [answer for _, answer, data in self.responses if data == asked.encode()]

    def statuses(self, transaction: str) -> list[TalkbackStatus]:
        return [step.status for step in self.steps if step.transaction == transaction]

    def segments_of(self, transaction: str) -> list[MediaProperties]:
        return [one for one in self.segments if one.transaction == transaction]

    async def answered(self, *transactions: str) -> list[Response]:
        """The first answer to each request, when all have one."""
        await until(lambda: all(self.answers(one) for one in transactions))
        return [self.answers(one)[0] for one in transactions]

    async def begun(self, transaction: str) -> None:
        """The loudspeaker has said that it plays."""
        await until(lambda: TalkbackStatus.SPEAKING in self.statuses(transaction))
