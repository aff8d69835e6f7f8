"""Whether large pictures decode in time."""

import pytest

from edge_worker.media.decode_budget import DecodeBudget

PICTURE = 4500
"""Ticks of a picture at 20 a second: 50 ms."""
MINUTE = 20 * 60
"""In pictures."""


def spend(budget: DecodeBudget, pictures: range, cost_ms: float) -> None:
    for number in pictures:
        budget.spend(number * PICTURE, round(cost_ms * 1e6))


@pytest.mark.parametrize(("cost_ms", "exceeded"), [(38, False), (44, True), (90, True)])
def test_budget_when_pictures_cost_more_than_four_fifths_of_their_time_then_it_is_exceeded(
    cost_ms: int, *, exceeded: bool
) -> None:
    budget = DecodeBudget()
    spend(budget, range(MINUTE // 2), cost_ms)
    assert budget.exceeded is exceeded


def test_budget_when_pictures_cost_twice_their_time_then_that_is_known_within_two_seconds() -> None:
    budget = DecodeBudget()
    spend(budget, range(40), 100)
    assert budget.exceeded


def test_budget_when_one_picture_is_slow_then_it_is_kept() -> None:
    budget = DecodeBudget()
    spend(budget, range(20), 5)
    spend(budget, range(20, 21), 900)
    spend(budget, range(21, 100), 5)
    assert not budget.exceeded


def test_budget_when_the_processor_is_hot_for_some_seconds_then_it_is_kept() -> None:
    budget = DecodeBudget()
    spend(budget, range(MINUTE), 10)
    spend(budget, range(MINUTE, MINUTE + 60), 60)
    spend(budget, range(MINUTE + 60, 2 * MINUTE), 10)
    assert not budget.exceeded


def test_budget_when_the_clock_starts_again_then_what_was_spent_before_does_not_count() -> None:
    budget = DecodeBudget()
    for number in range(45):
        budget.spend(900_000 + number * PICTURE, 60_000_000)
    spend(budget, range(45), 60)
    assert not budget.exceeded


def test_budget_when_it_was_exceeded_then_it_is_tried_again_after_a_minute() -> None:
    budget = DecodeBudget()
    spend(budget, range(40), 100)
    spend(budget, range(40, MINUTE), 5)
    assert budget.exceeded
    spend(budget, range(MINUTE, MINUTE + 45), 5)
    assert not budget.exceeded


def test_budget_when_trying_again_fails_then_the_next_pause_is_longer() -> None:
    budget = DecodeBudget()
    tries = []
    for number in range(70 * MINUTE):
        before = budget.exceeded
        budget.spend(number * PICTURE, 100_000_000)
        if before and not budget.exceeded:
            tries.append(round(number / MINUTE))
    assert tries == [1, 3, 7, 15, 31, 63]


def test_budget_when_timestamps_stand_still_then_only_the_cost_is_remembered() -> None:
    budget = DecodeBudget()
    for _ in range(1_000):
        budget.spend(1_000, 1_000)
    assert not budget.exceeded
    budget.spend(1_000, 2_000_000_000)
    assert budget.exceeded
