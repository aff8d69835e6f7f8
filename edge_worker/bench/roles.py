"""What does it cost to hear a stream on one machine and to show it on another?

Speech is sent as an interpreter sends it and joined as an owner joins it; then the sample visitor
is translated by one worker with both roles and by two with one each; then the interpreter is
killed, with another one at hand.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.mosquitto import Mosquitto
from edge_worker.bench.report import BenchReport, Column, Row
from edge_worker.demo import SAMPLE
from edge_worker.demo.processes import PolylipProcess
from edge_worker.items import SyncedSpeech, Utterance
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.roles.joining import Joining
from edge_worker.roles.pcm import read_piece
from edge_worker.roles.reading import reading
from edge_worker.session.announcer import Announcer
from edge_worker.session.texts import speech_message
from edge_worker.transport import BrokerSettings, Message, MqttLink
from mqtt_schemas import (
    Channel,
    ClockAnchor,
    InterpreterReport,
    MessageRefused,
    StreamState,
    SyncedSpeechMessage,
    TopicAddress,
    Topics,
    UtteranceMessage,
    UtteranceStage,
    WorkerStatus,
    decode,
    decode_word,
)

SECONDS = (1, 3, 10)
CHAINS = {"one worker": (("box", ()),), "two workers": (("ears", ("atp",)), ("eyes", ("rvp",)))}
LOSS = "interpreter killed"
_STREAM = "door"
_SENT, _SENT_QUICK = 40, 4
_PATIENCE_S = 180.0
_PLAY_S = 60.0
_MS, _S = 1e6, 1e9

COLUMNS = (
    Column("case"),
    Column("measured", digits=0, help="Pieces of speech, or utterances."),
    Column("p50", "ms", 0),
    Column("p95", "ms", 0),
    Column("worst", "ms", 0),
)
_NOTES = (
    (
        "*speech of n s*: from when the interpreter has it to when the owner has joined it, over a "
        "mosquitto on this machine, with nothing else to do."
    ),
    (
        "*one worker*, *two workers*: from the last sound of an utterance, as captured, to the "
        "publishing of its first translated sound, in the sample visitor, on the same cores."
    ),
    f"*{LOSS}*: by kill -9, until the next one, whose engines are loaded, reports that it hears.",
)


def run(options: BenchOptions) -> BenchReport:
    """Send, translate and kill; about five minutes.

    Raises:
        BenchFailedError: there is no mosquitto, or a worker does not become ready.
    """
    rows: list[Row] = []
    with Mosquitto(options.folder) as broker:
        for seconds in SECONDS[:1] if options.quick else SECONDS:
            case = f"speech of {seconds} s"
            if options.wants(case):
                options.progress(case)
                count = _SENT_QUICK if options.quick else _SENT
                rows.append(_row(case, asyncio.run(_sent(broker.settings, seconds, count))))
    for case, workers in {} if options.quick else CHAINS.items():
        if options.wants(case):
            options.progress(case)
            with Mosquitto(options.folder) as broker:
                rows.append(_row(case, asyncio.run(_translated(options, broker.settings, workers))))
    if options.wants(LOSS) and not options.quick:
        options.progress(LOSS)
        with Mosquitto(options.folder) as broker:
            rows.append(_row(LOSS, asyncio.run(_lost(options, broker.settings))))
    if not rows:
        raise BenchFailedError(f"no such case; there is {LOSS}, and {', '.join(CHAINS)}")
    return BenchReport("roles", "One stream on two workers", COLUMNS, tuple(rows), _NOTES)


def _row(case: str, spans_ns: Sequence[int]) -> Row:
    if not spans_ns:
        raise BenchFailedError(f"{case}: nothing was measured; look at the logs")
    spans = [span / _MS for span in spans_ns]
    return Row(
        {
            "case": case,
            "measured": float(len(spans)),
            "p50": float(np.percentile(spans, 50)),
            "p95": float(np.percentile(spans, 95)),
            "worst": max(spans),
        }
    )


# --- speech alone


async def _sent(broker: BrokerSettings, seconds: int, count: int) -> list[int]:
    joining, joined = Joining(), asyncio.Event()
    topics, spans_ns = Topics(), list[int]()

    def done(speech: SyncedSpeech | None) -> None:
        if speech is not None:
            joined.set()

    def take_speech(address: TopicAddress, message: Message) -> None:
        done(joining.speech(decode(SyncedSpeechMessage, address, message.payload)))

    def take_sound(address: TopicAddress, message: Message) -> None:
        piece = read_piece(
            message.topic, message.payload, message.content_type, message.user_properties
        )
        done(joining.piece(address.utterance, piece))

    takes = {Channel.SPEECH: take_speech, Channel.SPEECH_AUDIO: take_sound}
    async with MqttLink(broker) as ears, MqttLink(broker) as eyes:
        await asyncio.gather(ears.wait_connected(), eyes.wait_connected())
        sender = Announcer(ears, topics)
        async with reading(Announcer(eyes, topics), _STREAM, takes, _refused):
            for number in range(count):
                joined.clear()
                speech = _made(f"u{number}", seconds)
                began_ns = time.monotonic_ns()
                message = speech_message(_STREAM, speech, worker="ears")
                sender.say(Channel.SPEECH, message, stream=_STREAM, language="en")
                sender.sound(_STREAM, speech)
                async with asyncio.timeout(10):
                    await joined.wait()
                spans_ns.append(time.monotonic_ns() - began_ns)
    return spans_ns


def _refused(error: MessageRefused) -> None:
    raise BenchFailedError(str(error))


def _made(utterance: str, seconds: int) -> SyncedSpeech:
    said = Utterance(utterance, "e", 0, seconds * round(_S), "pt", "olá", 0.9, "en", "hello")
    noise = np.random.default_rng(1).normal(0, 0.1, seconds * SAMPLE_RATE)
    return SyncedSpeech(said, SAMPLE_RATE, noise.astype(np.float32), ())


# --- whole workers


@dataclass(slots=True)
class _Heard:
    """What a listener at the broker has heard."""

    ready: set[str] = field(default_factory=set)
    anchor: ClockAnchor | None = None
    state: StreamState | None = None
    spoken: list[tuple[UtteranceMessage, int]] = field(default_factory=list)
    hearing: dict[str, int] = field(default_factory=dict)
    """When an interpreter that hears the stream reported first, UTC."""
    topics: Topics = field(default_factory=Topics)

    @property
    def spans_ns(self) -> list[int]:
        """From the end of each utterance, as captured, to its first translated sound."""
        anchor = self.anchor
        if anchor is None:
            return []
        shift_ns = anchor.utc_ns - anchor.pts_ns
        return [at_ns - one.end_ns - shift_ns for one, at_ns in self.spoken]

    async def take(self, message: Message) -> None:
        """Note one message."""
        address = self.topics.parse(message.topic)
        if address is None or not message.payload:
            return
        match address.channel:
            case Channel.WORKER_STATUS:
                if decode_word(WorkerStatus, address, message.payload) is WorkerStatus.READY:
                    self.ready.add(address.worker)
            case Channel.STREAM_CLOCK:
                self.anchor = decode(ClockAnchor, address, message.payload)
            case Channel.STATE:
                self.state = decode(StreamState, address, message.payload)
            case Channel.INTERPRETER:
                report = decode(InterpreterReport, address, message.payload)
                if report.epoch is not None:
                    self.hearing.setdefault(report.worker, message.received_ns)
            case Channel.UTTERANCE:
                utterance = decode(UtteranceMessage, address, message.payload)
                if utterance.stage is UtteranceStage.SPOKEN:
                    self.spoken.append((utterance, message.received_ns))
            case _:
                return


_LISTENS = (
    Channel.WORKER_STATUS,
    Channel.STREAM_CLOCK,
    Channel.STATE,
    Channel.INTERPRETER,
    Channel.UTTERANCE,
)
_Workers = Sequence[tuple[str, Sequence[str]]]


class _Chain:
    """Workers, a camera and a listener."""

    def __init__(self, options: BenchOptions, broker: BrokerSettings, workers: _Workers) -> None:
        self.heard = _Heard()
        self._folder = options.folder
        self._broker = broker
        place = [f"--host={broker.host}", f"--port={broker.port}"]
        self.workers = {
            name: self._process(name, "worker", f"--worker={name}", *_flags(roles), *place)
            for name, roles in workers
        }
        film = str(SAMPLE / "visitor.mp4")
        self._camera = self._process(
            "camera", "camera", film, "--loop", f"--stream={_STREAM}", *place
        )

    async def __aenter__(self) -> Self:
        self._stack = await AsyncExitStack().__aenter__()
        link = await self._stack.enter_async_context(MqttLink(self._broker))
        await link.wait_connected()
        for channel in _LISTENS:
            topic_filter = self.heard.topics.filter(channel)
            await link.subscribe(topic_filter, self.heard.take, qos=1)
        for worker in self.workers.values():
            await self._stack.enter_async_context(worker)
        await until(lambda: self.heard.ready >= set(self.workers), "the workers are not ready")
        await self._stack.enter_async_context(self._camera)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _process(self, name: str, *arguments: str) -> PolylipProcess:
        return PolylipProcess(name, list(arguments), self._folder / f"{name}.log")


def _flags(roles: Sequence[str]) -> list[str]:
    return [f"--role={role}" for role in roles]


async def _translated(
    options: BenchOptions, broker: BrokerSettings, workers: _Workers
) -> list[int]:
    async with _Chain(options, broker, workers) as chain:
        await asyncio.sleep(_PLAY_S)
        return chain.heard.spans_ns


async def _lost(options: BenchOptions, broker: BrokerSettings) -> list[int]:
    workers = (("ears", ("atp",)), ("spare", ("atp",)), ("eyes", ("rvp",)))
    async with _Chain(options, broker, workers) as chain:
        heard = chain.heard
        await until(lambda: bool(heard.spoken), "nothing is translated")
        first = heard.state.interpreter if heard.state else None
        await until(lambda: len(heard.hearing) == 1, "nobody hears")
        began_ns = time.time_ns()
        await chain.workers[str(first)].kill()
        await until(lambda: len(heard.hearing) == 2, "nobody takes over")
        return [max(heard.hearing.values()) - began_ns]


async def until(holds: Callable[[], bool], otherwise: str) -> None:
    """Wait until a condition holds.

    Raises:
        BenchFailedError: it does not within three minutes.
    """
    for _ in itertools.repeat(None, round(_PATIENCE_S / 0.05)):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise BenchFailedError(f"{otherwise}; look at the logs")
