"""The audio translation pipeline of one stream: stages at work at once, joined by bounded links."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge_worker.atp.listened import Listened, PartialSpeech, SpeechEvent
from edge_worker.atp.listening import listen
from edge_worker.atp.segmenter import Segmenter
from edge_worker.items import AudioBlock, SpeechSpan, SyncedSpeech, Utterance, Verdict
from edge_worker.links import Link, Stage, WhenFull, pump
from edge_worker.logs import logged_as

_SOUND_CAPACITY = 1500  # blocks of about 21 ms: half a minute

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True)
class AtpStages:
    """The four boxes."""

    segmenter: Segmenter
    recognizer: Stage[SpeechSpan, Utterance]
    translator: Stage[Utterance, Utterance]
    synthesizer: Stage[Utterance, SyncedSpeech | Utterance]


@dataclass(frozen=True, slots=True)
class AtpHooks:
    """Whom the pipeline tells what."""

    span: Callable[[SpeechSpan], None]
    edge: Callable[[SpeechEvent], Awaitable[None]]
    partial: Callable[[PartialSpeech], Awaitable[None]]
    settled: Callable[[Utterance], Awaitable[Utterance]]
    """Text is final, in both languages where there is a translation; answers the last verdict."""
    speech: Callable[[SyncedSpeech], Awaitable[None]]
    failed: Callable[[str, object, Exception], Awaitable[None]]
    """A stage failed on an item, which passes through."""
    timed: Callable[[str, int], None]
    """How long a stage took for one item, nanoseconds."""


class Translation:
    """Runs the stages; what is not to be dubbed leaves after the translator, as a caption.

    Args:
        stages: the boxes.
        hooks: whom to tell.
    """

    def __init__(self, stages: AtpStages, hooks: AtpHooks) -> None:
        self._stages = stages
        self._hooks = hooks
        self.sound: Link[AudioBlock] = Link("sound", _SOUND_CAPACITY, WhenFull.WAIT)
        self._spans: Link[SpeechSpan] = Link("spans", 16, WhenFull.WAIT)
        self._heard: Link[Utterance] = Link("heard", 16, WhenFull.WAIT)
        self._translated: Link[Utterance] = Link("translated", 16, WhenFull.WAIT)
        self._working = 0

    @property
    def busy(self) -> bool:
        """Something that was said is on its way to being spoken."""
        waiting = len(self._spans) + len(self._heard) + len(self._translated)
        return waiting + self._working > 0

    async def run(self) -> None:
        """Run until cancelled."""
        stages = self._stages
        async with asyncio.TaskGroup() as group:
            group.create_task(
                listen(stages.segmenter, self.sound, self._listened, self._failing("segmenter"))
            )
            group.create_task(
                pump(
                    self._timing("recognizer", stages.recognizer),
                    self._spans,
                    self._heard.put,
                    self._failing("recognizer"),
                )
            )
            group.create_task(
                pump(
                    self._timing("translator", stages.translator),
                    self._heard,
                    self._settle,
                    self._failing("translator"),
                )
            )
            group.create_task(
                pump(
                    self._timing("synthesizer", stages.synthesizer),
                    self._translated,
                    self._synthesized,
                    self._failing("synthesizer"),
                )
            )

    async def _listened(self, listened: Listened) -> None:
        if isinstance(listened, SpeechSpan):
            self._hooks.timed("cut", listened.decided_ns - listened.end_ns)
            self._hooks.span(listened)
            await self._spans.put(listened)
        elif isinstance(listened, SpeechEvent):
            await self._hooks.edge(listened)
        else:
            await self._hooks.partial(listened)

    async def _settle(self, utterance: Utterance) -> None:
        settled = await self._hooks.settled(utterance)
        if settled.verdict is Verdict.DUB:
            await self._translated.put(settled)

    async def _synthesized(self, result: SyncedSpeech | Utterance) -> None:
        if isinstance(result, Utterance):
            await self._hooks.settled(result)
        else:
            await self._hooks.speech(result)

    def _failing(self, stage: str) -> Callable[[object, Exception], Awaitable[None]]:
        async def failed(item: object, error: Exception) -> None:
            await self._hooks.failed(stage, item, error)

        return failed

    def _timing(self, name: str, stage: Stage[In, Out]) -> "_Timed[In, Out]":
        def working(change: int) -> None:
            self._working += change

        return _Timed(name, stage, self._hooks.timed, working)


class _Timed(Generic[In, Out]):
    """A stage that is timed, and tells when it works."""

    def __init__(
        self,
        name: str,
        stage: Stage[In, Out],
        timed: Callable[[str, int], None],
        working: Callable[[int], None],
    ) -> None:
        self._name = name
        self._stage = stage
        self._timed = timed
        self._working = working

    async def process(self, item: In) -> Sequence[Out]:
        began_ns = time.monotonic_ns()
        self._working(1)
        trace = item.id if isinstance(item, Utterance) else ""
        try:
            with logged_as(trace=trace):
                results = await self._stage.process(item)
        finally:
            self._working(-1)
        self._timed(self._name, time.monotonic_ns() - began_ns)
        return results
