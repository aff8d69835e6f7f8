import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_worker.media.jitter import JitterEstimator, ReorderBuffer

MS = 1_000_000
SECOND = 1000 * MS


def test_delay_when_nothing_is_late_then_it_is_one_segment() -> None:
    estimator = JitterEstimator()
    assert estimator.observe(0, 0) == 120 * MS


def test_delay_when_a_message_is_late_then_it_grows_at_once_and_shrinks_slowly() -> None:
    estimator = JitterEstimator()
    for number in range(50):
        estimator.observe(0, number * SECOND // 8)
    grown = estimator.observe(200 * MS, 7 * SECOND)
    assert grown > 200 * MS
    delays = [estimator.observe(0, 7 * SECOND + n * SECOND // 8) for n in range(1, 400)]
    assert delays[-1] == 120 * MS
    steps = [a - b for a, b in itertools.pairwise(delays)]
    assert max(steps) <= 10 * MS // 8
    assert delays[79] >= grown - 100 * MS


def test_delay_when_lateness_is_steady_then_it_is_its_p99() -> None:
    estimator = JitterEstimator()
    rng = np.random.default_rng(1)
    for number in range(80):
        delay = estimator.observe(int(rng.integers(30 * MS)), number * SECOND // 8)
    assert 140 * MS < delay <= 150 * MS


def push(buffer: ReorderBuffer[str], *seqs: int, now_ns: int = 0) -> list[tuple[str, int]]:
    return [
        (released.item, released.lost)
        for seq in seqs
        for released in buffer.push(seq, f"m{seq}", now_ns)
    ]


def test_push_when_in_order_then_each_goes_at_once() -> None:
    buffer: ReorderBuffer[str] = ReorderBuffer()
    assert push(buffer, 5, 6, 7) == [("m5", 0), ("m6", 0), ("m7", 0)]


def test_push_when_two_are_swapped_then_they_are_put_right() -> None:
    buffer: ReorderBuffer[str] = ReorderBuffer()
    assert push(buffer, 0, 2, 1, 3) == [("m0", 0), ("m1", 0), ("m2", 0), ("m3", 0)]
    assert (buffer.lost, buffer.late, buffer.duplicates) == (0, 0, 0)


def test_push_when_one_comes_twice_then_the_second_is_dropped() -> None:
    buffer: ReorderBuffer[str] = ReorderBuffer()
    assert push(buffer, 0, 0, 2, 2, 1, 1) == [("m0", 0), ("m1", 0), ("m2", 0)]
    assert buffer.duplicates == 3


def test_expire_when_one_is_missing_then_the_others_wait_100_ms_for_it() -> None:
    buffer: ReorderBuffer[str] = ReorderBuffer()
    assert push(buffer, 0, 3, 4) == [("m0", 0)]
    assert buffer.expire(99 * MS) == []
    released = buffer.expire(100 * MS)
    assert [(r.item, r.lost) for r in released] == [("m3", 2), ("m4", 0)]
    assert push(buffer, 1, now_ns=110 * MS) == []
    assert (buffer.lost, buffer.late, buffer.duplicates) == (2, 1, 0)


def test_push_when_more_wait_than_fit_then_the_missing_one_is_given_up() -> None:
    buffer: ReorderBuffer[str] = ReorderBuffer(capacity=3)
    assert len(push(buffer, 0, 2, 3, 4)) == 1
    assert push(buffer, 5) == [("m2", 1), ("m3", 0), ("m4", 0), ("m5", 0)]


@pytest.mark.parametrize("restart", [[0], list(range(60, 70))])
def test_push_when_the_sender_counts_anew_then_it_is_followed(restart: list[int]) -> None:
    buffer: ReorderBuffer[str] = ReorderBuffer()
    push(buffer, *range(5000 if len(restart) == 1 else 100))
    released = push(buffer, *restart)
    assert released[-1][0] == f"m{restart[-1]}"
    assert push(buffer, restart[-1] + 1) == [(f"m{restart[-1] + 1}", 0)]


@given(st.lists(st.integers(0, 40), max_size=80), st.integers(1, 8))
@settings(deadline=None)
def test_push_when_numbers_come_in_any_order_then_none_goes_twice_and_few_wait(
    seqs: list[int], capacity: int
) -> None:
    buffer: ReorderBuffer[str] = ReorderBuffer(capacity=capacity)
    released = push(buffer, *seqs)
    released += [(r.item, r.lost) for r in buffer.reset()]
    assert len(released) + buffer.duplicates + buffer.late == len(seqs)
    assert len(buffer._waiting) <= capacity
