from hypothesis import given, settings
from hypothesis import strategies as st

from edge_worker.media.timestamps import (
    TICKS_PER_SECOND,
    WRAP,
    Unwrapper,
    ns_to_ticks,
    ticks_to_ns,
)

SECOND = TICKS_PER_SECOND


@given(st.integers(-(1 << 60), 1 << 60))
@settings(deadline=None)
def test_ticks_to_ns_and_back_is_the_identity(ticks: int) -> None:
    assert ns_to_ticks(ticks_to_ns(ticks)) == ticks


def test_ticks_to_ns_when_a_second_has_passed_gives_a_second() -> None:
    assert ticks_to_ns(90_000) == 1_000_000_000


@given(
    start=st.integers(0, WRAP - 1),
    steps=st.lists(st.integers(-SECOND, 5 * SECOND), min_size=1, max_size=60),
)
@settings(deadline=None)
def test_unwrap_when_ticks_move_about_anywhere_then_differences_are_kept(
    start: int, steps: list[int]
) -> None:
    unwrapper = Unwrapper()
    true = start
    assert unwrapper.unwrap(start) == start
    for step in steps:
        true += step
        assert unwrapper.unwrap(true % WRAP) == true


def test_unwrap_when_b_frames_straddle_the_wrap_then_both_directions_come_out() -> None:
    unwrapper = Unwrapper()
    given_ticks = [WRAP - 7200, 3600, WRAP - 3600, 0, 14400]
    expected = [WRAP - 7200, WRAP + 3600, WRAP - 3600, WRAP, WRAP + 14400]
    assert [unwrapper.unwrap(ticks) for ticks in given_ticks] == expected


def test_unwrap_when_first_sound_lies_before_zero_then_it_is_negative() -> None:
    unwrapper = Unwrapper()
    assert unwrapper.unwrap(0) == 0
    assert unwrapper.unwrap(WRAP - 1920) == -1920


def test_steer_when_a_sender_states_its_unwrapped_time_then_a_late_joiner_agrees() -> None:
    unwrapper = Unwrapper()
    unwrapper.steer(3 * WRAP + 100)
    assert unwrapper.unwrap(5000) == 3 * WRAP + 5000


def test_jumps_when_ticks_fall_back_or_leap_then_it_says_so() -> None:
    unwrapper = Unwrapper()
    assert not unwrapper.jumps(5)
    unwrapper.unwrap(100 * SECOND)
    assert not unwrapper.jumps(99 * SECOND)
    assert not unwrapper.jumps(109 * SECOND)
    assert unwrapper.jumps(97 * SECOND)
    assert unwrapper.jumps(111 * SECOND)
    assert not unwrapper.jumps(160 * SECOND, pause=60 * SECOND)
