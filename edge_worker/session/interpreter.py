"""The translating half of a session: the audio pipeline, and what its results mean to the world."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from edge_worker.atp.echo import EchoGuard
from edge_worker.atp.english import SpokenEnglish
from edge_worker.atp.hearing import Hearing
from edge_worker.atp.listened import PartialSpeech, SpeechEdge, SpeechEvent
from edge_worker.atp.recognizer import RecognizerOptions, SpeechRecognizer
from edge_worker.atp.segmenter import Segmenter
from edge_worker.atp.synthesizer import SynthesizerStage
from edge_worker.atp.translator import TranslatorStage
from edge_worker.engine_set import EngineSet
from edge_worker.items import AudioBlock, Samples, SyncedSpeech, Utterance, Verdict
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.provision import Provision
from edge_worker.session.reporter import Reporter
from edge_worker.session.supply import Supplied, Supply
from edge_worker.session.translation import AtpHooks, AtpStages, Translation
from edge_worker.session.visit import Visit
from engines import EngineUnavailableError
from engines.asr import UnknownLanguageError
from mqtt_schemas import (
    EventType,
    Rung,
    StreamSettings,
    UtteranceStage,
)

_log = logging.getLogger(__name__)
_HUSH_S = 2
_SILENT = {Rung.CAPTIONS_ONLY, Rung.PASS_THROUGH}
"""Rungs on which nothing is spoken."""


@dataclass(frozen=True, slots=True)
class InterpreterHooks:
    """What the interpreter asks of its session, and gives it."""

    settings: Callable[[], StreamSettings]
    rung: Callable[[], Rung]
    speech: Callable[[SyncedSpeech], None]
    """Translated speech, ready to be placed."""
    behind: Callable[[], None]
    """The pipeline cannot keep up with the speaker: what comes now is left out."""
    translated: Callable[[int], None] = lambda _: None
    """How long after its last word was spoken a text was ready, in nanoseconds."""
    off_camera: Callable[[Utterance], bool] = lambda _: False
    """Nobody in the picture spoke this utterance."""


class Interpreter:
    """Hears one stream and speaks for it.

    Args:
        engines: lent by the worker.
        min_confidence: below it an utterance is only captioned.
        visit: of the stream, which goes on while somebody speaks.
        reporter: tells the world.
        hooks: of the session.
        stream: id.
        provision: of the worker; None where models are what they are.
    """

    def __init__(
        self,
        engines: EngineSet,
        min_confidence: float,
        visit: Visit,
        reporter: Reporter,
        hooks: InterpreterHooks,
        *,
        stream: str = "",
        provision: Provision | None = None,
    ) -> None:
        self._visit = visit
        self._reporter = reporter
        self._hooks = hooks
        self._heard_ns = 0
        self._epoch = ""
        self._speaking_since_ns: int | None = None
        self._asleep = False
        self._behind = False
        self._awake_since_ns = 0
        self._echo = EchoGuard()
        self._synthesizer = SynthesizerStage(engines.synthesizer)
        self.supply = Supply(stream, engines, provision, hooks.settings, reporter)
        english = SpokenEnglish(engines.recognizer)
        hearing = Hearing(engines.recognizer, self._languages, pairs=lambda: engines.pairs)
        self._translation = Translation(
            AtpStages(
                segmenter=Segmenter(engines.voice, engines.turn, hearing),
                recognizer=SpeechRecognizer(
                    hearing,
                    lambda: engines.pairs,
                    self._languages,
                    RecognizerOptions(min_confidence=min_confidence),
                ),
                translator=Supplied(
                    TranslatorStage(engines.translator, english=english, via=engines.via),
                    self.supply.translator_ready,
                ),
                synthesizer=Supplied(self._synthesizer, self.supply.voice_ready),
            ),
            AtpHooks(
                span=english.remember,
                edge=self._edge,
                partial=self._partial,
                settled=self._settled,
                speech=self._spoken,
                failed=self._failed,
                timed=reporter.timed,
            ),
        )

    @property
    def interpreter(self) -> str:
        """Empty: it is this worker."""
        return ""

    @property
    def silent(self) -> bool:
        """Nobody speaks just now."""
        return self._speaking_since_ns is None

    @property
    def busy(self) -> bool:
        """Something that was said is on its way to being spoken."""
        return self._translation.busy

    @property
    def heard_until_ns(self) -> int:
        """Media time up to which no utterance has begun that is not yet being dealt with."""
        return self._speaking_since_ns or self._heard_ns - self._echo.held_ns

    def restart(self) -> None:
        """The media clock began anew."""
        self._speaking_since_ns, self._heard_ns = None, 0
        self._awake_since_ns = 0
        self._echo.restart()

    def pause(self) -> None:
        """Nothing is translated for now; what was being said is not spoken later either."""
        self._asleep = True
        self._speaking_since_ns = None
        self._echo.flush()

    async def hear(self, block: AudioBlock) -> None:
        """Take in source sound; left out while the pipeline is far behind, and never waits."""
        self._heard_ns = max(self._heard_ns, block.end_ns)
        self._epoch = block.epoch
        settings = self._hooks.settings()
        if not self.silent:
            self._visit.go_on()
        wanted = settings.enabled and self._hooks.rung() is not Rung.PASS_THROUGH
        if not wanted or self._fell_behind():
            self.pause()
            return
        if self._asleep:
            self._asleep, self._awake_since_ns = False, block.pts_ns
        for audible in self._echo.process(block):
            await self._translation.sound.put(audible)

    async def hush(self) -> None:
        """The source ended without a pause: silence in its place ends what was being said."""
        if self._speaking_since_ns is not None and not self._asleep:
            for audible in self._echo.flush():
                await self._translation.sound.put(audible)
            silence = np.zeros(_HUSH_S * SAMPLE_RATE, np.float32)
            block = AudioBlock(self._epoch, self._heard_ns, SAMPLE_RATE, silence)
            await self._translation.sound.put(block)

    def expect(self, samples: Samples, sample_rate: int, start_ns: int, *, reply: str) -> None:
        """The door's loudspeaker plays this from a media time on: it is nobody's speech."""
        self._echo.expect(samples, sample_rate, start_ns, reply=reply)

    def expect_end(self, end_ns: int, *, reply: str) -> None:
        """What was expected ends at a media time, before its end."""
        self._echo.stop(end_ns, reply=reply)

    def _fell_behind(self) -> bool:
        """Behind from half a full link on, until little of it is left."""
        waiting, room = len(self._translation.sound), self._translation.sound.capacity
        if self._behind:
            self._behind = waiting > room // 8
        elif waiting >= room // 2:
            self._behind = True
            self._hooks.behind()
        return self._behind

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.supply.run())
            group.create_task(self._translation.run())

    def _languages(self) -> tuple[str, str]:
        settings = self._hooks.settings()
        self._synthesizer.voice = settings.voice or None
        return settings.source_language, settings.target_language

    async def _edge(self, event: SpeechEvent) -> None:
        started = event.edge is SpeechEdge.STARTED and not self._asleep
        self._visit.go_on()
        self._speaking_since_ns = event.pts_ns if started else None
        self._reporter.speech(event)

    async def _partial(self, partial: PartialSpeech) -> None:
        settings = self._hooks.settings()
        if settings.captions:
            self._reporter.partial(partial, settings.target_language)

    async def _settled(self, utterance: Utterance) -> Utterance:
        if utterance.start_ns < self._awake_since_ns:
            return utterance
        self._hooks.translated(self._heard_ns - utterance.end_ns)
        self.supply.heard(utterance)
        if utterance.verdict is Verdict.PAIR_MISSING:
            lacking = self.supply.lacking(utterance)
            utterance = replace(utterance, reason=lacking or utterance.reason)
            self._reporter.event(EventType.PAIR_MISSING, utterance=utterance)
        elif utterance.verdict is Verdict.FAILED:
            self._reporter.event(EventType.STAGE_FAILED, utterance=utterance)
        elif utterance.verdict is Verdict.DUB and self._hooks.rung() in _SILENT:
            return self._left_unspoken(utterance)
        if self._hooks.settings().captions or utterance.verdict is Verdict.DUB:
            off_camera = self._hooks.off_camera(utterance)
            self._reporter.utterance(utterance, UtteranceStage.FINAL, off_camera=off_camera)
        return utterance

    def _left_unspoken(self, utterance: Utterance) -> Utterance:
        reason = "this machine is too slow just now"
        captioned = replace(utterance, verdict=Verdict.OVERLOAD, reason=reason)
        self._reporter.overloaded(captioned)
        return captioned

    async def _spoken(self, speech: SyncedSpeech) -> None:
        if self._asleep or speech.utterance.start_ns < self._awake_since_ns:
            return
        if self._hooks.rung() in _SILENT:
            self._left_unspoken(speech.utterance)
        else:
            self._hooks.speech(speech)

    async def _failed(self, stage: str, item: object, error: Exception) -> None:
        # An error's text may quote what was said, which does not belong in a log.
        place = traceback.extract_tb(error.__traceback__)[-1:]
        where = f"{place[0].filename}:{place[0].lineno}" if place else "unknown place"
        _log.warning("%s failed: %s at %s", stage, type(error).__name__, where)
        known = isinstance(error, UnknownLanguageError | EngineUnavailableError)
        detail = f"the {stage} failed: {error if known else type(error).__name__}"
        utterance = item if isinstance(item, Utterance) else None
        self._reporter.event(EventType.STAGE_FAILED, utterance=utterance, detail=detail)
        if utterance is not None:
            failed = replace(utterance, verdict=Verdict.FAILED, reason=f"the {stage} failed")
            self._reporter.utterance(failed, UtteranceStage.FINAL)
