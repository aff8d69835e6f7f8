"""The streams that this worker interprets for others, as their owners' states say."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from edge_worker.roles.interpretation import Interpretation
from edge_worker.session.services import Services
from edge_worker.transport import Message
from mqtt_schemas import MAX_STREAMS, Channel, StreamState

_log = logging.getLogger(__name__)
_LOOK_S = 1.0
_ORPHANED_S = 10.0
"""An owner that is gone is succeeded within five seconds; for so long it is interpreted on."""
_LEAVE_LOOK_S = 0.05
_LEAVE_LOOKS = 100
"""What was said is given five seconds to be sent."""
_FIRST_RESTART_S, _LAST_RESTART_S = 0.5, 30.0


class _Kept:
    """One stream: its interpretation, started again when it fails."""

    def __init__(self, state: StreamState, services: Services, *, reads: bool) -> None:
        self.state = state
        self.orphaned_s: float | None = None
        """Monotonic seconds since when its owner is gone."""
        self._services = services
        self._reads = reads
        self._current: Interpretation | None = None
        self._task = asyncio.create_task(self._run(), name=f"interpret-{state.stream}")

    @property
    def quiet(self) -> bool:
        """Nobody speaks, and all that was said has been sent."""
        return self._current is None or self._current.quiet

    async def take(self, message: Message) -> None:
        """Hand on a segment."""
        if self._current is not None:
            await self._current.take(message)

    def obey(self, state: StreamState) -> None:
        """Hand on what the owner wants."""
        self.state = state
        if self._current is not None:
            self._current.obey(state)

    async def leave(self) -> None:
        """Send what was said before, then end."""
        if self._current is not None:
            self._current.leave()
        await _until(lambda: self._current is None or not self._current.busy)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        pause_s = _FIRST_RESTART_S
        while True:
            try:
                await self._interpret()
            except Exception:  # noqa: BLE001 - whatever it was, other streams go on
                _log.exception("%s: starts again in %.1f s", self.state.stream, pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LAST_RESTART_S)

    async def _interpret(self) -> None:
        interpretation = Interpretation(self.state, self._services)
        self._current = interpretation
        link, topics = self._services.announcer.link, self._services.announcer.topics
        subscription = None
        try:
            if self._reads:
                topic = topics.filter(Channel.IN_AV, stream=self.state.stream)
                subscription = await link.subscribe(topic, interpretation.take, media=True)
            await interpretation.run()
        finally:
            self._current = None
            if subscription is not None:
                await link.unsubscribe(subscription)


class Interpretations:
    """Begins and ends interpretations.

    Args:
        services: of the worker.
        alive: whether another worker is there.
        reads: segments have to be subscribed to, as nobody else in this worker reads them.
    """

    def __init__(self, services: Services, alive: Callable[[str], bool], *, reads: bool) -> None:
        self._services = services
        self._alive = alive
        self._reads = reads
        self._kept: dict[str, _Kept] = {}
        self._full = False
        """It has been said that there are too many."""
        self._leaving: set[asyncio.Task[None]] = set()

    @property
    def streams(self) -> tuple[str, ...]:
        """What it interprets for others."""
        return tuple(self._kept)

    def saw(self, state: StreamState) -> None:
        """An owner said who interprets its stream."""
        me, kept = self._services.config.worker, self._kept.get(state.stream)
        if kept is not None and state.term < kept.state.term:
            return  # of an owner that has a successor
        if state.interpreter != me or state.owner == me:
            self.gone(state.stream)
        elif kept is not None:
            kept.obey(state)
        elif len(self._kept) >= MAX_STREAMS:
            if not self._full:
                _log.warning("%s is not interpreted: %d streams are", state.stream, MAX_STREAMS)
            self._full = True
        else:
            self._full = False
            _log.info("%s: interprets it for %s", state.stream, state.owner)
            self._kept[state.stream] = _Kept(state, self._services, reads=self._reads)

    def gone(self, stream: str) -> None:
        """It is not to be interpreted here any more."""
        kept = self._kept.pop(stream, None)
        if kept is not None:
            _log.info("%s: interprets it no longer", stream)
            task = asyncio.create_task(kept.leave(), name=f"leave-{stream}")
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def take_in(self, stream: str, message: Message) -> None:
        """A segment came; never waits."""
        kept = self._kept.get(stream)
        if kept is not None:
            await kept.take(message)

    async def run(self) -> None:
        """End what nobody wants any more, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            now_s = time.monotonic()
            for stream, kept in list(self._kept.items()):
                if self._alive(kept.state.owner):
                    kept.orphaned_s = None
                elif kept.orphaned_s is None:
                    kept.orphaned_s = now_s
                elif now_s - kept.orphaned_s > _ORPHANED_S:
                    self.gone(stream)

    async def drain(self) -> None:
        """Interpret on until a pause in speech, for at most five seconds, and end."""
        await _until(lambda: all(one.quiet for one in self._kept.values()))
        for stream in self.streams:
            self.gone(stream)
        await asyncio.gather(*self._leaving, return_exceptions=True)


async def _until(holds: Callable[[], bool]) -> None:
    for _ in range(_LEAVE_LOOKS):
        if holds():
            return
        await asyncio.sleep(_LEAVE_LOOK_S)
