"""The successor's side of a handover: a session that runs unheard beside the owner's."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from edge_worker.media.clock import ClockAnchor
from edge_worker.session.services import Services
from edge_worker.session.session import Session
from edge_worker.session.visit import Visit
from edge_worker.transport import Message
from mqtt_schemas import StreamSettings

_log = logging.getLogger(__name__)
_LOOK_S = 0.02
_STALLED_S = 2.0
"""Where no segment came for so long there is no output to wait for."""


class Standby:
    """Decodes and encodes one stream, translates and says nothing, until it is on the air.

    Args:
        stream: id.
        services: of the worker.
        settings: in force, as the owner says.
        visit: of the stream.
        anchor: of its clock, where one is known.
    """

    def __init__(
        self,
        stream: str,
        services: Services,
        settings: StreamSettings,
        visit: Visit,
        anchor: ClockAnchor | None,
    ) -> None:
        self._announcer = services.announcer.unheard()
        unheard = replace(services, announcer=self._announcer)
        # It is given a term, and translates, when it takes over.
        self.session = Session(stream, unheard, replace(settings, enabled=False), 0, visit)
        self._stream = stream
        self._heard_s = time.monotonic()
        self._running = asyncio.create_task(self._run(anchor), name=f"standby-{stream}")

    @property
    def ready(self) -> bool:
        """It can go on without a gap, or there is nothing to go on with."""
        stalled = time.monotonic() - self._heard_s > _STALLED_S
        return self._announcer.segments > 0 or stalled or self._running.done()

    async def take(self, message: Message) -> None:
        """Take a segment, as the owner's session does."""
        self._heard_s = time.monotonic()
        await self.session.take(message)

    async def go_on_air(self, settings: StreamSettings, term: int) -> None:
        """Be heard from a segment's beginning on; returns when the first has left.

        Args:
            settings: in force.
            term: under which the stream is owned.
        """
        await self.session.take_over(settings, term)
        self._announcer.audible = True
        before, until_s = self._announcer.segments, time.monotonic() + _STALLED_S
        await _until(lambda: self._announcer.segments > before or time.monotonic() > until_s)

    async def run(self) -> None:
        """Go on until cancelled; raises what the session raises."""
        await self._running

    async def finish(self) -> None:
        """Send what has been rendered; it is cancelled after this."""
        await self.session.finish()

    def close(self) -> None:
        """End the session; it cannot be run again."""
        self._running.cancel()
        self.session.close()

    async def _run(self, anchor: ClockAnchor | None) -> None:
        if anchor is not None:
            await self.session.anchor(anchor)
        await self.session.run()


class Succession:
    """Makes ready what the owner of a stream wants to hand over, and takes it when it may.

    Args:
        prepare: makes the session that will go on; None where the stream sleeps.
        take_over: the stream is ours from now on.
    """

    def __init__(
        self, prepare: Callable[[], Standby | None], take_over: Callable[[Standby | None], None]
    ) -> None:
        self._prepare = prepare
        self._take_over = take_over
        self._standby: Standby | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._may = False

    async def take(self, message: Message) -> None:
        """Take a segment while there is something to make ready."""
        if self._standby is not None:
            await self._standby.take(message)

    def named(self, *, yields: bool) -> None:
        """The owner names this worker its successor, and says whether it yields."""
        self._may = yields
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.create_task(self._wait())

    def claim(self) -> Standby | None:
        """Take what has been made ready so far, because the stream is ours."""
        waiting, self._waiting = self._waiting, None
        standby, self._standby, self._may = self._standby, None, False
        if waiting is not None and waiting is not asyncio.current_task():
            waiting.cancel()
        return standby

    def end(self) -> None:
        """This worker is nobody's successor."""
        standby = self.claim()
        if standby is not None:
            standby.close()

    async def _wait(self) -> None:
        try:
            self._standby = self._prepare()
        except Exception:  # noqa: BLE001 - it is taken all the same, and begins anew
            _log.exception("what is handed over could not be made ready")
        standby = self._standby
        await _until(lambda: self._may and (standby is None or standby.ready))
        self._take_over(self.claim())


async def _until(holds: Callable[[], bool]) -> None:
    while True:
        if holds():
            return
        await asyncio.sleep(_LOOK_S)
