"""One stream from ``in/av`` to ``out/<lang>/av``: wires the boxes and runs them all at once."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from edge_worker.atp.english import SpokenEnglish
from edge_worker.atp.hearing import Hearing
from edge_worker.atp.listened import PartialSpeech, SpeechEdge, SpeechEvent
from edge_worker.atp.recognizer import RecognizerOptions, SpeechRecognizer
from edge_worker.atp.segmenter import Segmenter
from edge_worker.atp.stretch import fit
from edge_worker.atp.synthesizer import SynthesizerStage
from edge_worker.atp.translator import TranslatorStage
from edge_worker.config import WorkerSettings
from edge_worker.engine_set import EngineSet
from edge_worker.items import PlacedSpeech, SyncedSpeech, Utterance, Verdict
from edge_worker.links import Link, WhenFull
from edge_worker.media.clock import ClockAnchor
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.rvp.lips import Lips
from edge_worker.rvp.speaker import SpeakerChoice
from edge_worker.rvp.tracker import Tracker
from edge_worker.session.announcer import Announcer
from edge_worker.session.intake import Intake, Taken
from edge_worker.session.playout import Playout, PlayoutHooks, PlayoutSettings
from edge_worker.session.production import Produced, Production
from edge_worker.session.reporter import Reporter, SegmentStamp
from edge_worker.session.translation import AtpHooks, AtpStages, Translation
from edge_worker.timeline import (
    DUB_NS,
    LIVE_NS,
    Advance,
    Ladder,
    LearnedDelay,
    PlayoutClock,
    Timeline,
)
from edge_worker.timeline.presentation import Presentation
from edge_worker.transport import Message
from mqtt_schemas import (
    Activation,
    EventType,
    MessageRefused,
    PlayoutDelay,
    Rung,
    StreamSettings,
    UtteranceStage,
)

_log = logging.getLogger(__name__)
_POLL_S = 0.05
_METRICS_S = 5.0
_VISIT_GOES_ON_NS = 120_000_000_000
"""A visit ends when nobody has spoken for this long."""
_SOUND_ONLY_AFTER_NS = 1_000_000_000
_JITTER_ROOM_NS = 120_000_000
"""What decoding, tracking and rendering of one picture may take at most."""
_DELAY_STEP_NS = 250_000_000
_LONGEST_DELAY_NS = 6_000_000_000


@dataclass(frozen=True, slots=True)
class Services:
    """What the worker lends a session."""

    engines: EngineSet
    announcer: Announcer
    config: WorkerSettings
    now_ns: Callable[[], int]
    """UTC."""


class Session:
    """Serves one stream until cancelled.

    Args:
        stream: id.
        services: of the worker.
        settings: in force at the start.
        term: under which the stream is owned.
    """

    def __init__(
        self, stream: str, services: Services, settings: StreamSettings, term: int
    ) -> None:
        self.stream = stream
        self.settings = settings
        self._services = services
        self._term = term
        self._inbox: Link[Message] = Link("segments", 64, WhenFull.DROP_OLDEST)
        self._ingest_thread = ThreadPoolExecutor(1, thread_name_prefix=f"ingest-{stream}")
        self._render_thread = ThreadPoolExecutor(1, thread_name_prefix=f"render-{stream}")
        engines = services.engines
        self._intake = Intake(stream, Tracker(engines.landmarker()))
        self._speaker = SpeakerChoice()
        self._speakers: dict[str, int | None] = {}
        self._timeline = Timeline(
            fit, debt_limit_ns=round(services.config.limits.debt_s * 1_000_000_000)
        )
        self._ladder = Ladder()
        self._learned = LearnedDelay()
        clock = PlayoutClock(self._wanted_delay_ns())
        self._presentation = Presentation(self._timeline, clock, SAMPLE_RATE)
        self._production = Production(
            Lips(engines.lips), services.config.worker, settings.target_language
        )
        self._playout = Playout(
            self._timeline,
            clock,
            self._presentation,
            self._production,
            self._render_thread,
            services.now_ns,
        )
        self._reporter = Reporter(stream, services.announcer, services.config, services.now_ns)
        self._out_language = settings.target_language
        self._speaking_since_ns: int | None = None
        self._heard_ns = 0
        self._epoch = ""
        self._first_sound_ns: int | None = None
        self._visit_until_ns = 0
        self._seen_picture = False
        self._synthesizer = SynthesizerStage(engines.synthesizer, voice=settings.voice or None)
        self._translation = self._new_translation()
        self._changed: Callable[[], None] = lambda: None

    @property
    def epoch(self) -> str:
        """Of the media clock; empty before the first segment."""
        return self._epoch

    @property
    def rung(self) -> Rung:
        """Of the degrade ladder."""
        return self._ladder.rung

    @property
    def delay_ns(self) -> int:
        """The playout delay in force."""
        return self._playout.delay_ns

    @property
    def out_topic(self) -> str:
        """Where the output goes."""
        return self._services.announcer.topics.out_av(self.stream, self._out_language)

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` when something that ``state`` tells has changed by itself."""
        self._changed = changed

    def visit_until(self, utc_ns: int) -> None:
        """Translate until then where the stream is translated by visit (after a ring)."""
        self._visit_until_ns = utc_ns

    async def take(self, message: Message) -> None:
        """Take one message of ``in/av``; never waits."""
        await self._inbox.put(message)

    async def anchor(self, anchor: ClockAnchor) -> None:
        """Take a clock anchor of the camera."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._ingest_thread, self._intake.anchor, anchor)

    async def apply(self, settings: StreamSettings) -> None:
        """Put other settings in force."""
        before, self.settings = self.settings, settings
        self._synthesizer.voice = settings.voice or None
        if settings.target_language != before.target_language:
            await self._change_language(settings.target_language)
        if before.enabled and not settings.enabled:
            self._timeline.drop_waiting()

    async def run(self) -> None:
        """Serve until cancelled."""
        clock = self._intake.ingest.clock
        hooks = PlayoutHooks(
            settings=self._playout_settings,
            silent=lambda: self._speaking_since_ns is None,
            heard_until_ns=lambda: self._speaking_since_ns or self._heard_ns,
            advanced=self._advanced,
            produced=self._produced,
            speakers=lambda: self._speakers,
            late=self._late,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._take_in())
                group.create_task(self._playout.run(clock, hooks))
                group.create_task(self._translation.run())
                group.create_task(self._measure())
        finally:
            self._ingest_thread.shutdown(wait=False, cancel_futures=True)
            self._render_thread.shutdown(wait=False, cancel_futures=True)

    async def finish(self) -> None:
        """Send what has been rendered; the session is cancelled after this."""
        loop = asyncio.get_running_loop()
        for segment in await loop.run_in_executor(self._render_thread, self._production.flush):
            self._reporter.segment(segment, self._stamp(), self.out_topic)

    # --- source

    async def _take_in(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                async with asyncio.timeout(_POLL_S):
                    message = await self._inbox.get()
            except TimeoutError:
                now_ns = self._services.now_ns()
                taken = await loop.run_in_executor(self._ingest_thread, self._intake.poll, now_ns)
            else:
                try:
                    taken = await loop.run_in_executor(
                        self._ingest_thread, self._intake.take, message
                    )
                except MessageRefused as error:
                    self._reporter.refused(error)
                    continue
            await self._fan_out(taken)

    async def _fan_out(self, taken: Taken) -> None:
        self._reporter.taken(taken)
        for note in taken.notes:
            self._reporter.event(EventType.BAD_INPUT, detail=note.text)
        for picture in taken.pictures:
            self._enter(picture.frame.epoch)
            self._seen_picture = True
            self._presentation.show(picture)
            self._speaker.observe(picture)
            self._reporter.faces(picture)
        for block in taken.blocks:
            self._enter(block.epoch)
            if self._first_sound_ns is None:
                self._first_sound_ns = block.pts_ns
            self._heard_ns = max(self._heard_ns, block.end_ns)
            self._presentation.hear(block)
            self._speaker.hear(block)
            if self._translating():
                await self._translation.sound.put(block)

    def _enter(self, epoch: str) -> None:
        """The media clock began anew: forget what was on the old one."""
        if epoch == self._epoch:
            return
        if self._epoch:
            self._reporter.event(EventType.EPOCH_CHANGED, detail="the camera started again")
        self._epoch = epoch
        self._reporter.epoch = epoch
        self._timeline.clear()
        self._presentation.restart()
        self._playout.restart()
        self._speaking_since_ns, self._heard_ns = None, 0
        self._first_sound_ns, self._seen_picture = None, False
        self._changed()

    def _translating(self) -> bool:
        by_visit = self.settings.activation is Activation.RING
        awake = not by_visit or self._services.now_ns() < self._visit_until_ns
        return self.settings.enabled and awake and self._ladder.rung is not Rung.PASS_THROUGH

    # --- audio translation

    def _new_translation(self) -> Translation:
        engines, config = self._services.engines, self._services.config
        languages = self._languages
        hearing = Hearing(engines.recognizer, languages)
        english = SpokenEnglish(engines.recognizer)
        return Translation(
            AtpStages(
                segmenter=Segmenter(engines.voice, engines.turn, hearing),
                recognizer=SpeechRecognizer(
                    hearing,
                    lambda: engines.pairs,
                    languages,
                    RecognizerOptions(min_confidence=config.engines.min_confidence),
                ),
                translator=TranslatorStage(engines.translator, english=english),
                synthesizer=self._synthesizer,
            ),
            AtpHooks(
                span=english.remember,
                edge=self._speech_edge,
                partial=self._partial,
                settled=self._settled,
                speech=self._spoken,
                failed=self._failed,
                timed=self._reporter.timed,
            ),
        )

    def _languages(self) -> tuple[str, str]:
        return self.settings.source_language, self.settings.target_language

    async def _speech_edge(self, event: SpeechEvent) -> None:
        started = event.edge is SpeechEdge.STARTED
        if self._visit_until_ns:
            self._visit_until_ns = max(
                self._visit_until_ns, self._services.now_ns() + _VISIT_GOES_ON_NS
            )
        self._speaking_since_ns = event.pts_ns if started else None
        self._reporter.speech(event)

    async def _partial(self, partial: PartialSpeech) -> None:
        if self.settings.captions:
            self._reporter.partial(partial, self.settings.target_language)

    async def _settled(self, utterance: Utterance) -> None:
        if utterance.verdict is Verdict.PAIR_MISSING:
            self._reporter.event(EventType.PAIR_MISSING, utterance=utterance)
        elif utterance.verdict is Verdict.FAILED:
            self._reporter.event(EventType.STAGE_FAILED, utterance=utterance)
        self._reporter.utterance(utterance, UtteranceStage.FINAL)

    async def _spoken(self, speech: SyncedSpeech) -> None:
        utterance = speech.utterance
        if utterance.epoch != self._epoch or utterance.target_language != self._out_language:
            return
        if self._ladder.rung in {Rung.CAPTIONS_ONLY, Rung.PASS_THROUGH}:
            self._reporter.overloaded(
                replace(utterance, verdict=Verdict.OVERLOAD, reason="the machine is too slow")
            )
            return
        clock = self._intake.ingest.clock
        lead_ns = clock.pts_of(self._services.now_ns()) - utterance.start_ns
        self._learned.observe(lead_ns)
        self._timeline.add(speech)

    async def _failed(self, stage: str, item: object, error: Exception) -> None:
        _log.warning("%s: %s failed: %s", self.stream, stage, error, exc_info=error)
        utterance = item if isinstance(item, Utterance) else None
        if isinstance(item, SyncedSpeech):
            utterance = item.utterance
        self._reporter.event(
            EventType.STAGE_FAILED, utterance=utterance, detail=f"{stage}: {type(error).__name__}"
        )
        if utterance is not None:
            failed = replace(utterance, verdict=Verdict.FAILED, reason=f"the {stage} failed")
            self._reporter.utterance(failed, UtteranceStage.FINAL)

    # --- playout

    def _wanted_delay_ns(self) -> int:
        delay: PlayoutDelay = self.settings.playout_delay
        if delay.fixed_ns is not None:
            wanted_ns = delay.fixed_ns
        else:
            wanted_ns = {"live": LIVE_NS, "dub": DUB_NS}.get(delay, self._learned.delay_ns)
        needed_ns = self._intake.ingest.jitter.delay_ns + _JITTER_ROOM_NS
        steps = -(-needed_ns // _DELAY_STEP_NS)
        return max(wanted_ns, min(steps * _DELAY_STEP_NS, _LONGEST_DELAY_NS))

    def _playout_settings(self) -> PlayoutSettings:
        since_ns = self._first_sound_ns
        sound_only = (
            not self._seen_picture
            and since_ns is not None
            and self._heard_ns - since_ns > _SOUND_ONLY_AFTER_NS
        )
        return PlayoutSettings(
            lips=self.settings.lip_sync,
            label=self.settings.label,
            original_volume=self.settings.original_volume,
            rung=self._ladder.rung,
            delay_ns=self._wanted_delay_ns(),
            sound_only=sound_only,
            video_bit_rate=self._services.config.limits.video_kbps * 1000,
        )

    async def _advanced(self, advance: Advance) -> None:
        for speech in advance.overloaded:
            self._reporter.overloaded(speech.utterance)
        for placed in advance.placed:
            self._begin(placed)
        for placed in advance.ended:
            self._speakers.pop(placed.speech.utterance.id, None)

    def _begin(self, placed: PlacedSpeech) -> None:
        utterance = placed.speech.utterance
        speaker = self._speaker.choose(utterance.epoch, utterance.start_ns, utterance.end_ns)
        self._speakers[utterance.id] = speaker
        self._reporter.placed(placed, off_camera=speaker is None)

    async def _produced(self, produced: Produced) -> None:
        self._reporter.produced(produced)
        for segment in produced.segments:
            self._reporter.segment(segment, self._stamp(), self.out_topic)

    async def _late(self, late_ns: int) -> None:
        before = self._ladder.rung
        rung = self._ladder.observe(self._services.now_ns(), late_ns)
        if rung is not before:
            self._reporter.rung(before, rung)
            self._changed()

    async def _change_language(self, language: str) -> None:
        """End the old topic at a segment boundary; the new one starts with a keyframe."""
        self._timeline.drop_waiting()
        loop = asyncio.get_running_loop()
        ended = await loop.run_in_executor(self._render_thread, self._production.speak, language)
        for segment in ended:
            self._reporter.segment(segment, self._stamp(), self.out_topic)
        self._out_language = language

    def _stamp(self) -> SegmentStamp:
        clock = self._intake.ingest.clock
        return SegmentStamp(self._epoch, self._term, self._playout.delay_ns, clock.utc_of)

    # --- figures

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(_METRICS_S)
            playhead_ns = self._heard_ns - self._playout.delay_ns
            self._reporter.metrics(
                ingest=self._intake.ingest.counters,
                render=self._production.counters,
                rung=self._ladder.rung,
                delay_ns=self._playout.delay_ns,
                debt_ns=self._timeline.debt_ns(playhead_ns),
                drops={
                    "segments": self._inbox.dropped,
                    "pictures": self._presentation.frames_skipped,
                },
            )
