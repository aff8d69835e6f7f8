"""Plays replies one after the other, in real time, and tells what became of each."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from edge_worker.camera.speaker.reply import Reply
from edge_worker.camera.speaker.sink import BLOCK_NS, Playback, Sink, SinkError
from mqtt_schemas import MediaProperties, PlayedStatus

_log = logging.getLogger(__name__)

_MAX_REPLIES = 8
_MAX_WAIT_NS = 15_000_000_000
_OPENS_WITHIN_S = 4.0
_BEGINS_WITHIN_S = 0.3
"""A reply of one segment that does not say that it is the last."""
_REMEMBERED = 64
_CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Played:
    """What the loudspeaker did."""

    transaction: str
    status: PlayedStatus
    utc_ns: int
    detail: str = ""
    """Why it failed, or what was not quite as it should be."""


class Player:
    """Plays what it is given.

    Args:
        sink: where; opened anew for each reply, so that one which failed is tried again.
        tell: called with what happened, from the event loop.
    """

    def __init__(self, sink: Sink, tell: Callable[[Played], None]) -> None:
        self._sink = sink
        self._tell = tell
        self._replies: dict[str, Reply] = {}
        self._over: deque[str] = deque(maxlen=_REMEMBERED)
        self._came = asyncio.Event()
        self._playing: asyncio.Task[None] | None = None

    def add(self, transaction: str, properties: MediaProperties, data: bytes) -> None:
        """Take a segment; one of a reply that is over is left out."""
        now_ns = time.monotonic_ns()
        if transaction in self._over:
            return
        if transaction not in self._replies:
            if len(self._replies) >= _MAX_REPLIES:
                self._fail(transaction, f"{_MAX_REPLIES} replies already wait for the loudspeaker")
                return
            self._replies[transaction] = Reply(transaction, now_ns)
            self._came.set()
        self._replies[transaction].add(properties, data, now_ns)

    def refuse(self, transaction: str, why: str) -> None:
        """Do not play a reply, and say so once; one that has begun goes on."""
        if transaction not in self._over and transaction not in self._replies:
            self._fail(transaction, why)

    def cancel(self, transaction: str) -> None:
        """Fall silent, and forget the reply; what still comes of it is left out.

        It has failed, unless it was over: only what was heard to its end has ended.
        """
        reply = self._replies.get(transaction)
        if reply is None:
            self._over.append(transaction)
            return
        if self._playing is not None and next(iter(self._replies)) == transaction:
            self._playing.cancel()
            return
        del self._replies[transaction]
        self._end(transaction, PlayedStatus.FAILED, _CANCELLED)

    async def run(self) -> None:
        """Play until cancelled; what is not over by then has failed."""
        try:
            await self._run()
        finally:
            for transaction in self._replies:
                self._fail(transaction, "the camera side was ended")

    async def _run(self) -> None:
        while True:
            await self._came.wait()
            while self._replies:
                await self._next()
            self._came.clear()

    async def _next(self) -> None:
        """Play the reply that has waited longest, to its end or until it is cancelled."""
        reply = next(iter(self._replies.values()))
        self._playing = asyncio.create_task(self._play(reply), name="speaker")
        try:
            await asyncio.wait([self._playing])
        except asyncio.CancelledError:
            self._playing.cancel()
            await asyncio.wait([self._playing])
            raise
        if self._playing.cancelled():
            self._end(reply.transaction, PlayedStatus.FAILED, _CANCELLED)
        self._playing = None
        del self._replies[reply.transaction]

    async def _play(self, reply: Reply) -> None:
        if time.monotonic_ns() - reply.began_ns > _MAX_WAIT_NS:
            self._fail(reply.transaction, "the loudspeaker was busy for too long")
            return
        try:
            await self._sound(reply)
        except SinkError as error:
            self._fail(reply.transaction, str(error))
        except Exception:  # noqa: BLE001 - the next reply may well be played
            _log.exception("talkback %s: unexpected failure", reply.transaction)
            self._fail(reply.transaction, "the camera side failed; its log tells more")

    async def _sound(self, reply: Reply) -> None:
        playback = await self._opened()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_BEGINS_WITHIN_S):
                    await reply.enough.wait()
            await self._feed(reply, playback)
            await playback.finish()
            if reply.spoilt:
                raise SinkError(f"part of it did not arrive: {reply.losses}")
            lost = f"{reply.losses} did not arrive" if reply.losses else ""
            self._end(reply.transaction, PlayedStatus.ENDED, lost)
        finally:
            await playback.stop()

    async def _opened(self) -> Playback:
        try:
            async with asyncio.timeout(_OPENS_WITHIN_S):
                return await self._sink.open()
        except TimeoutError as error:
            raise SinkError(
                f"the loudspeaker could not be opened within {_OPENS_WITHIN_S:.0f} s"
            ) from error

    async def _feed(self, reply: Reply, playback: Playback) -> None:
        """Write block by block, each when it is due.

        Raises:
            SinkError: the sink broke, or the sound stopped coming.
        """
        due_ns = time.monotonic_ns()
        while (block := reply.take(time.monotonic_ns())) is not None:
            if reply.stalled(time.monotonic_ns()):
                raise SinkError("its sound stopped coming before its end")
            await playback.write(block)
            if not reply.started:
                reply.started = True
                self._say(reply.transaction, PlayedStatus.STARTED)
            due_ns += BLOCK_NS
            await asyncio.sleep((due_ns - self._sink.lead_ns - time.monotonic_ns()) / 1e9)
        if not reply.heard:
            raise SinkError("its sound cannot be read; it has to be MPEG-TS with AAC")
        await asyncio.sleep((due_ns - time.monotonic_ns()) / 1e9)  # what was given ahead

    def _fail(self, transaction: str, why: str) -> None:
        self._end(transaction, PlayedStatus.FAILED, why)

    def _end(self, transaction: str, status: PlayedStatus, why: str = "") -> None:
        """Tell how a reply ended; once."""
        if transaction in self._over:
            return
        self._over.append(transaction)
        if why and why != _CANCELLED:
            _log.warning("talkback %s: %s", transaction, why)
        self._say(transaction, status, why)

    def _say(self, transaction: str, status: PlayedStatus, why: str = "") -> None:
        self._tell(Played(transaction, status, time.time_ns(), why))
