"""A subscriber that notes all that a run says: texts, placed speech, figures, both media topics."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from edge_worker.egress.recorder import Recorder
from edge_worker.egress.transcript import Transcript
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import (
    Channel,
    EventType,
    StreamEvent,
    StreamMetrics,
    SyncedSpeechMessage,
    Topics,
    UtteranceMessage,
    UtteranceStage,
    WorkerInfo,
    WorkerStatus,
    decode,
    decode_word,
)


@dataclass(slots=True)
class Observed:
    """What has been said so far."""

    transcript: Transcript = field(default_factory=Transcript)
    spoken_utc_ns: dict[str, int] = field(default_factory=dict)
    """When the segment with its first audible translated sound had been published."""
    speeches: dict[str, SyncedSpeechMessage] = field(default_factory=dict)
    metrics: StreamMetrics | None = None
    worker: WorkerInfo | None = None
    events: list[StreamEvent] = field(default_factory=list)

    def count(self, kind: EventType) -> int:
        """How many events of a kind there were."""
        return sum(event.type is kind for event in self.events)

    @property
    def unspoken(self) -> int:
        """Utterances that are to be spoken and have not been heard to their end by now."""
        return sum(
            message.verdict == "dub" and utterance not in self.spoken_utc_ns
            for utterance, message in self.transcript.utterances.items()
        )


class Observer:
    """Subscribes to one stream and one worker.

    Args:
        topics: below the prefix in use.
        stream: id.
        language: target language of the run.
        recording: file for the output segments.
    """

    def __init__(self, topics: Topics, stream: str, language: str, recording: Path) -> None:
        self.observed = Observed()
        self.ready = asyncio.Event()
        self._topics = topics
        self._stream = stream
        self._language = language
        self._recorder = Recorder(recording)

    async def subscribe(self, link: MqttLink) -> None:
        """Begin to listen."""
        topics, stream = self._topics, self._stream
        for channel in (
            Channel.UTTERANCE,
            Channel.EVENT,
            Channel.METRICS,
            Channel.STREAM_CLOCK,
        ):
            await link.subscribe(topics.filter(channel, stream=stream), self._said, qos=1)
        await link.subscribe(topics.speech(stream, self._language), self._said, qos=1)
        await link.subscribe(topics.filter(Channel.WORKER_INFO), self._said, qos=1)
        await link.subscribe(topics.filter(Channel.WORKER_STATUS), self._said, qos=1)
        await link.subscribe(
            topics.out_av(stream, self._language), self._segment, media=True, capacity=1024
        )

    def close(self) -> None:
        """End the recording."""
        self._recorder.close()

    async def _segment(self, message: Message) -> None:
        await self._recorder.received(message)
        self.observed.transcript.segment(message)

    async def _said(self, message: Message) -> None:
        address = self._topics.parse(message.topic)
        if address is None or not message.payload:
            return
        observed = self.observed
        observed.transcript.said(self._topics, message)
        match address.channel:
            case Channel.UTTERANCE:
                utterance = decode(UtteranceMessage, address, message.payload)
                if utterance.stage is UtteranceStage.SPOKEN:
                    observed.spoken_utc_ns[utterance.utterance] = message.received_ns
            case Channel.SPEECH:
                speech = decode(SyncedSpeechMessage, address, message.payload)
                observed.speeches[speech.utterance] = speech
            case Channel.METRICS:
                observed.metrics = decode(StreamMetrics, address, message.payload)
            case Channel.EVENT:
                observed.events.append(decode(StreamEvent, address, message.payload))
            case Channel.WORKER_INFO:
                observed.worker = decode(WorkerInfo, address, message.payload)
            case Channel.WORKER_STATUS:
                if decode_word(WorkerStatus, address, message.payload) is WorkerStatus.READY:
                    self.ready.set()
            case _:
                return
