"""The door's own loudspeaker never comes through; everybody else does."""

from itertools import pairwise

import numpy as np
import pytest

from edge_worker.atp.echo import EchoGuard
from edge_worker.bench.doorway import at_level, at_rate, blocks
from edge_worker.items import AudioBlock, Samples
from edge_worker.media.encode import SAMPLE_RATE

from .door import REPLIED_S, SECOND, Way, echo_of, guarded, heard, joined, loudest, reply

TWICE_THE_NOISE = 2.0


def _heard_of(said: Samples, way: Way, seconds: float = 7.5) -> Samples:
    begin_s = REPLIED_S + way.late_s + way.delay_s
    return heard(seconds, (begin_s, echo_of(said, way)), seed=way.seed)


@pytest.mark.parametrize("delay_s", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("level", [0.0, -10.0, -20.0])
def test_guard_when_only_a_reply_is_heard_then_no_more_than_the_noise_comes_through(
    level: float, delay_s: float
) -> None:
    said = reply("j0")
    sound = _heard_of(said, Way(level, delay_s))
    assert loudest(blocks(sound)) > 2 * TWICE_THE_NOISE
    assert loudest(guarded(sound, said)) < TWICE_THE_NOISE


@pytest.mark.parametrize(
    "way",
    [
        Way(late_s=-0.1, delay_s=0.05),
        Way(late_s=0.1, delay_s=0.4),
        Way(drift_ppm=200, seed=2),
        Way(-10, drift_ppm=-200, seed=3),
        Way(t60_s=0.4, seed=4),
    ],
)
def test_guard_when_start_clock_and_room_are_unknown_then_no_more_than_noise_comes_through(
    way: Way,
) -> None:
    said = reply("j6", "j4")
    assert loudest(guarded(_heard_of(said, way, 10.0), said)) < TWICE_THE_NOISE


def test_guard_when_nothing_is_expected_then_blocks_pass_as_they_are() -> None:
    guard = EchoGuard()
    block = AudioBlock("door", 0, SAMPLE_RATE, np.zeros(1024, np.float32))
    assert guard.process(block) == [block]
    assert not guard.active


def test_guard_when_the_reply_lies_far_ahead_or_long_past_then_blocks_pass_as_they_are() -> None:
    guard = EchoGuard()
    guard.expect(reply("j1"), SAMPLE_RATE, 10 * SECOND)
    early = AudioBlock("door", 9 * SECOND, SAMPLE_RATE, np.zeros(1024, np.float32))
    late = AudioBlock("door", 20 * SECOND, SAMPLE_RATE, np.zeros(1024, np.float32))
    assert guard.process(early) == [early]
    assert guard.process(late) == [late]


def test_guard_when_a_visitor_speaks_and_no_reply_is_heard_then_he_comes_through_unchanged() -> (
    None
):
    visitor = at_level(reply("j3", "j5"))
    sound = heard(10.0, (0.5, visitor))
    through = joined(guarded(sound, reply("j0")))
    narrow = next(run for run in through if run.sample_rate == 16_000)
    first = round(narrow.pts_ns * SAMPLE_RATE / SECOND)
    wanted = sound[first : first + 3 * len(narrow.samples)]
    # Below 8 kHz the sound is the same: its power, and what a third of the samples are.
    assert np.corrcoef(narrow.samples[:30_000], wanted[::3][:30_000])[0, 1] > 0.98
    assert np.mean(np.square(narrow.samples)) == pytest.approx(np.mean(np.square(wanted)), rel=0.05)


def test_guard_when_a_reply_comes_and_goes_then_the_sound_has_no_hole_and_no_overlap() -> None:
    said = reply("j1")
    given = joined(guarded(_heard_of(said, Way()), said))
    assert [run.sample_rate for run in given] == [48_000, 16_000, 48_000]
    for before, after in pairwise(given):
        assert after.pts_ns == pytest.approx(before.end_ns, abs=200_000)


@pytest.mark.parametrize("told_s", [0.0, 3.2])
def test_guard_when_a_second_reply_follows_then_it_is_taken_away_too(told_s: float) -> None:
    first, second = reply("j1"), reply("j4")
    way = Way(-5, 0.15)
    sound = heard(
        9.0,
        (1.0 + way.delay_s, echo_of(first, way)),
        (3.8 + way.delay_s + 0.07, echo_of(second, way)),
    )
    guard = EchoGuard()
    guard.expect(first, SAMPLE_RATE, SECOND, reply="one")
    given: list[AudioBlock] = []
    for block in blocks(sound):
        if block.pts_ns >= told_s * SECOND:
            guard.expect(second, SAMPLE_RATE, round(3.8 * SECOND), reply="two")
        given += guard.process(block)
    assert loudest(given) < TWICE_THE_NOISE


def test_guard_when_a_reply_is_stopped_then_what_was_not_played_is_not_waited_for() -> None:
    guard = EchoGuard()
    guard.expect(reply("j0", "j2"), SAMPLE_RATE, SECOND, reply="one")
    guard.stop(2 * SECOND, reply="one")
    given = [out for block in blocks(heard(8.0)) for out in guard.process(block)]
    assert joined(given)[-1].sample_rate == SAMPLE_RATE
    assert joined(given)[-1].pts_ns < 4 * SECOND


def test_guard_when_sound_is_lost_meanwhile_then_the_reply_stays_away_and_times_stay_true() -> None:
    said = reply("j0")
    sound = _heard_of(said, Way())
    guard = EchoGuard()
    guard.expect(said, SAMPLE_RATE, SECOND)
    kept = [block for block in blocks(sound) if not 2.9 < block.pts_ns / SECOND < 3.1]
    given = [*(out for block in kept for out in guard.process(block)), *guard.flush()]
    assert loudest(given) < TWICE_THE_NOISE
    ends = [block.end_ns for block in given]
    starts = [block.pts_ns for block in given[1:]]
    holes = [after - before for before, after in zip(ends, starts, strict=False)]
    assert sum(hole > 100_000_000 for hole in holes) == 1
    assert min(holes) > -100_000


def test_guard_when_the_media_clock_begins_anew_then_nothing_is_expected_any_more() -> None:
    guard = EchoGuard()
    guard.expect(reply("j1"), SAMPLE_RATE, SECOND)
    guard.process(AudioBlock("one", SECOND, SAMPLE_RATE, np.zeros(1024, np.float32)))
    assert guard.active
    block = AudioBlock("two", SECOND, SAMPLE_RATE, np.zeros(1024, np.float32))
    assert guard.process(block) == [block]


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_guard_when_the_microphone_has_another_rate_then_the_reply_is_taken_away(
    rate: int,
) -> None:

    said = reply("j1", "j4")
    sound = at_rate(_heard_of(said, Way()), SAMPLE_RATE, rate)
    guard = EchoGuard()
    guard.expect(said, SAMPLE_RATE, SECOND)
    given = [out for block in blocks(sound, rate) for out in guard.process(block)]
    assert loudest(given) < TWICE_THE_NOISE
