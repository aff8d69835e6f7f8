"""What a viewer of two streams sees while things go wrong with one of them."""

import asyncio
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise

from edge_worker.transport import Message, MqttLink
from edge_worker.verify.reference import ReferenceUtterance
from mqtt_schemas import (
    Channel,
    MediaProperties,
    Topics,
    UtteranceMessage,
    UtteranceStage,
    decode,
)

_ALIKE = 0.5
"""Share of a sentence's words that must be heard."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One output segment."""

    at_s: float
    """Monotonic."""
    translated: bool
    latency_s: float | None
    """Since its capture."""


@dataclass(slots=True)
class Seen:
    """Of one stream."""

    out: list[Arrival] = field(default_factory=list)
    final: list[tuple[float, str]] = field(default_factory=list)
    """When (monotonic) which source text was final."""
    spoken: set[str] = field(default_factory=set)

    def first_after(self, at_s: float, *, translated: bool) -> float | None:
        """Seconds from then to the first output, or the first translated one."""
        for one in self.out:
            if one.at_s >= at_s and (one.translated or not translated):
                return one.at_s - at_s
        return None

    def longest_gap_s(self, start_s: float, end_s: float) -> float:
        """Between outputs."""
        moments = [start_s, *(one.at_s for one in self.out if start_s <= one.at_s <= end_s), end_s]
        return max(after - before for before, after in pairwise(moments))

    def latencies_s(self, start_s: float, end_s: float) -> list[float]:
        """Of the outputs that came then."""
        return [
            one.latency_s
            for one in self.out
            if start_s <= one.at_s <= end_s and one.latency_s is not None
        ]

    def missed(self, said: Sequence[ReferenceUtterance]) -> list[ReferenceUtterance]:
        """Sentences that never became final."""
        words = [_words(text) for _, text in self.final]
        heard = set().union(*words) if words else set()
        return [
            one
            for one in said
            if len(_words(one.source_text) & heard) < _ALIKE * len(_words(one.source_text))
        ]


class Viewer:
    """Subscribes to all output, texts and statuses."""

    def __init__(self) -> None:
        self.statuses: list[tuple[float, str, str]] = []
        """When (monotonic) which topic said what."""
        self._topics = Topics()
        self._streams: dict[str, Seen] = {}
        self._news = asyncio.Event()

    def __getitem__(self, stream: str) -> Seen:
        return self._streams.setdefault(stream, Seen())

    async def watch(self, link: MqttLink) -> None:
        """Begin."""
        topics = self._topics
        await link.subscribe(
            topics.filter(Channel.OUT_AV), self._segment, media=True, capacity=2048
        )
        await link.subscribe(topics.filter(Channel.UTTERANCE), self._said, qos=1)
        await link.subscribe(topics.filter(Channel.WORKER_STATUS), self._status, qos=1)
        await link.subscribe(topics.filter(Channel.STREAM_STATUS), self._status, qos=1)

    async def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Wait until something holds that texts or statuses bring about; False if it never does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        return holds()

    async def _segment(self, message: Message) -> None:
        address = self._topics.parse(message.topic)
        if address is None:
            return
        stated = MediaProperties.from_pairs(message.topic, message.user_properties)
        latency_ns = None
        if stated.capture_ns is not None:
            latency_ns = message.received_ns - stated.capture_ns
        self[address.stream].out.append(
            Arrival(
                time.monotonic(),
                bool(stated.ai_modified),
                latency_ns / 1e9 if latency_ns is not None else None,
            )
        )

    async def _said(self, message: Message) -> None:
        told = decode(UtteranceMessage, message.topic, message.payload)
        seen = self[message.topic.split("/")[-2]]
        if told.stage is UtteranceStage.FINAL:
            seen.final.append((time.monotonic(), told.source_text))
        elif told.stage is UtteranceStage.SPOKEN:
            seen.spoken.add(told.utterance)
        self._news.set()

    async def _status(self, message: Message) -> None:
        if message.payload:
            told = (time.monotonic(), message.topic, message.payload.decode())
            self.statuses.append(told)
            self._news.set()


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
