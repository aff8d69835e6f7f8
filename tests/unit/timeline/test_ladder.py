from edge_worker.timeline import Ladder
from edge_worker.timeline.ladder import ORDER
from mqtt_schemas import Rung

SECOND_NS = 1_000_000_000
LATE_NS = 400_000_000


def run(ladder: Ladder, start_s: float, seconds: float, late_ns: int) -> Rung:
    steps = round(seconds * 10)
    rung = ladder.rung
    for step in range(steps):
        rung = ladder.observe(round((start_s + step / 10) * SECOND_NS), late_ns)
    return rung


def test_short_overload_changes_nothing() -> None:
    assert run(Ladder(), 0, 0.9, LATE_NS) is Rung.FULL


def test_lasting_overload_steps_down_one_rung_at_a_time_to_pass_through() -> None:
    ladder = Ladder()
    seen = [run(ladder, second * 1.2, 1.2, LATE_NS) for second in range(6)]
    assert [rung for n, rung in enumerate(seen) if n == 0 or rung is not seen[n - 1]] == list(
        ORDER[1:]
    )


def test_ease_after_overload_steps_up_only_after_it_lasted() -> None:
    ladder = Ladder()
    run(ladder, 0, 1.2, LATE_NS)
    assert run(ladder, 2, 7.5, 0) is Rung.LIPS_HALF_RATE
    assert run(ladder, 9.5, 1, 0) is Rung.FULL


def test_relapse_makes_the_next_step_up_wait_longer() -> None:
    ladder = Ladder()
    run(ladder, 0, 1.2, LATE_NS)
    assert run(ladder, 2, 8.5, 0) is Rung.FULL
    run(ladder, 11, 1.2, LATE_NS)
    assert run(ladder, 13, 15, 0) is Rung.LIPS_HALF_RATE
    assert run(ladder, 28, 2, 0) is Rung.FULL
