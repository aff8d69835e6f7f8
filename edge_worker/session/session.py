"""One stream from ``in/av`` to ``out/<lang>/av``: its source, its interpreter and its dubbing."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from edge_worker.items import AudioBlock, Samples
from edge_worker.media.clock import ClockAnchor, ClockUnsetError
from edge_worker.roles.distant import DistantInterpreter
from edge_worker.rvp.tracker import Tracker
from edge_worker.session.dubbing import Dubbing
from edge_worker.session.figures import Gauges
from edge_worker.session.intake import Intake
from edge_worker.session.interpreter import Interpreter, InterpreterHooks
from edge_worker.session.interpreting import Interpreting, Lacks
from edge_worker.session.pressure import Pressure
from edge_worker.session.reporter import Reporter
from edge_worker.session.services import Services
from edge_worker.session.source import Source, SourceHooks
from edge_worker.session.visit import Visit
from edge_worker.transport import Message
from mqtt_schemas import Rung, StreamSettings

__all__ = ["Services", "Session"]

_METRICS_S = 5.0


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
        engines = services.engines
        self._reporter = Reporter(stream, services.announcer, services.config, services.now_ns)
        self._pressure = Pressure(self._reporter)
        intake = Intake(stream, lambda: Tracker(engines.landmarker()))
        self._source = Source(intake, self._reporter, self._pressure, services.now_ns)
        self._dubbing = Dubbing(
            stream,
            services,
            lambda: self.settings,
            term,
            self._source,
            self._reporter,
            self._pressure,
        )
        self._interpreter = self._interpreting(visit)
        self._changed: Callable[[], None] = lambda: None

    def _interpreting(self, visit: Visit) -> Interpreting:
        """Here, or on another machine where this one has no engines for it."""
        services = self._services
        hooks = InterpreterHooks(
            settings=lambda: self.settings,
            rung=lambda: self._pressure.rung,
            speech=self._dubbing.speak,
            behind=self._pressure.behind,
            translated=self._pressure.translated,
            off_camera=self._dubbing.off_camera,
        )
        if services.interpreters is not None:
            return DistantInterpreter(
                self.stream,
                services,
                services.interpreters,
                visit,
                self._reporter,
                hooks,
                lambda: self.epoch,
            )
        return Interpreter(
            services.engines,
            services.config.engines.min_confidence,
            visit,
            self._reporter,
            hooks,
            stream=self.stream,
            provision=services.provision,
        )

    @property
    def epoch(self) -> str:
        """Of the media clock; empty before the first segment."""
        return self._source.epoch

    @property
    def rung(self) -> Rung:
        """Of the degrade ladder."""
        return self._pressure.rung

    @property
    def interpreter(self) -> str:
        """The worker that interprets; empty where this one does, or none is to be had."""
        return self._interpreter.interpreter

    @property
    def supply(self) -> Lacks:
        """What its languages take, and lack."""
        return self._interpreter.supply

    @property
    def delay_ns(self) -> int:
        """The playout delay in force."""
        return self._dubbing.delay_ns

    @property
    def out_topic(self) -> str:
        """Where the output goes."""
        return self._dubbing.out_topic

    @property
    def quiet(self) -> bool:
        """No translated speech plays, waits or is being made."""
        return not self._interpreter.busy and self._dubbing.silent

    @property
    def paused(self) -> bool:
        """Nobody speaks either."""
        return self.quiet and self._interpreter.silent

    def on_change(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` when something that ``state`` tells has changed by itself."""
        self._changed = self._pressure.changed = changed
        self.supply.changed = changed

    async def take(self, message: Message) -> None:
        """Take one message of ``in/av``; never waits."""
        await self._source.take(message)

    async def anchor(self, anchor: ClockAnchor) -> None:
        """Take a clock anchor of the camera."""
        await self._source.anchor(anchor)

    def expect(self, samples: Samples, sample_rate: int, start_utc_ns: int, *, reply: str) -> None:
        """The door's loudspeaker plays this from a moment of UTC on: it is not translated back."""
        with suppress(ClockUnsetError):
            start_ns = self._source.clock.pts_of(start_utc_ns)
            self._interpreter.expect(samples, sample_rate, start_ns, reply=reply)

    def expect_end(self, end_utc_ns: int, *, reply: str) -> None:
        """What was expected ends at a moment of UTC, before its end."""
        with suppress(ClockUnsetError):
            self._interpreter.expect_end(self._source.clock.pts_of(end_utc_ns), reply=reply)

    async def apply(self, settings: StreamSettings) -> None:
        """Put other settings in force."""
        before, self.settings = self.settings, settings
        if settings.target_language != before.target_language:
            await self._dubbing.change_language(settings.target_language)
        if before.enabled and not settings.enabled:
            self._dubbing.drop_waiting()
            self._interpreter.pause()

    async def take_over(self, settings: StreamSettings, term: int) -> None:
        """Be the owner's from now on: the output begins anew, at its own time, under ``term``."""
        await self.apply(settings)
        await self._dubbing.begin_anew(settings.target_language, term)

    async def run(self) -> None:
        """Serve until cancelled."""
        interpreter = self._interpreter
        async with asyncio.TaskGroup() as group:
            group.create_task(self._source.run(self._source_hooks()))
            group.create_task(
                self._dubbing.run(
                    lambda: interpreter.silent,
                    lambda: interpreter.heard_until_ns,
                    self._changed,
                )
            )
            group.create_task(interpreter.run())
            group.create_task(self._measure())

    def close(self) -> None:
        """End the session's threads; it cannot be run again."""
        self._source.close()
        self._dubbing.close()

    async def finish(self) -> None:
        """Send what has been rendered; the session is cancelled after this."""
        await self._dubbing.finish()

    def _source_hooks(self) -> SourceHooks:
        return SourceHooks(
            tracking=lambda: self._tracking,
            watched=lambda: self._dubbing.watched,
            resting=lambda: self.paused,
            began=self._begin_epoch,
            picture=self._dubbing.see,
            sound=self._hear,
            hush=self._interpreter.hush,
        )

    @property
    def _tracking(self) -> bool:
        """Faces are looked for; while nobody speaks, only if no stream here is short of time."""
        admission = self._services.admission
        gives_way = self.paused and admission is not None and admission.strained
        return self._dubbing.tracking and not gives_way

    async def _hear(self, block: AudioBlock, *, tracked: bool) -> None:
        self._dubbing.hear(block, tracked=tracked)
        await self._interpreter.hear(block)

    def _begin_epoch(self) -> None:
        self._dubbing.restart()
        self._interpreter.restart()
        self._changed()

    async def _measure(self) -> None:
        while True:
            await asyncio.sleep(_METRICS_S)
            playhead_ns = self._interpreter.heard_until_ns - self.delay_ns
            gauges = Gauges(
                ingest=self._source.counters,
                render=self._dubbing.counters,
                rung=self.rung,
                delay_ns=self.delay_ns,
                debt_ns=self._dubbing.debt_ns(playhead_ns),
                tau=self._services.tau(),
                drops={
                    "segments": self._source.dropped,
                    "pictures": self._dubbing.frames_skipped,
                },
            )
            self._reporter.metrics(gauges)
