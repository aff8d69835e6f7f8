from edge_worker.timeline import Ladder
from edge_worker.timeline.ladder import ORDER
from mqtt_schemas import Rung

SECOND_NS = 1_000_000_000
LATE_NS = 400_000_000
HALF_LATE_NS = 100_000_000


def run(ladder: Ladder, start_s: float, seconds: float, late_ns: int) -> Rung:
    steps = round(seconds * 10)
    rung = ladder.rung
    for step in range(steps):
        rung = ladder.observe(round((start_s + step / 10) * SECOND_NS), late_ns)
    return rung


def test_short_overload_changes_nothing() -> None:
    assert run(Ladder(), 0, 0.9, LATE_NS) is Rung.FULL


def test_late_moments_when_they_lie_seconds_apart_then_nothing_changes() -> None:
    ladder = Ladder()
    ladder.observe(0, LATE_NS)
    run(ladder, 0.1, 9.8, HALF_LATE_NS)
    assert ladder.observe(10 * SECOND_NS, LATE_NS) is Rung.FULL
    assert run(ladder, 10.1, 1.2, LATE_NS) is Rung.LIPS_HALF_RATE


def test_late_moment_when_it_comes_long_after_a_step_that_is_held_then_nothing_changes() -> None:
    ladder = Ladder()
    ladder.step_down(0)
    for tenth in range(1, 100):
        ladder.observe(tenth * SECOND_NS // 10, 0, held=True)
    assert ladder.observe(10 * SECOND_NS, LATE_NS) is Rung.LIPS_HALF_RATE
    assert run(ladder, 10.1, 1.2, LATE_NS) is Rung.AUDIO_ONLY


def test_lasting_overload_steps_down_one_rung_at_a_time_to_pass_through() -> None:
    ladder = Ladder()
    seen = [run(ladder, second * 1.2, 1.2, LATE_NS) for second in range(6)]
    assert [rung for n, rung in enumerate(seen) if n == 0 or rung is not seen[n - 1]] == list(
        ORDER[1:]
    )


def test_ease_after_overload_steps_up_only_after_it_lasted() -> None:
    ladder = Ladder()
    run(ladder, 0, 1.2, LATE_NS)
    assert run(ladder, 2, 19.5, 0) is Rung.LIPS_HALF_RATE
    assert run(ladder, 21.5, 1, 0) is Rung.FULL


def test_relapse_makes_the_next_step_up_wait_longer() -> None:
    ladder = Ladder()
    run(ladder, 0, 1.2, LATE_NS)
    assert run(ladder, 2, 20.5, 0) is Rung.FULL
    run(ladder, 23, 1.2, LATE_NS)
    assert run(ladder, 25, 39, 0) is Rung.LIPS_HALF_RATE
    assert run(ladder, 64, 2, 0) is Rung.FULL


def test_ease_while_something_else_is_too_slow_is_none() -> None:
    ladder = Ladder()
    run(ladder, 0, 1.2, LATE_NS)
    for second in range(2, 60):
        assert ladder.observe(second * SECOND_NS, 0, held=True) is Rung.LIPS_HALF_RATE
    assert run(ladder, 60, 19.5, 0) is Rung.LIPS_HALF_RATE
    assert run(ladder, 79.5, 1, 0) is Rung.FULL


def test_box_too_weak_for_full_rate_rests_below_it_nearly_all_of_an_hour() -> None:
    ladder, steps, below = Ladder(), 0, 0
    for tenth in range(36_000):
        before = ladder.rung
        late_ns = LATE_NS if before is Rung.FULL else 0
        after = ladder.observe(tenth * SECOND_NS // 10, late_ns)
        steps += after is not before
        below += after is Rung.LIPS_HALF_RATE
    assert steps < 70
    assert below / 36_000 > 0.97
