"""One stream as a worker sees it: whose it is, its settings, and the session that serves it."""

import asyncio
import logging
from collections import deque
from contextlib import suppress

from edge_worker.media.clock import ClockAnchor
from edge_worker.ownership import Standing, Tenure
from edge_worker.session.session import Services, Session
from edge_worker.session.wording import sentence
from edge_worker.transport import Message
from mqtt_schemas import (
    Activation,
    Channel,
    EventType,
    Rung,
    SettingError,
    SettingRefused,
    StreamEvent,
    StreamInfo,
    StreamState,
)

_log = logging.getLogger(__name__)
_EARLY_SEGMENTS = 32
"""Segments kept while the stream is being taken over."""
_DRAIN_LOOK_S = 0.05
_DRAIN_LOOKS = 100
"""What plays is given five seconds to end."""
_FIRST_RESTART_S, _LAST_RESTART_S = 0.5, 30.0
_VISIT_NS = 120_000_000_000


class StreamKeeper:
    """Keeps one stream: ownership, settings, the session and its restarts.

    Args:
        stream: id.
        services: of the worker.
        read_state_s: how long a retained ``state`` may still be on its way.
    """

    def __init__(self, stream: str, services: Services, read_state_s: float) -> None:
        self.stream = stream
        self._services = services
        self._read_state_s = read_state_s
        self._early: deque[Message] = deque(maxlen=_EARLY_SEGMENTS)
        self._tenure = Tenure(services.config.worker)
        self._settings = services.config.settings_of(stream)
        self._revision = 0
        self._last_error: SettingError | None = None
        self._retained_ignored = 0
        self._info: StreamInfo | None = None
        self._anchor: ClockAnchor | None = None
        self._session: Session | None = None
        self._serving: asyncio.Task[None] | None = None
        self._visit_until_ns = 0

    @property
    def serving(self) -> bool:
        """This worker owns the stream."""
        return self._tenure.standing is Standing.OWNER

    @property
    def taken(self) -> bool:
        """This worker owns the stream or is about to."""
        return self._tenure.standing is not Standing.ASIDE

    def declare(self, info: StreamInfo) -> None:
        """The camera side described the stream."""
        self._info = info

    async def anchor(self, anchor: ClockAnchor) -> None:
        """The camera side tied its clock to UTC."""
        self._anchor = anchor
        if self._session is not None:
            await self._session.anchor(anchor)

    async def media(self, message: Message) -> None:
        """Hand a segment to the session."""
        if self._session is not None:
            await self._session.take(message)
        elif self._tenure.standing is not Standing.ASIDE:
            self._early.append(message)

    def ring(self) -> None:
        """Somebody rang: a stream that is translated by visit wakes up."""
        self._visit_until_ns = self._services.now_ns() + _VISIT_NS
        if self._settings.activation is Activation.RING and self._session is not None:
            self._session.visit_until(self._visit_until_ns)

    async def set(self, setting: str, text: str, *, retained: bool) -> None:
        """Obey a command; every one, taken or refused, yields a new ``state``."""
        if retained:
            self._retained_ignored += 1
            self._say(EventType.RETAINED_COMMAND, f"retained set/{setting} is ignored")
            return
        if self._tenure.standing is not Standing.OWNER:
            return
        try:
            self._settings = self._settings.apply(setting, text)
            self._last_error = None
        except SettingRefused as refused:
            self.refuse(refused.setting, refused.reason)
            return
        if self._session is not None:
            await self._session.apply(self._settings)
        self._revision += 1
        self.publish_state()

    def refuse(self, setting: str, reason: str) -> None:
        """Say in ``state`` why a command was refused."""
        if self._tenure.standing is not Standing.OWNER:
            return
        self._last_error = SettingError(setting=sentence(setting), reason=sentence(reason, 512))
        self._revision += 1
        self.publish_state()

    async def saw(self, state: StreamState) -> None:
        """A ``state`` was seen, ours or another worker's."""
        before = self._tenure
        self._tenure = before.saw(state.owner, state.term)
        if self._tenure.standing is not Standing.OWNER:
            self._settings = state.settings
            self._revision = max(self._revision, state.revision)
        if before.standing is Standing.OWNER and self._tenure.standing is Standing.ASIDE:
            _log.info("%s: %s took over under term %d", self.stream, state.owner, state.term)
            await self._end()

    def elected(self, *, is_owner: bool) -> None:
        """The hash names this worker, or does not."""
        before = self._tenure
        self._tenure = before.elected(is_owner=is_owner)
        if self._tenure.standing is Standing.READING and self._serving is None:
            self._serving = asyncio.create_task(self._take_over(), name=f"stream-{self.stream}")
        elif before.standing is not Standing.ASIDE and self._tenure.standing is Standing.ASIDE:
            task = self._serving
            self._serving = None
            if task is not None:
                task.cancel()

    async def drain(self) -> None:
        """Let what plays be heard to its end, then leave the stream to others."""
        session = self._session
        if session is not None:
            for _ in range(_DRAIN_LOOKS):
                if self._session is not session or session.quiet:
                    break
                await asyncio.sleep(_DRAIN_LOOK_S)
            with suppress(Exception):
                await session.finish()
        await self._end()

    def publish_state(self) -> None:
        """Publish the retained ``state``, as the owner."""
        if self._tenure.standing is not Standing.OWNER:
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
            epoch=(session.epoch or None) if session else None,
            playout_delay_ns=session.delay_ns if session else 0,
            ai_disclosure=self._settings.label,
            retained_commands_ignored=self._retained_ignored,
        )
        self._services.announcer.say(Channel.STATE, state, stream=self.stream)

    async def _take_over(self) -> None:
        """Read the retained state, then serve; a session that fails is started again."""
        await asyncio.sleep(self._read_state_s)
        self._tenure = self._tenure.took_over()
        self._revision += 1
        pause_s = _FIRST_RESTART_S
        while self._tenure.standing is Standing.OWNER:
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
        session = Session(self.stream, self._services, self._settings, self._tenure.term)
        try:
            session.on_change(self.publish_state)
            session.visit_until(self._visit_until_ns)
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
        task, self._serving = self._serving, None
        self._tenure = self._tenure.elected(is_owner=False)
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

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
