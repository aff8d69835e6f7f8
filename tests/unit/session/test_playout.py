"""What plays while clocks are set, cameras start again and the machine sleeps."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from edge_worker.items import AudioBlock
from edge_worker.media.clock import ClockAnchor, MediaClock
from edge_worker.rvp.lips import Lips
from edge_worker.session.playout import Playout, PlayoutHooks, PlayoutSettings
from edge_worker.session.production import Batch, Produced, Production
from edge_worker.timeline import Advance, PlayoutClock, Timeline
from edge_worker.timeline.presentation import Presentation
from mqtt_schemas import Rung
from tests.unit.session.making import NoEngine
from tests.unit.timeline.speech import RATE, SECOND_NS, cut_to_speed, synced

UTC_NS = 1_790_000_000 * SECOND_NS
DELAY_NS = SECOND_NS // 2
SEGMENT_NS = 120_000_000
TICK_NS = 40_000_000
HOUR_S = 3600.0
BETWEEN_SEGMENTS_S = 5.08
"""The clock is set while no segment has yet told of it."""


class Watched(Production):
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(Lips(NoEngine()), "box", "en")
        self.batches: list[Batch] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def produce(self, batch: Batch) -> Produced:
        self.batches.append(batch)
        self.meanwhile()
        return super().produce(batch)


class Door:
    """A sound-only stream, its worker's clock, and what its output became."""

    def __init__(self, delay_ns: int = DELAY_NS) -> None:
        self.advances: list[Advance] = []
        self.late_ns: list[int] = []
        self.timeline = Timeline(cut_to_speed)
        self.media_clock = MediaClock("e")
        self.step_ns = 0
        self.true_ns = 0
        self._clock = PlayoutClock(delay_ns)
        self._presentation = Presentation(self.timeline, self._clock, RATE)
        self._delay_ns = delay_ns
        self.production = Watched()
        self.produced: list[Produced] = []
        self.thread = ThreadPoolExecutor(1)
        self.playout = Playout(
            self.timeline,
            self._clock,
            self._presentation,
            self.production,
            self.thread,
            self._now_ns,
        )
        self._hooks = PlayoutHooks(
            settings=self._settings,
            silent=lambda: True,
            heard_until_ns=lambda: self._next_ns,
            advanced=self._advanced,
            produced=self._take,
            speakers=dict,
            late=self.late_ns.append,
            delayed=lambda: None,
        )
        self._epoch_began_ns = 0
        self._next_ns = 0

    def sleep(self, seconds: int) -> None:
        """Nothing runs for a while; the camera does."""
        self.true_ns += seconds * SECOND_NS
        self._next_ns += seconds * SECOND_NS // SEGMENT_NS * SEGMENT_NS

    def restart(self, epoch: str) -> None:
        """The camera starts again, its timestamps at nought."""
        self._epoch_began_ns, self._next_ns = self.true_ns, 0
        self.media_clock.restart(epoch)
        self._presentation.restart()
        self.playout.restart()

    async def play(self, seconds: float) -> float:
        """Live through ``seconds``; the share of them in which sound came out."""
        until_ns = self.true_ns + round(seconds * SECOND_NS)
        before = len(self.production.batches)
        while self.true_ns < until_ns:
            self.true_ns += TICK_NS
            while self._next_ns + SEGMENT_NS <= self.true_ns - self._epoch_began_ns:
                self._send()
            await self.playout.tick(self.media_clock, self._hooks)
        heard = [
            sound.original for batch in self.production.batches[before:] for sound in batch.sounds
        ]
        loud = sum(int(np.count_nonzero(samples)) for samples in heard)
        return loud / RATE / seconds

    def _send(self) -> None:
        samples = np.ones(SEGMENT_NS * RATE // SECOND_NS, np.float32)
        self._presentation.hear(AudioBlock(self.media_clock.epoch, self._next_ns, RATE, samples))
        self._next_ns += SEGMENT_NS
        self.media_clock.arrived(self._next_ns, self._now_ns())

    def _now_ns(self) -> int:
        return UTC_NS + self.true_ns + self.step_ns

    def speak(self, start_s: float, seconds: float = 1.0) -> None:
        self.timeline.add(synced(start_s, start_s + seconds, seconds))

    def _settings(self) -> PlayoutSettings:
        return PlayoutSettings(
            epoch=self.media_clock.epoch,
            lips=False,
            label=False,
            original_volume=0.18,
            rung=Rung.FULL,
            delay_ns=self._delay_ns,
            sound_only=True,
            video_bit_rate=1_000_000,
        )

    async def _take(self, produced: Produced) -> None:
        self.produced.append(produced)

    async def _advanced(self, advance: Advance) -> None:
        self.advances.append(advance)


@pytest.fixture
def door() -> Iterator[Door]:
    door = Door()
    yield door
    door.thread.shutdown()


@pytest.mark.parametrize("step_s", [3.0, 20.0, HOUR_S, -3.0, -HOUR_S])
async def test_output_when_the_workers_clock_is_set_then_sound_goes_on(
    step_s: float, door: Door
) -> None:
    assert await door.play(BETWEEN_SEGMENTS_S) > 0.8
    door.step_ns = round(step_s * SECOND_NS)
    assert await door.play(5) > 0.85
    assert await door.play(5) > 0.99


@pytest.mark.parametrize("step_s", [20.0, HOUR_S])
async def test_speech_when_the_workers_clock_is_set_while_it_plays_then_the_next_is_placed_too(
    step_s: float, door: Door
) -> None:
    await door.play(4)
    door.speak(3, 2.0)
    await door.play(BETWEEN_SEGMENTS_S - 4)
    door.step_ns = round(step_s * SECOND_NS)
    await door.play(5)
    door.speak(10, 1.0)
    assert await door.play(5) > 0.99
    assert [len(one.placed) for one in door.advances if one.placed] == [1, 1]
    assert door.advances[-1].ended


async def test_output_when_a_camera_states_a_clock_that_was_never_set_then_sound_goes_on(
    door: Door,
) -> None:
    await door.play(5)
    wrong_ns = UTC_NS - round(30 * 86_400 * SECOND_NS)
    door.media_clock.anchor(ClockAnchor("e", 5 * SECOND_NS, wrong_ns, "ntp"))
    assert await door.play(5) > 0.99


async def test_output_when_the_camera_starts_again_then_its_sound_is_heard_at_once(
    door: Door,
) -> None:
    await door.play(30)
    door.restart("f")
    assert await door.play(5) > 0.8
    ended = [one for one in door.produced if one.ended]
    assert [(one.epoch, one.ended_epoch) for one in ended] == [("f", "e")]


async def test_output_when_the_machine_slept_then_it_goes_on_where_the_camera_is(
    door: Door,
) -> None:
    await door.play(5)
    door.sleep(60)
    assert await door.play(5) > 0.8


async def test_lateness_when_the_workers_clock_is_set_then_it_is_not_overload(door: Door) -> None:
    def set_clock() -> None:
        door.step_ns = round(HOUR_S * SECOND_NS)

    await door.play(2)
    door.production.meanwhile = set_clock
    await door.play(1)
    assert door.late_ns
    assert max(door.late_ns) < 60 * SECOND_NS
