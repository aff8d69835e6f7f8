"""One stream from ``in/av`` to ``out/<lang>/av``: wires the boxes and runs them all at once."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from edge_worker.atp.stretch import fit
from edge_worker.config import WorkerSettings
from edge_worker.engine_set import EngineSet
from edge_worker.items import PlacedSpeech, SyncedSpeech, Utterance
from edge_worker.links import Link, WhenFull
from edge_worker.media.clock import ClockAnchor
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.provision import Provision
from edge_worker.rvp.lips import Lips
from edge_worker.rvp.tracker import Tracker
from edge_worker.session.announcer import Announcer
from edge_worker.session.epochs import Epochs
from edge_worker.session.intake import Intake, Taken
from edge_worker.session.interpreter import Interpreter, InterpreterHooks
from edge_worker.session.outlet import Outlet
from edge_worker.session.playout import Playout, PlayoutHooks, PlayoutSettings
from edge_worker.session.presence import Presence
from edge_worker.session.pressure import Pressure
from edge_worker.session.production import Produced, Production
from edge_worker.session.reporter import Reporter
from edge_worker.session.speakers import Speakers
from edge_worker.session.supply import Supply
from edge_worker.session.visit import Visit
from edge_worker.timeline import Advance, LearnedDelay, PlayoutClock, Timeline, wanted_delay_ns
from edge_worker.timeline.presentation import Presentation
from edge_worker.transport import Message
from mqtt_schemas import EventType, MessageRefused, Rung, StreamSettings

_POLL_S = 0.05
_METRICS_S = 5.0
_SOUND_GONE_S = 2.0
_SOUND_ONLY_AFTER_NS = 1_000_000_000
_RENDER_ROOM_NS = 120_000_000
"""What decoding, tracking and rendering of one picture may take at most."""


@dataclass(frozen=True, slots=True)
class Services:
    """What the worker lends a session."""

    engines: EngineSet
    announcer: Announcer
    config: WorkerSettings
    now_ns: Callable[[], int]
    """UTC."""
    tau: Callable[[], float]
    """CPU seconds of this worker over (seconds x usable cores), newest."""
    provision: Provision | None = None
    """Fetches models; None where they are what they are."""


class Session:
    """Serves one stream until cancelled.

    Args:
        stream: id.
        services: of the worker.
        settings: in force at the start.
        term: under which the stream is owned.
        visit: of the stream, which may have begun before.
    """

    def __init__(
        self,
        stream: str,
        services: Services,
        settings: StreamSettings,
        term: int,
        visit: Visit,
    ) -> None:
        self.stream = stream
        self.settings = settings
        self._services = services
        self._inbox: Link[Message] = Link("segments", 64, WhenFull.DROP_OLDEST)
        self._ingest_thread = ThreadPoolExecutor(1, thread_name_prefix=f"ingest-{stream}")
        self._render_thread = ThreadPoolExecutor(1, thread_name_prefix=f"render-{stream}")
        engines = services.engines
        self._intake = Intake(stream, lambda: Tracker(engines.landmarker()))
        self._speakers = Speakers()
        self._timeline = Timeline(
            fit, debt_limit_ns=round(services.config.limits.debt_s * 1_000_000_000)
        )
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
        self._pressure = Pressure(self._reporter)
        self._epochs = Epochs()
        self._outlet = Outlet(
            stream,
            settings.target_language,
            term,
            services.announcer,
            self._reporter,
            self._intake.ingest.clock,
            self._epochs,
        )
        self._interpreter = Interpreter(
            engines,
            services.config.engines.min_confidence,
            visit,
            self._reporter,
            InterpreterHooks(
                settings=lambda: self.settings,
                rung=lambda: self._pressure.rung,
                speech=self._speak,
                behind=self._pressure.behind,
                translated=self._pressure.translated,
                off_camera=self._off_camera,
            ),
            stream=stream,
            provision=services.provision,
        )
        self._presence = Presence()
        self._sound_at_s: float | None = None
        """Monotonic seconds of the newest sound; None once its end has been noticed."""
        self._changed: Callable[[], None] = lambda: None

    @property
    def epoch(self) -> str:
        """Of the media clock; empty before the first segment."""
        return self._epochs.current

    @property
    def rung(self) -> Rung:
        """Of the degrade ladder."""
        return self._pressure.rung

    @property
    def supply(self) -> Supply:
        """What its languages take, and lack."""
        return self._interpreter.supply

    @property
    def delay_ns(self) -> int:
        """The playout delay in force."""
        return self._playout.delay_ns

    @property
    def out_topic(self) -> str:
        """Where the output goes."""
        return self._outlet.topic

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` when something that ``state`` tells has changed by itself."""
        self._changed = self._pressure.changed = changed
        self.supply.changed = changed

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
        if settings.target_language != before.target_language:
            await self._change_language(settings.target_language)
        if before.enabled and not settings.enabled:
            self._timeline.drop_waiting()
            self._interpreter.pause()

    async def run(self) -> None:
        """Serve until cancelled."""
        clock = self._intake.ingest.clock
        hooks = PlayoutHooks(
            settings=self._playout_settings,
            silent=lambda: self._interpreter.silent,
            heard_until_ns=lambda: self._interpreter.heard_until_ns,
            advanced=self._advanced,
            produced=self._produced,
            speakers=lambda: self._speakers.by_utterance,
            late=self._pressure.late,
            delayed=self._changed,
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take_in())
            group.create_task(self._playout.run(clock, hooks))
            group.create_task(self._interpreter.run())
            group.create_task(self._measure())

    @property
    def quiet(self) -> bool:
        """No translated speech plays, waits or is being made."""
        return not self._interpreter.busy and self._timeline.silent_at(self._playout.media_ns)

    def close(self) -> None:
        """End the session's threads; it cannot be run again."""
        self._ingest_thread.shutdown(wait=False, cancel_futures=True)
        self._render_thread.shutdown(wait=False, cancel_futures=True)

    async def finish(self) -> None:
        """Send what has been rendered; the session is cancelled after this."""
        loop = asyncio.get_running_loop()
        rest = await loop.run_in_executor(self._render_thread, self._production.flush)
        self._outlet.send(rest, self.epoch, self.delay_ns)

    # --- source

    @property
    def _tracking(self) -> bool:
        """Faces are worth looking for: lips are, or will be, rendered."""
        wanted = self.settings.enabled and self.settings.lip_sync
        return wanted and self._pressure.rung in {Rung.FULL, Rung.LIPS_HALF_RATE}

    async def _take_in(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._intake.tracking = self._tracking
            self._intake.watched = self._speakers.watched
            self._pressure.dropped(self._inbox.dropped)
            try:
                async with asyncio.timeout(_POLL_S):
                    message = await self._inbox.get()
            except TimeoutError:
                await self._hush()
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
                self._pressure.waited(self._services.now_ns() - message.received_ns)
            await self._fan_out(taken)

    async def _hush(self) -> None:
        """End what was being said when the source falls silent without a sound."""
        if self._sound_at_s is not None and time.monotonic() - self._sound_at_s > _SOUND_GONE_S:
            self._sound_at_s = None
            await self._interpreter.hush()

    async def _fan_out(self, taken: Taken) -> None:
        self._reporter.taken(taken)
        for note in taken.notes:
            self._reporter.event(EventType.BAD_INPUT, detail=note.text)
        for picture in taken.pictures:
            if not self._enter(picture.frame.epoch, taken.epoch):
                continue
            self._presence.picture(picture.frame.pts_ns)
            self._presentation.show(picture)
            if taken.tracked:
                self._speakers.observe(picture)
                self._reporter.faces(picture)
        for block in taken.blocks:
            if not self._enter(block.epoch, taken.epoch):
                continue
            self._presence.sound(block.end_ns)
            self._sound_at_s = time.monotonic()
            self._presentation.hear(block)
            if not taken.tracked:
                self._speakers.overlook(block.end_ns)
            self._speakers.hear(block)
            await self._interpreter.hear(block)
        for track, detail in self._presence.lacks():
            self._reporter.lacks(track, detail)

    def _enter(self, epoch: str, current: str) -> bool:
        """Whether this epoch counts; when it is new, what was on the old clock is forgotten."""
        before = self._epochs.current
        if not self._epochs.enter(epoch, current):
            return False
        if epoch != before:
            self._begin_epoch(epoch, again=bool(before))
        return True

    def _begin_epoch(self, epoch: str, *, again: bool) -> None:
        if again:
            self._reporter.event(EventType.EPOCH_CHANGED, detail="the camera started again")
        self._reporter.restart(epoch)
        self._presence = Presence()
        self._speakers.restart()
        self._timeline.clear()
        self._presentation.restart()
        self._playout.restart()
        self._interpreter.restart()
        self._changed()

    def _speak(self, speech: SyncedSpeech) -> None:
        """Queue translated speech, unless the stream has meanwhile gone elsewhere."""
        utterance = speech.utterance
        spoken_here = {self._outlet.language, self.settings.target_language}
        if utterance.epoch != self._epochs.current or {utterance.target_language} != spoken_here:
            return
        captured_ns = self._outlet.captured_utc_ns(utterance.start_ns)
        if captured_ns is not None:
            self._learned.observe(self._services.now_ns() - captured_ns)
        self._timeline.add(speech)

    # --- playout

    def _wanted_delay_ns(self) -> int:
        needed_ns = self._intake.ingest.jitter.delay_ns + _RENDER_ROOM_NS
        return wanted_delay_ns(self.settings.playout_delay, self._learned.delay_ns, needed_ns)

    def _playout_settings(self) -> PlayoutSettings:
        return PlayoutSettings(
            epoch=self._epochs.current,
            lips=self.settings.lip_sync,
            label=self.settings.label,
            original_volume=self.settings.original_volume,
            rung=self._pressure.rung,
            delay_ns=self._wanted_delay_ns(),
            sound_only=self._presence.without_picture_ns > _SOUND_ONLY_AFTER_NS,
            video_bit_rate=self._services.config.limits.video_kbps * 1000,
        )

    async def _advanced(self, advance: Advance) -> None:
        for speech in advance.overloaded:
            self._reporter.overloaded(speech.utterance)
            self._speakers.end(speech.utterance)
        for placed in advance.placed:
            self._begin(placed)
        for placed in advance.ended:
            self._speakers.end(placed.speech.utterance)

    def _begin(self, placed: PlacedSpeech) -> None:
        utterance = placed.speech.utterance
        off_camera = self._off_camera(utterance)
        self._speakers.begin(utterance, placed.end_ns)
        if not off_camera:
            # The mouth's curve takes milliseconds that no picture has to spare.
            loop = asyncio.get_running_loop()
            loop.run_in_executor(None, self._production.prepare, placed)
        self._reporter.placed(placed, off_camera=off_camera)

    def _off_camera(self, utterance: Utterance) -> bool:
        """Whether nobody in the picture spoke it; not asked while faces are not looked for."""
        return self._tracking and self._speakers.off_camera(utterance)

    async def _produced(self, produced: Produced) -> None:
        self._reporter.produced(produced)
        self._outlet.end(produced.ended, produced.ended_epoch)
        self._outlet.send(produced.segments, produced.epoch, self.delay_ns)

    async def _change_language(self, language: str) -> None:
        """End the old topic at a segment boundary; the new one starts with a keyframe."""
        self._timeline.drop_waiting()
        loop = asyncio.get_running_loop()
        ended = await loop.run_in_executor(self._render_thread, self._production.speak, language)
        self._outlet.send(ended, self.epoch, self.delay_ns)
        self._outlet.language = language
        self._timeline.drop_waiting()

    # --- figures

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(_METRICS_S)
            playhead_ns = self._interpreter.heard_until_ns - self._playout.delay_ns
            self._reporter.metrics(
                ingest=self._intake.ingest.counters,
                render=self._production.counters,
                rung=self._pressure.rung,
                delay_ns=self._playout.delay_ns,
                debt_ns=self._timeline.debt_ns(playhead_ns),
                tau=self._services.tau(),
                drops={
                    "segments": self._inbox.dropped,
                    "pictures": self._presentation.frames_skipped,
                },
            )
