"""The playout loop: paces what is due by the media clock and lets nothing pile up."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from edge_worker.media.clock import ClockUnsetError, MediaClock
from edge_worker.session.production import Batch, Produced, Production
from edge_worker.timeline import Advance, PlayoutClock, Timeline
from edge_worker.timeline.presentation import Presentation
from mqtt_schemas import Rung

_TICK_S = 0.01
_FAR_BEHIND_NS = 1_000_000_000
_LOST_NS = 10_000_000_000
"""Behind further than this, as after this machine slept, nothing that waits is worth playing."""
_MAX_STEP_NS = 500_000_000


@dataclass(frozen=True, slots=True)
class PlayoutSettings:
    """What the owner of the stream wants, and what the machine can do."""

    epoch: str
    """Of the media that waits to be played."""
    lips: bool
    label: bool
    original_volume: float
    rung: Rung
    delay_ns: int
    """Wanted; put in force in the next silence."""
    sound_only: bool
    """The source has no pictures."""
    video_bit_rate: int
    """Bits per second."""


@dataclass(slots=True)
class PlayoutHooks:
    """Whom the loop tells what."""

    settings: Callable[[], PlayoutSettings]
    silent: Callable[[], bool]
    """Nobody speaks at the source just now."""
    heard_until_ns: Callable[[], int]
    advanced: Callable[[Advance], Awaitable[None]]
    produced: Callable[[Produced], Awaitable[None]]
    speakers: Callable[[], Mapping[str, int | None]]
    """Who speaks each utterance that plays, by its id; not changed afterwards."""
    late: Callable[[int], None]
    """How late the newest output was."""
    delayed: Callable[[], None]
    """Another playout delay is in force."""


class Playout:
    """Runs one session's output.

    Args:
        timeline: decides what speech plays when.
        clock: the playout delay.
        presentation: holds what waits for its moment.
        production: the render thread's work.
        thread: where ``production`` runs.
        now_ns: UTC.
    """

    def __init__(
        self,
        timeline: Timeline,
        clock: PlayoutClock,
        presentation: Presentation,
        production: Production,
        thread: Executor,
        now_ns: Callable[[], int],
    ) -> None:
        self._timeline = timeline
        self._clock = clock
        self._presentation = presentation
        self._production = production
        self._thread = thread
        self._now_ns = now_ns
        self._output_ns: int | None = None
        self._run = 0
        self._resting = True

    @property
    def delay_ns(self) -> int:
        """The playout delay in force."""
        return self._clock.delay_ns

    @property
    def media_ns(self) -> int:
        """Media time that plays now; 0 before anything has."""
        return (self._output_ns or 0) - self._clock.delay_ns if self._output_ns else 0

    def restart(self) -> None:
        """The media clock began anew."""
        self._output_ns = None

    async def run(self, media_clock: MediaClock, hooks: PlayoutHooks) -> None:
        """Play until cancelled."""
        while True:
            await self.tick(media_clock, hooks)
            await asyncio.sleep(_TICK_S)

    async def tick(self, media_clock: MediaClock, hooks: PlayoutHooks) -> None:
        """Play what has become due since the last tick."""
        settings = hooks.settings()
        began_ns = time.monotonic_ns()
        output_ns = _moment(media_clock, self._now_ns(), settings.epoch)
        if output_ns is None or not self._reach(output_ns, settings.delay_ns):
            return
        self._take_up_delay(output_ns, settings.delay_ns, hooks)
        media_ns = output_ns - self._clock.delay_ns
        advance = self._timeline.advance(media_ns, hooks.heard_until_ns())
        if advance.placed or advance.overloaded or advance.ended:
            await hooks.advanced(advance)
        batch = Batch(
            epoch=settings.epoch,
            run=self._run,
            pictures=self._presentation.pictures(output_ns),
            sounds=self._presentation.sounds(output_ns),
            speakers=hooks.speakers(),
            lips=settings.lips and settings.rung in {Rung.FULL, Rung.LIPS_HALF_RATE},
            half_rate=settings.rung is Rung.LIPS_HALF_RATE,
            label=settings.label,
            original_volume=settings.original_volume,
            sound_only=settings.sound_only,
            frame_rate=self._presentation.frame_rate,
            video_bit_rate=settings.video_bit_rate,
        )
        if not batch.pictures and not batch.sounds:
            return
        loop = asyncio.get_running_loop()
        produced = await loop.run_in_executor(self._thread, self._production.produce, batch)
        await hooks.produced(produced)
        hooks.late(time.monotonic_ns() - began_ns)

    def _reach(self, output_ns: int, wanted_ns: int) -> bool:
        """Move the output on to ``output_ns``; False where there is nothing to play."""
        media_ns = output_ns - max(self._clock.delay_ns, wanted_ns)
        if self._presentation.over(media_ns) and self._timeline.silent_at(media_ns):
            self._presentation.rest()
            self._resting = True
            return False
        resting, self._resting = self._resting, False
        if self._output_ns is None:
            self._presentation.begin(output_ns)
        step_ns = output_ns - self._output_ns if self._output_ns is not None else 1
        if abs(step_ns) > _LOST_NS and not (resting and step_ns > 0):
            # One moment of a clock that is just being set must not move the output.
            if not self._presentation.covers(media_ns):
                return False
            self._timeline.clear()
            self._presentation.restart()
            self._run += 1
        elif step_ns <= 0:
            return False  # the clock's estimate moved back a little
        elif step_ns > _FAR_BEHIND_NS:
            self._presentation.skip_to(output_ns - _MAX_STEP_NS)
        self._output_ns = output_ns
        return True

    def _take_up_delay(self, output_ns: int, wanted_ns: int, hooks: PlayoutHooks) -> None:
        if wanted_ns == self._clock.delay_ns:
            return
        if self._timeline.silent_at(output_ns - self._clock.delay_ns) and hooks.silent():
            self._clock.set_delay(wanted_ns)
            hooks.delayed()


def _moment(media_clock: MediaClock, utc_ns: int, epoch: str) -> int | None:
    """Media time now; None while the clock is already, or still, another epoch's."""
    if media_clock.epoch != epoch:
        return None
    try:
        return media_clock.pts_of(utc_ns)
    except ClockUnsetError:
        return None
