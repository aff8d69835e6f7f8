"""Replies in line: said one after the other, each within its time, the next one made ready."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from edge_worker.atp.synthesizer import SAMPLE_RATE
from edge_worker.items import SyncedSpeech, Verdict
from edge_worker.session.wording import passage, sentence
from edge_worker.talkback.loudspeaker import Loudspeaker
from edge_worker.talkback.preparation import Preparation
from edge_worker.talkback.reply import Reply, ReplyFailedError
from edge_worker.talkback.visitor import Visitor
from mqtt_schemas import StreamInfo, StreamSettings, TalkbackReply, TalkbackStatus

_log = logging.getLogger(__name__)
WAITING = 8
"""Replies that may wait while one is spoken."""
HELD_S = 1.5
"""A reply waits at most so long for the visitor's pause."""
_NOTICE_PAUSE = SAMPLE_RATE * 3 // 10
"""Silence between the notice and the reply."""
_AT_HAND = 2
"""Replies whose sound is in memory: the one that is being said, and the next."""
_DRAIN_S = 5.0
"""What is being said when the stream is left is given so long to end."""
_SENTENCE = 512

_Outcome = tuple[TalkbackStatus, str]
"""How a reply ended, and why."""


@dataclass(frozen=True, slots=True)
class LineHooks:
    """What the line asks of its stream, and tells it."""

    settings: Callable[[], StreamSettings]
    info: Callable[[], StreamInfo | None]
    """As its camera declared it; None while it has not."""
    told: Callable[[TalkbackReply], None]
    """How a reply stands, at every step."""


@dataclass(slots=True, eq=False)
class _Job:
    """A reply that is not yet over."""

    reply: Reply
    told: TalkbackReply
    at_hand: bool = False
    """Its sound is being made, or is there."""
    begun: bool = False
    """Its sound is on its way to the door."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[_Outcome] | None = None
    stopped_for: _Outcome = (TalkbackStatus.CANCELLED, "cancelled")
    """What is told of it when its task is cancelled."""


class Line:
    """The replies of one stream, from being accepted to having been heard.

    Args:
        stream: id.
        preparation: makes speech of them.
        loudspeaker: plays them.
        visitor: to whom they are said.
        hooks: of the stream.
    """

    def __init__(
        self,
        stream: str,
        preparation: Preparation,
        loudspeaker: Loudspeaker,
        visitor: Visitor,
        hooks: LineHooks,
    ) -> None:
        self._stream = stream
        self._preparation = preparation
        self._loudspeaker = loudspeaker
        self._visitor = visitor
        self._hooks = hooks
        self._jobs: list[_Job] = []
        self._at_hand = asyncio.Semaphore(_AT_HAND)

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def full(self) -> bool:
        """As many wait as may."""
        return len(self._jobs) > WAITING

    def join(self, reply: Reply) -> None:
        """Take a reply in; it is told of until it is over."""
        told = TalkbackReply(
            stream=self._stream, transaction=reply.transaction, status=TalkbackStatus.QUEUED
        )
        job = _Job(reply, told)
        self._jobs.append(job)
        self._hooks.told(told)
        job.task = asyncio.create_task(self._outcome(job), name=f"reply-{self._stream}")
        # Also of a task that is cancelled before it ran at all, the end is told.
        job.task.add_done_callback(lambda task: self._settle(job, task))

    def cancel(self, transaction: str) -> bool:
        """Stop a reply or forget it while it waits; False when there is none."""
        for job in self._jobs:
            if job.reply.transaction == transaction and job.task is not None:
                job.task.cancel()
                return True
        return False

    async def drain(self, reason: str) -> None:
        """Let what is being said end, at most 5 s; what waits is given up with a reason."""
        jobs = [*self._jobs]
        self._give_up([job for job in jobs if not job.begun], reason)
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_S):
                await _over(jobs)
        self.close(reason)
        await _over(jobs)

    def close(self, reason: str) -> None:
        """Give everything up."""
        self._give_up(self._jobs, reason)

    def _give_up(self, jobs: list[_Job], reason: str) -> None:
        for job in jobs:
            job.stopped_for = (TalkbackStatus.FAILED, reason)
            if job.task is not None:
                job.task.cancel()

    def _settle(self, job: _Job, task: asyncio.Task[_Outcome]) -> None:
        status, reason = job.stopped_for if task.cancelled() else task.result()
        self._jobs.remove(job)
        job.over.set()
        if job.at_hand:
            self._at_hand.release()
        self._tell(job, replace(job.told, status=status, reason=sentence(reason, _SENTENCE)))

    async def _outcome(self, job: _Job) -> _Outcome:
        try:
            async with asyncio.timeout(job.reply.wait_ns / 1e9) as patience:
                await self._at_hand.acquire()
                job.at_hand = True
                speech, notice = await self._made_ready(job)
                await self._turn_of(job)
                await self._visitor.pause(HELD_S)
            await self._said(job, speech, notice)
        except ReplyFailedError as error:
            return TalkbackStatus.FAILED, str(error)
        except TimeoutError:
            if not patience.expired():
                return TalkbackStatus.FAILED, "something on the way did not answer in time"
            waited_s = job.reply.wait_ns / 1e9
            return TalkbackStatus.EXPIRED, f"it could not be begun within {waited_s:.0f} s"
        except Exception as error:  # noqa: BLE001 - one reply must not end the others
            # The error's own text may quote what was said, which does not belong in a log.
            place = traceback.extract_tb(error.__traceback__)[-1]
            kind = type(error).__name__
            _log.warning("a reply failed: %s at %s:%s", kind, place.filename, place.lineno)
            return TalkbackStatus.FAILED, f"it could not be made: {kind}"
        return TalkbackStatus.SPOKEN, ""

    async def _made_ready(self, job: _Job) -> tuple[SyncedSpeech, SyncedSpeech | None]:
        """Its speech, and the notice in the same language where one may be due."""
        settings = self._hooks.settings()
        language = job.reply.target_language or self._visitor.language(settings, self._hooks.info())
        if not language:
            raise ReplyFailedError(
                "nobody knows which language the visitor speaks: give target_language, or set "
                "source_language"
            )
        speech = await self._preparation.prepare(job.reply, language)
        job.told = replace(
            job.told,
            source_text=passage(speech.utterance.source_text),
            source_language=speech.utterance.source_language,
            text=passage(speech.utterance.target_text),
            language=language,
            duration_ns=speech.duration_ns,
        )
        if _own_voice(speech) or not settings.label or self._visitor.informed(language):
            return speech, None
        return speech, await self._preparation.notice(language)

    async def _turn_of(self, job: _Job) -> None:
        """Wait until all that came before is over."""
        while self._jobs[0] is not job:
            await self._jobs[0].over.wait()

    async def _said(self, job: _Job, speech: SyncedSpeech, notice: SyncedSpeech | None) -> None:
        samples = speech.samples
        language = speech.utterance.target_language
        if notice is not None and self._visitor.informed(language):
            notice = None
        if notice is not None:
            pause = np.zeros(_NOTICE_PAUSE, np.float32)
            samples = np.concatenate((notice.samples, pause, samples))
            job.told = replace(job.told, notice=notice.utterance.target_text)

        def began() -> None:
            self._tell(job, replace(job.told, status=TalkbackStatus.SPEAKING))

        job.begun = True
        await self._loudspeaker.play(
            job.reply.transaction, samples, altered=not _own_voice(speech), began=began
        )
        self._visitor.answered(informed_in=language if notice else "")

    def _tell(self, job: _Job, told: TalkbackReply) -> None:
        job.told = told
        self._hooks.told(told)


async def _over(jobs: list[_Job]) -> None:
    for job in jobs:
        await job.over.wait()


def _own_voice(speech: SyncedSpeech) -> bool:
    return speech.utterance.verdict is Verdict.SAME_LANGUAGE
