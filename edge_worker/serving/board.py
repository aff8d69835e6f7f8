"""The board: what MQTT says of every stream, for people to look at.

It listens for itself, so that it shows streams while the engines load, and those of other workers.
What is said at a door passes through and is not kept.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from edge_worker.transport import Message, MqttLink
from mqtt_schemas import (
    MAX_STREAMS,
    MAX_WORKERS,
    Channel,
    MessageRefused,
    StreamEvent,
    StreamInfo,
    StreamMetrics,
    StreamState,
    StreamStatus,
    TalkbackReply,
    TopicAddress,
    Topics,
    UtteranceMessage,
    WorkerInfo,
    WorkerMetrics,
    decode,
    decode_word,
)

Kind = TypeVar("Kind")

_log = logging.getLogger(__name__)
_NOTES = 512
"""That may wait for one reader; who is slower is told to begin again."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something new on the board."""

    stream: str
    """Empty for what is said of a worker."""
    message: object
    """As it was said; None when the stream, or what was said of it, is gone."""


class Reader:
    """Reads along."""

    def __init__(self) -> None:
        self._notes: asyncio.Queue[Note] = asyncio.Queue(_NOTES)
        self.behind = False
        """It was too slow: notes are missing."""

    def offer(self, note: Note) -> None:
        """Take a note; never waits."""
        try:
            self._notes.put_nowait(note)
        except asyncio.QueueFull:
            self.behind = True

    async def next(self) -> Note:
        """The next note."""
        return await self._notes.get()

    def end(self) -> None:
        """Nothing more will be noted; whoever reads begins again elsewhere."""
        self.offer(Note("", None))
        self.behind = True


_KEPT = frozenset({StreamInfo, StreamStatus, StreamState, StreamMetrics})
"""What stays on a stream's card; texts and events pass through."""


class StreamCard:
    """What is known of one stream."""

    def __init__(self) -> None:
        self._parts: dict[type, object] = {}

    def part(self, kind: type[Kind]) -> Kind | None:
        """The newest message of a kind."""
        said = self._parts.get(kind)
        return said if isinstance(said, kind) else None

    def keep(self, kind: type, said: object) -> None:
        """Keep a message; None takes the one before away."""
        self._parts[kind] = said

    @property
    def blank(self) -> bool:
        """There is no such stream any more."""
        online = self.part(StreamStatus) is StreamStatus.ONLINE
        return not online and self.part(StreamInfo) is None and self.part(StreamState) is None


class Board:
    """What is known of every stream and worker."""

    def __init__(self) -> None:
        self.streams: dict[str, StreamCard] = {}
        self.workers: dict[str, WorkerInfo] = {}
        self.figures: dict[str, WorkerMetrics] = {}
        self._readers: set[Reader] = set()

    async def listen(self, link: MqttLink, topics: Topics) -> None:
        """Subscribe to what is shown."""
        kinds: Mapping[Channel, type] = {
            Channel.STREAM_INFO: StreamInfo,
            Channel.STREAM_STATUS: StreamStatus,
            Channel.STATE: StreamState,
            Channel.METRICS: StreamMetrics,
            Channel.UTTERANCE: UtteranceMessage,
            Channel.EVENT: StreamEvent,
            Channel.TALKBACK_STATUS: TalkbackReply,
            Channel.WORKER_INFO: WorkerInfo,
            Channel.WORKER_METRICS: WorkerMetrics,
        }
        for channel, kind in kinds.items():
            await link.subscribe(topics.filter(channel), partial(self._hear, topics, kind), qos=1)

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Read along for as long as the context lasts."""
        reader = Reader()
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def end(self) -> None:
        """Nothing more will be noted."""
        for reader in self._readers:
            reader.end()

    async def _hear(self, topics: Topics, kind: type, message: Message) -> None:
        address = topics.parse(message.topic)
        if address is None:
            return
        try:
            said = _read(kind, address, message.payload)
        except MessageRefused as error:
            _log.debug("%s", error)  # whoever works with it complains
            return
        if address.worker:
            self._note_worker(address.worker, said)
        else:
            self._note_stream(address.stream, kind, said)

    def _note_worker(self, worker: str, said: object) -> None:
        if worker not in self.workers and len(self.workers) >= MAX_WORKERS:
            return
        match said:
            case WorkerInfo():
                self.workers[worker] = said
            case WorkerMetrics() if worker in self.workers:
                self.figures[worker] = said
            case None:
                self.workers.pop(worker, None)
                self.figures.pop(worker, None)
            case _:
                return
        self._tell(Note("", said))

    def _note_stream(self, stream: str, kind: type, said: object) -> None:
        card = self.streams.get(stream)
        if kind in _KEPT:
            if card is None:
                if said is None or len(self.streams) >= MAX_STREAMS:
                    return
                card = self.streams[stream] = StreamCard()
            card.keep(kind, said)
            if card.blank:
                del self.streams[stream]
        if card is not None and (said is not None or card.blank):
            self._tell(Note(stream, said))

    def _tell(self, note: Note) -> None:
        for reader in self._readers:
            reader.offer(note)


def _read(kind: type, address: TopicAddress, payload: bytes) -> object:
    """The message; None where there is none any more."""
    if not payload:
        return None
    if kind is StreamStatus:
        return decode_word(StreamStatus, address, payload)
    said: object = decode(kind, address, payload)
    return said
