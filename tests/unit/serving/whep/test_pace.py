"""Packets leave when they are due, on a clock that never jumps."""

from edge_worker.media.timestamps import ticks_to_ns
from edge_worker.serving.whep.pace import Pace

MS = 1_000_000
TICKS = 3600
"""40 ms."""


def test_packets_when_they_come_in_a_burst_then_they_are_due_one_after_the_other() -> None:
    pace = Pace()
    placed = [pace.place(number * TICKS, 10_000 * MS) for number in range(3)]
    assert [due for _, due in placed] == [10_000 * MS, 10_040 * MS, 10_080 * MS]
    assert [stamp for stamp, _ in placed] == [0, TICKS, 2 * TICKS]


def test_packets_when_segments_come_steadily_then_none_is_due_before_it_is_there() -> None:
    pace = Pace()
    for segment in range(50):
        now_ns = (segment * 120 + (7 if segment % 3 else 0)) * MS
        for number in range(3):
            _, due_ns = pace.place((segment * 3 + number) * TICKS, now_ns)
            assert due_ns >= now_ns


def test_sound_when_it_trails_the_picture_then_both_are_delayed_alike() -> None:
    pace = Pace()
    for segment in range(4):
        now_ns = segment * 120 * MS
        _, sound_ns = pace.place(segment * 3 * TICKS - 5 * 900, now_ns)
        stamp, picture_ns = pace.place(segment * 3 * TICKS, now_ns)
    assert picture_ns - sound_ns == 50 * MS
    assert stamp == 9 * TICKS


def test_delay_when_it_was_needed_once_then_it_is_given_back() -> None:
    pace = Pace()
    for number in range(500):
        held_ns = 300 * MS if number == 10 else 0  # one came late
        now_ns = number * 40 * MS + held_ns
        _, due_ns = pace.place(number * TICKS, now_ns)
        if number == 60:
            assert due_ns - now_ns == 300 * MS
    assert due_ns - now_ns == 0


def test_clock_when_the_stream_begins_anew_then_timestamps_go_on_with_the_time_that_passed() -> (
    None
):
    pace = Pace()
    for number in range(10):
        before, _ = pace.place(number * TICKS, number * 40 * MS)
    after, due_ns = pace.place(77_000_000, 9 * 40 * MS + 80 * MS)
    assert ticks_to_ns(after - before) == 80 * MS
    assert due_ns == 9 * 40 * MS + 80 * MS
    following, _ = pace.place(77_000_000 + TICKS, 9 * 40 * MS + 120 * MS)
    assert following - after == TICKS
