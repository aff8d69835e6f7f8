"""One stream heard here and shown elsewhere: sound in, texts and synced speech out."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from edge_worker.items import AudioBlock, SyncedSpeech
from edge_worker.roles.epoch_name import EpochName
from edge_worker.rvp.tracker import TrackedFrame
from edge_worker.session.intake import Intake, Taken
from edge_worker.session.interpreter import Interpreter, InterpreterHooks
from edge_worker.session.reporter import Reporter
from edge_worker.session.services import Services
from edge_worker.session.source import Source, SourceHooks
from edge_worker.session.visit import Visit
from edge_worker.session.wording import sentence
from edge_worker.transport import Message
from mqtt_schemas import Channel, EventType, InterpreterReport, MessageRefused, StreamState

_LOOK_S = 0.05
_REPORT_NS = 1_000_000_000


class _OwnersWork:
    """How the source is, and how fast it is read, the owner tells of the same stream."""

    def taken(self, taken: Taken) -> None:
        """The owner's."""

    def event(self, kind: EventType, *, detail: str = "") -> None:
        """The owner's."""

    def refused(self, error: MessageRefused) -> None:
        """The owner's."""

    def lacks(self, track: str, detail: str) -> None:
        """The owner's."""

    def restart(self, epoch: str) -> None:
        """Done when the clock has its name."""

    def dropped(self, total: int) -> None:
        """The owner's."""

    def waited(self, waited_ns: int) -> None:
        """The owner's."""


class Interpretation:
    """Interprets one stream for its owner until cancelled.

    Args:
        state: the owner's.
        services: of this worker.
        clock: monotonic nanoseconds.
    """

    def __init__(
        self,
        state: StreamState,
        services: Services,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.state = state
        self._stream = state.stream
        self._services = services
        self._clock = clock
        self._reporter = Reporter(
            state.stream, services.announcer, services.config, services.now_ns
        )
        self._intake = Intake(state.stream, None)
        owners = _OwnersWork()
        self._source = Source(self._intake, owners, owners, services.now_ns)
        self._epoch = EpochName(clock)
        self._heard_of = ""
        """The name of the media clock that is being heard; empty before the first sound."""
        self._behind = self._texts = self._text_lag_ns = 0
        self._leaving = False
        self._interpreter = Interpreter(
            services.engines,
            services.config.engines.min_confidence,
            Visit(clock),
            self._reporter,
            InterpreterHooks(
                settings=lambda: self.state.settings,
                rung=lambda: self.state.rung,
                speech=self._spoken,
                behind=self._fell_behind,
                translated=self._translated,
            ),
            stream=state.stream,
            provision=services.provision,
        )

    @property
    def quiet(self) -> bool:
        """Nobody speaks, and all that was said has been sent."""
        return self._interpreter.silent and not self._interpreter.busy

    @property
    def busy(self) -> bool:
        """Something that was said is still to be sent."""
        return self._interpreter.busy

    async def take(self, message: Message) -> None:
        """Take one message of ``in/av``; never waits."""
        await self._source.take(message)

    def obey(self, state: StreamState) -> None:
        """The owner stated anew what is wanted."""
        before, self.state = self.state, state
        if before.settings.enabled and not state.settings.enabled:
            self._interpreter.pause()

    def leave(self) -> None:
        """Hear nothing more; what was said before is sent still."""
        self._leaving = True

    async def run(self) -> None:
        """Interpret until cancelled."""
        hooks = SourceHooks(
            tracking=lambda: False,
            watched=frozenset,
            resting=lambda: True,
            began=self._epoch.began,
            picture=_unseen,
            sound=self._hear,
            hush=self._interpreter.hush,
        )
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._source.run(hooks))
                group.create_task(self._interpreter.run())
                group.create_task(self._report())
        finally:
            self._source.close()

    async def _hear(self, block: AudioBlock, *, tracked: bool) -> None:
        del tracked
        stated = self._intake.ingest.epoch_is_stated
        epoch = self._epoch.of(block.epoch, self.state.epoch, stated=stated)
        if epoch is None or self._leaving:
            return
        if epoch != self._heard_of:
            self._heard_of = epoch
            self._reporter.restart(epoch)
            self._interpreter.restart()
        await self._interpreter.hear(replace(block, epoch=epoch))

    def _spoken(self, speech: SyncedSpeech) -> None:
        self._reporter.made(speech)

    def _fell_behind(self) -> None:
        self._behind += 1

    def _translated(self, lag_ns: int) -> None:
        self._texts, self._text_lag_ns = self._texts + 1, max(0, lag_ns)

    async def _report(self) -> None:
        """Tell the owner at once what has changed, and once a second that all is as it was."""
        told: InterpreterReport | None = None
        told_ns = 0
        while True:
            report = self._newest_report()
            changed = told is None or replace(report, stages=told.stages) != told
            if changed or self._clock() - told_ns >= _REPORT_NS:
                told, told_ns = report, self._clock()
                self._services.announcer.say(Channel.INTERPRETER, report, stream=self._stream)
            await asyncio.sleep(_LOOK_S)

    def _newest_report(self) -> InterpreterReport:
        interpreter = self._interpreter
        return InterpreterReport(
            stream=self._stream,
            worker=self._services.config.worker,
            epoch=self._heard_of or None,
            speaking_since_ns=None if interpreter.silent else interpreter.heard_until_ns,
            busy=interpreter.busy,
            texts=self._texts,
            text_lag_ns=self._text_lag_ns,
            behind=self._behind,
            needs=interpreter.supply.need,
            trouble=sentence(interpreter.supply.trouble, 512),
            stages=self._reporter.stages(),
        )


def _unseen(picture: TrackedFrame, *, tracked: bool) -> None:
    """None is decoded."""
    del picture, tracked
