"""One stream as a worker sees it: whose it is, its settings, and the session that serves it."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from edge_worker.command import Command
from edge_worker.media.clock import ClockAnchor
from edge_worker.ownership import Standing, Tenure
from edge_worker.pacing import Paced
from edge_worker.session.session import Services, Session
from edge_worker.session.visit import Visit
from edge_worker.session.wording import sentence
from edge_worker.transport import Message
from mqtt_schemas import (
    MAX_TERM,
    Channel,
    EventType,
    MessageRefused,
    Rung,
    SettingError,
    SettingRefused,
    StreamEvent,
    StreamState,
)

_log = logging.getLogger(__name__)
_EARLY_SEGMENTS = 32
"""Segments kept while the stream is being taken over."""
_DRAIN_LOOK_S = 0.05
_DRAIN_LOOKS = 100
"""What plays is given five seconds to end."""
_FIRST_RESTART_S, _LAST_RESTART_S = 0.5, 30.0
_COMMANDS_KEPT = 64
"""Commands kept while the stream is being taken over."""
_STATE_EVERY_S = 0.1
_GONE_S = 600.0
"""A source that nobody declared is gone after so long without a segment."""


class StreamKeeper:
    """Keeps one stream: ownership, settings, the session and its restarts.

    Args:
        stream: id.
        services: of the worker.
        read_state_s: how long a retained ``state`` may still be on its way.
    """

    def __init__(self, stream: str, services: Services, read_state_s: Callable[[], float]) -> None:
        self.stream = stream
        self.owner = ""
        """Whoever owns the stream as far as is known; empty while nobody does."""
        self._services = services
        self._read_state_s = read_state_s
        self._early: deque[Message] = deque(maxlen=_EARLY_SEGMENTS)
        self._tenure = Tenure(services.config.worker)
        self._settings = services.config.settings_of(stream)
        self._revision = 0
        self._last_error: SettingError | None = None
        self._retained_ignored = 0
        self._commands: deque[Command] = deque(maxlen=_COMMANDS_KEPT)
        self._state = Paced(self._publish_state, _STATE_EVERY_S)
        self._unsaid = self._forgotten = self._declared = False
        self._heard_s: float | None = None
        self._anchor: ClockAnchor | None = None
        self._session: Session | None = None
        self._serving: asyncio.Task[None] | None = None
        self._visit = Visit(services.now_ns)

    @property
    def serving(self) -> bool:
        """This worker owns the stream."""
        return self._tenure.standing is Standing.OWNER

    @property
    def taken(self) -> bool:
        """This worker owns the stream or is about to."""
        return self._tenure.standing is not Standing.ASIDE

    @property
    def present(self) -> bool:
        """There is a source: its camera declared it, or segments have come lately."""
        heard = self._heard_s is not None and time.monotonic() - self._heard_s < _GONE_S
        return self._declared or heard

    def declare(self) -> None:
        """The camera side described the stream."""
        self._declared = True

    def hear(self) -> None:
        """A segment came."""
        self._heard_s = time.monotonic()

    def reconnected(self, read_state_s: float) -> None:
        """All that is retained comes again: nothing is said of the state before it was read."""
        if self._declared:
            self._declared, self._heard_s = False, time.monotonic()
        self._state.hold(read_state_s)
        self.publish_state()

    async def anchor(self, anchor: ClockAnchor) -> None:
        """The camera side tied its clock to UTC."""
        self._anchor = anchor
        if self._session is not None:
            await self._session.anchor(anchor)

    async def media(self, message: Message) -> None:
        """Hand a segment to the session."""
        self.hear()
        if self._session is not None:
            await self._session.take(message)
        elif self._tenure.standing is not Standing.ASIDE:
            self._early.append(message)

    def ring(self) -> None:
        """Somebody rang: a stream that is translated by visit wakes up."""
        self._visit.begin()

    async def set(self, command: Command) -> None:
        """Obey a command as the owner; every one, taken or refused, yields a new ``state``."""
        if self._tenure.standing is Standing.READING:
            self._commands.append(command)
        elif self._tenure.standing is Standing.OWNER:
            await self._obey(command)

    async def _obey(self, command: Command) -> None:
        if command.retained:
            self._retained_ignored += 1
            self._say(EventType.RETAINED_COMMAND, f"retained set/{command.setting} is ignored")
            return
        try:
            self._settings = command.applied_to(self._settings)
            self._last_error = None
        except SettingRefused as refused:
            self._last_error = SettingError(
                setting=sentence(refused.setting), reason=sentence(refused.reason, 512)
            )
        else:
            if self._session is not None:
                await self._session.apply(self._settings)
        self._revise()
        self.publish_state()

    def _revise(self) -> None:
        self._revision = min(self._revision + 1, MAX_TERM)

    async def saw(self, state: StreamState) -> None:
        """A ``state`` was seen, ours or another worker's."""
        before = self._tenure
        self._tenure = before.saw(state.owner, state.term)
        if self._tenure.standing is not Standing.OWNER:
            self.owner = state.owner
            self._settings = state.settings
            self._revision = max(self._revision, state.revision)
        if before.standing is Standing.OWNER and self._tenure.standing is Standing.ASIDE:
            _log.info("%s: %s took over under term %d", self.stream, state.owner, state.term)
            await self._end()

    def elected(self, *, is_owner: bool) -> None:
        """The hash names this worker, or does not."""
        after = self._tenure.elected(is_owner=is_owner)
        if after.standing is Standing.ASIDE:
            self._state.flush()
            self._tenure = after
            self._stop()
            return
        self._tenure = after
        if self._serving is None:
            self._serving = asyncio.create_task(self._take_over(), name=f"stream-{self.stream}")

    async def drain(self) -> None:
        """Let what plays be heard to its end, at most 5 s, then leave the stream to others."""
        session = self._session
        try:
            if session is not None:
                for _ in range(_DRAIN_LOOKS):
                    if self._session is not session or session.quiet:
                        break
                    await asyncio.sleep(_DRAIN_LOOK_S)
                with suppress(Exception):
                    await session.finish()
        finally:
            self._state.flush()
            await self._end()

    def forget(self) -> None:
        """The stream is gone: nothing more is said of its state."""
        self._forgotten = True

    def publish_state(self) -> None:
        """Publish the retained ``state``, as the owner; now, or with others a moment later."""
        self._state.wish()

    def _publish_state(self) -> None:
        if self._forgotten or self._tenure.standing is not Standing.OWNER:
            return
        session = self._session
        state = StreamState(
            stream=self.stream,
            settings=self._settings,
            owner=self._services.config.worker,
            term=self._tenure.term,
            revision=self._revision,
            out_topic=session.out_topic if session else "",
            rung=session.rung if session else Rung.FULL,
            last_error=self._last_error,
            needs=session.supply.need if session else None,
            trouble=sentence(session.supply.trouble, 512) if session else "",
            epoch=(session.epoch or None) if session else None,
            playout_delay_ns=session.delay_ns if session else 0,
            ai_disclosure=self._settings.label,
            retained_commands_ignored=self._retained_ignored,
        )
        try:
            self._services.announcer.say(Channel.STATE, state, stream=self.stream)
        except MessageRefused as error:
            if not self._unsaid:
                _log.warning("%s: %s", self.stream, error)
            self._unsaid = True

    async def _take_over(self) -> None:
        """Read the retained state, then serve; a session that fails is started again."""
        await asyncio.sleep(self._read_state_s())
        self.owner = self._services.config.worker
        self._revise()
        pause_s = _FIRST_RESTART_S
        while True:
            # Every session has a term of its own: it numbers its segments from 0.
            self._tenure = self._tenure.took_over()
            began_ns = self._services.now_ns()
            try:
                await self._serve()
            except Exception as error:  # noqa: BLE001 - whatever it was, other streams go on
                _log.exception("%s: session failed, starts again in %.1f s", self.stream, pause_s)
                self._say(EventType.STAGE_FAILED, f"session: {type(error).__name__}")
            if self._services.now_ns() - began_ns > 60 * 1_000_000_000:
                pause_s = _FIRST_RESTART_S
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LAST_RESTART_S)

    async def _serve(self) -> None:
        while self._commands:
            await self._obey(self._commands.popleft())
        session = Session(
            self.stream, self._services, self._settings, self._tenure.term, self._visit
        )
        try:
            session.on_change(self.publish_state)
            if self._anchor is not None:
                await session.anchor(self._anchor)
            while self._early:
                await session.take(self._early.popleft())
            self._session = session
            self.publish_state()
            await session.run()
        finally:
            session.close()
            if self._session is session:
                self._session = None

    async def _end(self) -> None:
        self._tenure = self._tenure.elected(is_owner=False)
        task = self._stop()
        if task is not None:
            with suppress(asyncio.CancelledError):
                await task

    def _stop(self) -> asyncio.Task[None] | None:
        """Serve no longer; what came for the session that was to be is not kept for a later one."""
        task, self._serving = self._serving, None
        self._state.drop()
        self._early.clear()
        self._commands.clear()
        if task is not None:
            task.cancel()
        return task

    def _say(self, kind: EventType, detail: str) -> None:
        self._services.announcer.say(
            Channel.EVENT,
            StreamEvent(
                stream=self.stream,
                type=kind,
                utc_ns=self._services.now_ns(),
                detail=sentence(detail),
            ),
            stream=self.stream,
        )
