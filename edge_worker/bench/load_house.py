"""What a listener at the broker hears of many streams."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from edge_worker.demo.record import SpokenUtterance
from edge_worker.demo.run import FILM_START_NS
from edge_worker.span import Span
from edge_worker.transport import Message, MqttLink
from edge_worker.verify.reference import Reference, ReferenceUtterance
from mqtt_schemas import (
    Channel,
    ClockAnchor,
    Rung,
    StreamState,
    Topics,
    UtteranceMessage,
    UtteranceStage,
    WorkerStatus,
    decode,
    decode_word,
)

_RUNGS = list(Rung)
_PASSES = 8
_BETWEEN_PASSES_NS = 50_000_000
"""What `polylip camera --loop` leaves between two passes of a film."""


@dataclass(slots=True)
class Heard:
    """Of one stream."""

    anchor: ClockAnchor | None = None
    states: list[StreamState] = field(default_factory=list)
    spoken: list[SpokenUtterance] = field(default_factory=list)

    @property
    def camera_start_utc_ns(self) -> int:
        """Wall time at which the film's time 0 was captured."""
        anchor = self.anchor
        return anchor.utc_ns - anchor.pts_ns + FILM_START_NS if anchor else 0


class House:
    """Listens to texts, clocks and states; media is left to the viewers."""

    def __init__(self) -> None:
        self.ready = False
        self.lowest_rung = Rung.FULL
        """Of any stream since the measurement began."""
        self._span = Span(0, 0)
        self._topics = Topics()
        self._streams: dict[str, Heard] = {}
        self._news = asyncio.Event()

    def __getitem__(self, stream: str) -> Heard:
        return self._streams.setdefault(stream, Heard())

    @property
    def playing(self) -> set[str]:
        """Streams that a worker serves and whose camera plays."""
        return {name for name, heard in self._streams.items() if heard.anchor and heard.states}

    @property
    def asleep(self) -> set[str]:
        """Streams whose newest state says so."""
        named = self._streams.items()
        return {name for name, heard in named if heard.states and not heard.states[-1].active}

    async def listen(self, link: MqttLink) -> None:
        """Begin."""
        for channel in (
            Channel.UTTERANCE,
            Channel.STREAM_CLOCK,
            Channel.STATE,
            Channel.WORKER_STATUS,
        ):
            await link.subscribe(self._topics.filter(channel), self._said, qos=1)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds that messages bring about."""
        while not holds():
            self._news.clear()
            await self._news.wait()

    def begin(self, utc_ns: int) -> None:
        """The measurement begins."""
        rungs = [heard.states[-1].rung for heard in self._streams.values() if heard.states]
        self.lowest_rung = max(rungs, key=_RUNGS.index, default=Rung.FULL)
        self._span = Span(utc_ns, utc_ns)

    def end(self, utc_ns: int) -> None:
        """It ends."""
        self._span = Span(self._span.start_ns, utc_ns)

    def asked(self, heard: Heard, reference: Reference) -> list[ReferenceUtterance]:
        """What a visitor said whole meanwhile; the film is played again and again."""
        passes = (reference.duration_ns + _BETWEEN_PASSES_NS) * np.arange(_PASSES)
        said = (
            replace(one, id=f"{one.id}-{number}", span=one.span.shifted(int(shift_ns)))
            for number, shift_ns in enumerate(passes)
            for one in reference.utterances
        )
        start_ns = heard.camera_start_utc_ns
        return [
            one
            for one in said
            if start_ns + one.span.start_ns >= self._span.start_ns
            and start_ns + one.span.end_ns <= self._span.end_ns
        ]

    async def _said(self, message: Message) -> None:
        address = self._topics.parse(message.topic)
        if address is None or not message.payload:
            return
        match address.channel:
            case Channel.WORKER_STATUS:
                if decode_word(WorkerStatus, address, message.payload) is WorkerStatus.READY:
                    self.ready = True
            case Channel.STREAM_CLOCK:
                self[address.stream].anchor = decode(ClockAnchor, address, message.payload)
            case Channel.STATE:
                state = decode(StreamState, address, message.payload)
                self[address.stream].states.append(state)
                self.lowest_rung = max(self.lowest_rung, state.rung, key=_RUNGS.index)
            case Channel.UTTERANCE:
                said = decode(UtteranceMessage, address, message.payload)
                if said.stage is UtteranceStage.SPOKEN:
                    self[address.stream].spoken.append(_spoken(said, message.received_ns))
            case _:
                return
        self._news.set()


def _spoken(said: UtteranceMessage, received_ns: int) -> SpokenUtterance:
    return SpokenUtterance(
        id=said.utterance,
        source=Span(said.start_ns - FILM_START_NS, said.end_ns - FILM_START_NS),
        source_text=said.source_text,
        target_text=said.target_text,
        verdict=said.verdict,
        placed=Span(said.placed_start_ns or 0, said.placed_end_ns or 0),
        first_publish_utc_ns=received_ns,
    )
