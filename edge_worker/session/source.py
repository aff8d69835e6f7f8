"""What comes in of one stream: read in its own thread, handed out by epoch and by kind."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from edge_worker.ingest import IngestCounters
from edge_worker.items import AudioBlock
from edge_worker.links import Link, WhenFull
from edge_worker.media.clock import ClockAnchor, MediaClock
from edge_worker.rvp.tracker import TrackedFrame
from edge_worker.session.epochs import Epochs
from edge_worker.session.intake import Intake, Taken
from edge_worker.session.presence import Presence
from edge_worker.session.thread import unless_ended
from edge_worker.transport import Message
from mqtt_schemas import EventType, MessageRefused

_SEGMENTS = 64
_POLL_S = 0.05
_SOUND_GONE_S = 2.0


class Witness(Protocol):
    """Is told how the source is."""

    def taken(self, taken: Taken) -> None:
        """What came out of a message."""

    def event(self, kind: EventType, *, detail: str = "") -> None:
        """Something happened."""

    def refused(self, error: MessageRefused) -> None:
        """A message broke the contract."""

    def lacks(self, track: str, detail: str) -> None:
        """A track is missing."""

    def restart(self, epoch: str) -> None:
        """Another media clock counts from now on."""


class Strain(Protocol):
    """Feels when the source cannot be read in time."""

    def dropped(self, total: int) -> None:
        """So many segments have been dropped unread since the beginning."""

    def waited(self, waited_ns: int) -> None:
        """A segment was decoded so long after it came."""


class SeePicture(Protocol):
    """Takes pictures."""

    def __call__(self, picture: TrackedFrame, /, *, tracked: bool) -> None:
        """Take one; ``tracked``: faces were looked for in it."""


class HearSound(Protocol):
    """Takes sound at 48 kHz."""

    def __call__(self, block: AudioBlock, /, *, tracked: bool) -> Awaitable[None]:
        """Take one block; ``tracked``: faces were looked for beside it."""


@dataclass(frozen=True, slots=True)
class SourceHooks:
    """Whom the source hands what, and what it asks."""

    tracking: Callable[[], bool]
    """Faces are worth looking for."""
    watched: Callable[[], frozenset[int]]
    """Face tracks to look at in every picture."""
    resting: Callable[[], bool]
    """Nobody speaks, and nothing is being spoken."""
    began: Callable[[], None]
    """Another media clock counts from now on: what was on the one before is over."""
    picture: SeePicture
    sound: HearSound
    hush: Callable[[], Awaitable[None]]
    """The source fell silent without a sound."""


class Source:
    """Reads one stream until cancelled.

    Args:
        intake: demuxes, decodes and tracks.
        witness: is told how it is.
        strain: feels what is dropped, and what waited.
        now_ns: UTC.
    """

    def __init__(
        self, intake: Intake, witness: Witness, strain: Strain, now_ns: Callable[[], int]
    ) -> None:
        self.epochs = Epochs()
        self._intake = intake
        self._witness = witness
        self._strain = strain
        self._now_ns = now_ns
        self._inbox: Link[Message] = Link("segments", _SEGMENTS, WhenFull.DROP_OLDEST)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"ingest-{intake.ingest.stream}")
        self._presence = Presence()
        self._sound_at_s: float | None = None
        """Monotonic seconds of the newest sound; None once its end has been noticed."""

    @property
    def epoch(self) -> str:
        """Of the media clock in force; empty before the first segment."""
        return self.epochs.current

    @property
    def clock(self) -> MediaClock:
        """Media time in UTC."""
        return self._intake.ingest.clock

    @property
    def counters(self) -> IngestCounters:
        """Totals up to now."""
        return self._intake.ingest.counters

    @property
    def jitter_ns(self) -> int:
        """How long to wait for this sender."""
        return self._intake.ingest.jitter.delay_ns

    @property
    def dropped(self) -> int:
        """Segments that were dropped unread."""
        return self._inbox.dropped

    @property
    def without_picture_ns(self) -> int:
        """How much sound has come since the last picture."""
        return self._presence.without_picture_ns

    async def take(self, message: Message) -> None:
        """Take one message of ``in/av``; never waits."""
        await self._inbox.put(message)

    async def anchor(self, anchor: ClockAnchor) -> None:
        """Take a clock anchor of the camera; one that comes after the end is nobody's."""
        await unless_ended(self._thread, partial(self._intake.anchor, anchor))

    def close(self) -> None:
        """End the thread; it cannot be run again."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def run(self, hooks: SourceHooks) -> None:
        """Read until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._intake.tracking = hooks.tracking()
            self._intake.watched = hooks.watched()
            self._intake.resting = hooks.resting()
            self._strain.dropped(self._inbox.dropped)
            try:
                async with asyncio.timeout(_POLL_S):
                    message = await self._inbox.get()
            except TimeoutError:
                await self._hush(hooks)
                taken = await loop.run_in_executor(self._thread, self._intake.poll, self._now_ns())
            else:
                try:
                    taken = await loop.run_in_executor(self._thread, self._intake.take, message)
                except MessageRefused as error:
                    self._witness.refused(error)
                    continue
                self._strain.waited(self._now_ns() - message.received_ns)
            await self.hand_out(taken, hooks)

    async def hand_out(self, taken: Taken, hooks: SourceHooks) -> None:
        """Give everything to whom it belongs; what is of an epoch that is over is left out."""
        self._witness.taken(taken)
        for note in taken.notes:
            self._witness.event(EventType.BAD_INPUT, detail=note.text)
        for picture in taken.pictures:
            if not self._enter(picture.frame.epoch, taken.epoch, hooks):
                continue
            self._presence.picture(picture.frame.pts_ns)
            hooks.picture(picture, tracked=taken.tracked)
        for block in taken.blocks:
            if not self._enter(block.epoch, taken.epoch, hooks):
                continue
            self._presence.sound(block.end_ns)
            self._sound_at_s = time.monotonic()
            await hooks.sound(block, tracked=taken.tracked)
        for track, detail in self._presence.lacks():
            self._witness.lacks(track, detail)

    async def _hush(self, hooks: SourceHooks) -> None:
        """End what was being said when no sound comes any more."""
        if self._sound_at_s is not None and time.monotonic() - self._sound_at_s > _SOUND_GONE_S:
            self._sound_at_s = None
            await hooks.hush()

    def _enter(self, epoch: str, current: str, hooks: SourceHooks) -> bool:
        """Whether this epoch counts; when it is new, what was on the old clock is forgotten."""
        before = self.epochs.current
        if not self.epochs.enter(epoch, current):
            return False
        if epoch != before:
            if before:
                self._witness.event(EventType.EPOCH_CHANGED, detail="the camera started again")
            self._witness.restart(epoch)
            self._presence = Presence()
            hooks.began()
        return True
