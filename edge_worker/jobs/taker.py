"""Takes others' jobs while this worker has nothing better to do."""

import asyncio
import json
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import numpy as np

from edge_worker.engine_set import EngineSet
from edge_worker.items import Samples
from edge_worker.jobs.sound import from_pcm, to_pcm
from edge_worker.ledger import Address, Ledger
from edge_worker.lending import EngineBusyError
from edge_worker.session.announcer import Announcer
from edge_worker.transport import Message, MqttLink, Subscription, TransportError
from engines.asr import Recognizer, Transcript
from engines.language import primary
from engines.tts import Speech, Synthesizer
from mqtt_schemas import (
    PCM_CONTENT_TYPE,
    Channel,
    LanguagesHeard,
    MessageRefused,
    RecognitionJob,
    RecognitionTask,
    Response,
    ResponseStatus,
    SpokenSentence,
    SynthesisJob,
    Synthesized,
    Transcription,
    Translated,
    TranslationJob,
    check_media,
    decode,
    encode,
)

_log = logging.getLogger(__name__)
_LOOK_S = 0.5
_RESTED_LOOKS = 4
"""So often in a row there must have been nothing to do."""
_AT_ONCE = 4
_LATER_NS = 1_000_000_000
"""Others' calls are due later than one's own."""
_LONGEST_SOUND = 30
"""Seconds of a recognition job."""
_MAX_PCM_BYTES = 1_000_000
_SOUNDS = 16
"""Answers whose sound is kept for those who ask again."""

_BUSY = "busy: ask again"

Done = tuple[object, bytes]
"""The answer's data, and its PCM."""


class Taker:
    """One worker's part in the shared queue of jobs.

    A worker with work of its own leaves the queue, so that no job waits behind it.

    Args:
        announcer: the way out.
        engines: of the worker.
        spare: whether this worker has nothing better to do.
        own: whether a job was sent by this very worker.

    Attributes:
        done: jobs done for others.
    """

    def __init__(
        self,
        announcer: Announcer,
        engines: EngineSet,
        spare: Callable[[], bool],
        own: Callable[[str], bool],
    ) -> None:
        self.done = 0
        self._announcer = announcer
        self._engines = engines
        self._spare = spare
        self._own = own
        self._ledger = Ledger(self._send)
        self._sounds: OrderedDict[str, bytes] = OrderedDict()
        self._subscriptions: list[Subscription] = []
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def taking(self) -> bool:
        """It stands in the queue."""
        return bool(self._subscriptions)

    @property
    def working(self) -> bool:
        """It does a job."""
        return bool(self._under_way)

    async def run(self, link: MqttLink) -> None:
        """Stand in the queue whenever there is nothing to do, until cancelled."""
        rested = 0
        try:
            while True:
                rested = rested + 1 if self._spare() and not self._full else 0
                if rested >= _RESTED_LOOKS and not self.taking:
                    await self._join(link)
                elif not rested and self.taking:
                    await self._leave(link)
                await asyncio.sleep(_LOOK_S)
        finally:
            for task in tuple(self._under_way):
                task.cancel()
            await self._leave(link)

    async def hear(self, message: Message) -> None:
        """Take a job, or say at once that it cannot be taken.

        What breaks the contract, or does not say where its answer goes, is not answered.
        """
        address = self._announcer.topics.parse(message.topic)
        if address is None or message.retain or not message.response_topic:
            return
        try:
            transaction, work = self._read(address.channel, message)
        except (MessageRefused, ValueError) as error:
            _log.debug("job refused: %s", type(error).__name__)
            return
        asker = Address(message.response_topic, message.correlation_data)
        topics = self._announcer.topics
        answers_to = topics.parse(asker.topic)
        if answers_to is None or answers_to.channel is not Channel.RESPONSE:
            return
        if self._own(transaction) or (self._full and not self._ledger.known(transaction)):
            self._send(asker, _failed(transaction, _BUSY))
        elif self._ledger.open(transaction, asker):
            task = asyncio.create_task(self._do(transaction, work))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    @property
    def _full(self) -> bool:
        return len(self._under_way) >= _AT_ONCE

    async def _join(self, link: MqttLink) -> None:
        topics = self._announcer.topics
        try:
            for channel in (Channel.JOB_ASR, Channel.JOB_MT, Channel.JOB_TTS):
                shared = topics.shared(channel)
                self._subscriptions.append(await link.subscribe(shared, self.hear, qos=1))
        except TransportError as error:  # a broker, or its rules, that do not share
            _log.debug("no jobs are taken: %s", error)
            await self._leave(link)

    async def _leave(self, link: MqttLink) -> None:
        subscriptions, self._subscriptions = self._subscriptions, []
        for subscription in subscriptions:
            await link.unsubscribe(subscription)

    async def _do(self, transaction: str, work: Callable[[], Awaitable[Done]]) -> None:
        try:
            data, sound = await work()
            answer = Response(
                transaction=transaction,
                status=ResponseStatus.OK,
                data=json.loads(encode(data)),
            )
        except EngineBusyError:
            self._ledger.turn_away(_failed(transaction, _BUSY))
            return
        except Exception as error:  # noqa: BLE001 - the asker has its own engine; ours goes on
            # An error's text may quote what was said.
            answer = _failed(transaction, f"failed: {type(error).__name__}")
        else:
            self.done += 1
            if sound:
                self._sounds[transaction] = sound
                if len(self._sounds) > _SOUNDS:
                    self._sounds.popitem(last=False)
        self._ledger.answer(answer)

    def _send(self, asker: Address, answer: Response) -> None:
        link = self._announcer.link
        link.publish(
            asker.topic, encode(answer), qos=1, correlation_data=asker.correlation, expiry_s=5
        )
        sound = self._sounds.get(answer.transaction)
        if sound is not None and answer.status is ResponseStatus.OK:
            link.publish(
                asker.topic,
                sound,
                qos=1,
                correlation_data=asker.correlation,
                content_type=PCM_CONTENT_TYPE,
                expiry_s=5,
            )

    # --- kinds of jobs

    def _read(
        self, channel: Channel, message: Message
    ) -> tuple[str, Callable[[], Awaitable[Done]]]:
        match channel:
            case Channel.JOB_ASR:
                check_media(message.topic, message.payload, message.content_type, PCM_CONTENT_TYPE)
                heard = RecognitionJob.from_pairs(message.topic, message.user_properties)
                samples = from_pcm(message.payload)
                if len(samples) > _LONGEST_SOUND * heard.sample_rate or heard.sample_rate != 16_000:
                    raise MessageRefused(message.topic, "", "is not up to 30 s at 16 kHz")
                return heard.transaction, lambda: self._recognise(heard, samples)
            case Channel.JOB_MT:
                text = decode(TranslationJob, message.topic, message.payload)
                return text.transaction, lambda: self._translate(text)
            case _:
                speech = decode(SynthesisJob, message.topic, message.payload)
                return speech.transaction, lambda: self._speak(speech)

    async def _recognise(self, job: RecognitionJob, samples: Samples) -> Done:
        def work(engine: Recognizer) -> object:
            match job.task:
                case RecognitionTask.LANGUAGES:
                    return LanguagesHeard(languages=engine.languages_heard(samples))
                case RecognitionTask.ENGLISH:
                    return _told(engine.translate_to_english(samples, language=job.language))
                case RecognitionTask.TRANSCRIBE:
                    return _told(
                        engine.transcribe(samples, language=job.language, prefix=job.prefix)
                    )

        return await self._engines.recognizer.call_here(work, deadline_ns=_due_ns()), b""

    async def _translate(self, job: TranslationJob) -> Done:
        source, target = primary(job.source_language), primary(job.target_language)
        text = await self._engines.translator.call_here(
            lambda engine: engine.translate(job.text, source=source, target=target),
            deadline_ns=_due_ns(),
        )
        return Translated(text=text), b""

    async def _speak(self, job: SynthesisJob) -> Done:
        def work(engine: Synthesizer) -> list[Speech]:
            spoken: list[Speech] = []
            for sentence in engine.synthesize(
                job.text, language=job.language, voice=job.voice or None, speed=job.speed
            ):
                spoken.append(sentence)
                if sum(2 * len(one.samples) for one in spoken) > _MAX_PCM_BYTES:
                    raise ValueError("too long for one message")
            return spoken

        sentences = await self._engines.synthesizer.call_here(work, deadline_ns=_due_ns())
        told = tuple(
            SpokenSentence(
                sample_rate=one.sample_rate,
                samples=len(one.samples),
                symbols=tuple(phoneme.symbol for phoneme in one.phonemes),
                lengths=tuple(phoneme.samples for phoneme in one.phonemes),
            )
            for one in sentences
        )
        sound = np.concatenate([one.samples for one in sentences]) if sentences else _NOTHING
        return Synthesized(sentences=told), to_pcm(sound)


_NOTHING = np.zeros(0, np.float32)


def _told(heard: Transcript) -> Transcription:
    return Transcription(
        text=heard.text,
        language=heard.language,
        confidence=min(1.0, max(0.0, heard.confidence)),
        no_speech=min(1.0, max(0.0, heard.no_speech)),
    )


def _due_ns() -> int:
    return time.monotonic_ns() + _LATER_NS


def _failed(transaction: str, reason: str) -> Response:
    return Response(transaction=transaction, status=ResponseStatus.ERROR, error=reason)
