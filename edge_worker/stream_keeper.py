"""One stream as a worker sees it: whose it is, its settings, and the session that serves it."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from edge_worker.activation import Wakefulness
from edge_worker.admission import Place
from edge_worker.command import Command
from edge_worker.complaints import Complaints
from edge_worker.handover import PATIENCE_S, Handover
from edge_worker.logs import logged_as
from edge_worker.media.clock import ClockAnchor
from edge_worker.on_air import OnAir
from edge_worker.ownership import Standing, Tenure
from edge_worker.pacing import Paced
from edge_worker.restarts import begin_again_and_again
from edge_worker.session.door_echo import DoorEcho
from edge_worker.session.session import Services, Session
from edge_worker.session.visit import Visit
from edge_worker.session.wording import sentence
from edge_worker.sighting import Sighting
from edge_worker.standby import Standby, Succession
from edge_worker.statement import Statement
from edge_worker.steering import Steering
from edge_worker.talkback import TalkbackHooks, reply_path
from edge_worker.transport import Message
from mqtt_schemas import (
    Channel,
    EventType,
    MessageRefused,
    Rung,
    StreamEvent,
    StreamSettings,
    StreamState,
)

_log = logging.getLogger(__name__)
_DRAIN_LOOK_S = 0.05
_DRAIN_LOOKS = 200
"""What plays, and a successor, are given ten seconds."""
_STATE_EVERY_S = 0.1


class StreamKeeper:
    """Keeps one stream: ownership, settings, the session and its restarts.

    Args:
        stream: id.
        services: of the worker.
        read_state_s: how long a retained ``state`` may still be on its way.
        clock: monotonic nanoseconds.
    """

    def __init__(
        self,
        stream: str,
        services: Services,
        read_state_s: Callable[[], float],
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.stream = stream
        self.owner = ""
        """Whoever owns the stream as far as is known; empty while nobody does."""
        self.next_in_line = False
        """Were its owner lost this worker would serve it: it keeps what it would begin with."""
        self._services = services
        self._read_state_s = read_state_s
        self._tenure = Tenure(services.config.worker)
        self._steering = Steering(services.config.settings_of(stream))
        self._interpreter = ""
        self._state = Paced(self._publish_state, _STATE_EVERY_S)
        self._forgotten = False
        self._complaints = Complaints()
        self._sighting = Sighting()
        self._handover = Handover(lambda: self._paused, self.publish_state)
        self._succession = Succession(self._stand_by, self._succeed)
        self._serving: asyncio.Task[None] | None = None
        self._visit = Visit(clock)
        self._on_air = OnAir(stream, services, self._visit)
        self._place = Place(stream, services.admission, lambda: self._rung)
        self._wakefulness = Wakefulness(
            self._visit, self._settings.activation, self._place, self._tell_refusal
        )
        self._asleep = False
        self._before: StreamState | None = None
        """What the owner before us said last."""
        self.talkback = reply_path(
            stream,
            services,
            TalkbackHooks(
                settings=lambda: self._settings,
                wake=lambda: self.wake("talkback"),
                echo=DoorEcho(lambda: self._session),
            ),
        )

    @property
    def serving(self) -> bool:
        """This worker owns the stream."""
        return self._tenure.standing is Standing.OWNER

    @property
    def _session(self) -> Session | None:
        return self._on_air.session

    @property
    def _settings(self) -> StreamSettings:
        return self._steering.settings

    @property
    def _paused(self) -> bool:
        """Nobody speaks, and nothing is being spoken or on its way to be."""
        session = self._session
        return not self.talkback.busy and (session is None or session.paused)

    @property
    def taken(self) -> bool:
        """This worker owns the stream or is about to."""
        return self._tenure.standing is not Standing.ASIDE

    @property
    def present(self) -> bool:
        """There is a source."""
        return self._sighting.present

    @property
    def active(self) -> bool:
        """This worker owns the stream, and it does not sleep."""
        return self.serving and not self._asleep

    @property
    def refused(self) -> bool:
        """It is wanted awake, and there is no room for it here."""
        return self.serving and bool(self._wakefulness.refusal)

    def declare(self, *, doorbell: bool = False) -> None:
        """The camera side described the stream."""
        self._sighting.declare()
        self._wakefulness.declare(doorbell=doorbell)

    def hear(self) -> None:
        """A segment came."""
        self._sighting.hear()

    def reconnected(self, read_state_s: float) -> None:
        """All that is retained comes again: nothing is said of the state before it was read."""
        self._sighting.reconnected()
        self._tenure = self._tenure.reconnected()
        self._state.hold(read_state_s)
        self.publish_state()

    async def anchor(self, anchor: ClockAnchor) -> None:
        """The camera side tied its clock to UTC."""
        await self._on_air.anchor(anchor)

    async def media(self, message: Message) -> None:
        """Hand a segment to the session."""
        self.hear()
        await self._on_air.take(message, keep=self.taken or self.next_in_line)
        await self._succession.take(message)

    def ring(self) -> None:
        """Somebody rang."""
        self.wake("ring")

    def wake(self, reason: str) -> None:
        """Keep a stream that is translated on demand awake for the next two minutes.

        Args:
            reason: for people: ``ring``, ``watcher``, ``talkback``.
        """
        self._wakefulness.wake(reason)

    async def set(self, command: Command) -> None:
        """Obey a command as the owner; every one, taken or refused, yields a new ``state``."""
        if self._tenure.standing is Standing.READING:
            self._steering.put_off(command)
        elif self._tenure.standing is Standing.OWNER:
            await self._obey(command)

    async def _obey(self, command: Command) -> None:
        if command.retained:
            self._steering.retained_ignored += 1
            self._say(EventType.RETAINED_COMMAND, f"retained set/{command.setting} is ignored")
            return
        if self._steering.obey(command):
            self._wakefulness.set(self._settings.activation)
            if self._session is not None:
                await self._session.apply(self._settings)
        self.publish_state()

    async def saw(self, state: StreamState) -> None:
        """A ``state`` was seen, ours or another's; one that comes late counts for nothing."""
        before = self._tenure
        if before.outranks(state.owner, state.term):
            self.publish_state()  # it may be what the broker keeps by now
        if before.outdated(state.owner, state.term):
            return
        self._tenure = before.saw(state.owner, state.term)
        if self._tenure.standing is not Standing.OWNER:
            self.owner = state.owner
            self._steering.follow(state)
            self._before = state
            self._interpreter = state.interpreter or ""
            self._wakefulness.set(state.settings.activation)
        if before.standing is Standing.OWNER and self._tenure.standing is Standing.ASIDE:
            _log.info("%s: %s took over under term %d", self.stream, state.owner, state.term)
            await self._end()
        aside = self._tenure.standing is Standing.ASIDE and not self._forgotten
        me = self._services.config.worker
        if aside and self.present and state.successor == me != state.owner:
            self._succession.named(yields=state.yields)
        else:
            self._succession.end()

    def hand_over(self, successor: str, within_s: float = PATIENCE_S) -> None:
        """Let another worker have the stream, at the latest ``within_s`` on; empty: nobody."""
        if successor and self.serving:
            self._handover.offer(successor, within_s)
        else:
            self._handover.withdraw()

    def elected(self, *, is_owner: bool) -> None:
        """The hash names this worker, or does not."""
        after = self._tenure.elected(is_owner=is_owner)
        if self._serving is None and not is_owner:
            self._tenure = after
            return
        if after.standing is Standing.ASIDE:
            self._state.flush()
            self._tenure = after
            self._stop()
            return
        self._tenure = after
        if self._serving is None:
            standing_by = self._succession.claim()
            if standing_by is not None:
                self._on_air.adopt(standing_by)
            with logged_as(stream=self.stream):  # as all that this task starts
                self._serving = asyncio.create_task(self._take_over(), name=f"stream-{self.stream}")

    async def drain(self) -> None:
        """Leave the stream to its successor or, at most 10 s later, to whoever takes it."""
        talked_out = asyncio.create_task(self.talkback.drain())
        try:
            for _ in range(_DRAIN_LOOKS):
                if self._left:
                    break
                await asyncio.sleep(_DRAIN_LOOK_S)
            if self._session is not None:
                with suppress(Exception):
                    await self._session.finish()
            await talked_out
        finally:
            self._state.flush()
            await self._end()

    @property
    def _left(self) -> bool:
        """A successor has the stream; where there is none, what plays has been heard."""
        waits_for_successor = self._handover.successor and self.serving
        return not waits_for_successor and (self._session is None or self._session.quiet)

    def forget(self) -> None:
        """The stream is gone: nothing more is said of its state."""
        self._forgotten = True

    def publish_state(self) -> None:
        """Publish the retained ``state``, as the owner; now, or with others a moment later."""
        self._state.wish()

    def _publish_state(self) -> None:
        if self._forgotten or self._tenure.standing is not Standing.OWNER:
            return
        statement = Statement(
            stream=self.stream,
            owner=self._services.config.worker,
            interpreter=self._named_interpreter(),
            term=self._tenure.term,
            asleep=self._asleep,
            steering=self._steering,
            wakefulness=self._wakefulness,
            handover=self._handover,
        )
        state = statement.of(self._session)
        try:
            self._services.announcer.say(Channel.STATE, state, stream=self.stream)
        except MessageRefused as error:
            self._complaints.of("state", f"{self.stream}: {error}")

    def _named_interpreter(self) -> str:
        """Who interprets goes on while a session begins; nobody does for one that sleeps."""
        if self._session is not None:
            self._interpreter = self._session.interpreter
        return "" if self._asleep else self._interpreter

    async def _take_over(self) -> None:
        """Read the retained state, then serve; a session that fails is started again."""
        await asyncio.sleep(self._read_state_s())
        self.owner = self._services.config.worker
        self._steering.revise()
        await begin_again_and_again(self._own, self._failed)

    async def _own(self) -> None:
        """Until the stream falls asleep, under a term of its own: segments are numbered from 0."""
        self._tenure = self._tenure.took_over()
        self.talkback.begin()
        before, self._before = self._before, None
        if before is not None and (before.active or before.wanted):
            self.wake("taken over from another worker")
        for command in self._steering.put_off_so_far():
            await self._obey(command)
        await self._sleep()
        await self._serve()

    def _failed(self, error: Exception, pause_s: float) -> None:
        _log.error("%s: failed, starts again in %.1f s", self.stream, pause_s, exc_info=error)
        self._say(EventType.STAGE_FAILED, f"session: {type(error).__name__}")

    async def _sleep(self) -> None:
        """Until the stream is wanted awake; what comes meanwhile is kept for a moment only."""
        self._asleep = not self._wakefulness.rises()
        if not self._asleep:
            return
        self._on_air.dismiss()
        self.publish_state()
        await self._wakefulness.until_risen()
        self._asleep = False
        self._say(EventType.WOKEN, self._wakefulness.woken_by)

    def _tell_refusal(self) -> None:
        if self._wakefulness.refusal:
            self._say(EventType.OVERLOAD, self._wakefulness.refusal)
        self.publish_state()

    @property
    def _rung(self) -> Rung:
        return self._session.rung if self._session is not None else Rung.FULL

    async def _serve(self) -> None:
        """Until the session fails or the stream falls asleep."""
        settings, term = self._settings, self._tenure.term
        async with self._on_air.begin(settings, term, self.publish_state) as begun:
            self.publish_state()
            async with asyncio.TaskGroup() as group:
                running = group.create_task(begun.run())
                await self._wakefulness.until_unwanted(lambda: self._paused)
                await begun.finish()
                running.cancel()
            self._place.leave()
            self._say(EventType.ASLEEP, self._wakefulness.why_asleep)

    # --- handover

    def _stand_by(self) -> Standby | None:
        awake = self._before is not None and self._before.active
        return self._on_air.stand_by(self._settings) if awake else None

    def _succeed(self, standby: Standby | None) -> None:
        _log.info("%s: taken over from %s", self.stream, self.owner)
        self.owner = self._services.config.worker
        self._on_air.adopt(standby)
        self.elected(is_owner=True)

    async def _end(self) -> None:
        self._tenure = self._tenure.elected(is_owner=False)
        task = self._stop()
        if task is not None:
            with suppress(asyncio.CancelledError):
                await task

    def _stop(self) -> asyncio.Task[None] | None:
        """Serve no longer; what came for the session that was to be is not kept for a later one."""
        task, self._serving = self._serving, None
        self._place.leave()
        self._handover.withdraw()
        self._on_air.clear()
        self.talkback.end()
        self._state.drop()
        self._steering.put_off_so_far()
        if task is not None:
            task.cancel()
        return task

    def _say(self, kind: EventType, detail: str) -> None:
        event = StreamEvent(
            stream=self.stream,
            type=kind,
            utc_ns=self._services.now_ns(),
            detail=sentence(detail),
        )
        self._services.announcer.say(Channel.EVENT, event, stream=self.stream)
