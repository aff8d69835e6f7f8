from edge_worker.session.pressure import Pressure
from mqtt_schemas import EventType, Rung
from tests.unit.session.making import Made, Told

SECOND_NS = 1_000_000_000


class Felt:
    """Pressure with a clock that is set by hand."""

    def __init__(self) -> None:
        made = Made()
        self.told: Told = made.told
        self.now_ns = 0
        self.steps = 0
        self.pressure = Pressure(made.session._reporter, lambda: self.now_ns)
        self.pressure.changed = self._step

    def _step(self) -> None:
        self.steps += 1


def test_pressure_when_segments_are_dropped_for_a_while_then_it_steps_down() -> None:
    felt = Felt()
    for step in range(30):
        felt.now_ns = step * SECOND_NS // 20
        felt.pressure.dropped(step // 4)
        felt.pressure.late(0)
    assert felt.pressure.rung is Rung.LIPS_HALF_RATE
    assert (felt.told.events, felt.steps) == ([EventType.DEGRADED], 1)


def test_pressure_when_segments_are_dropped_once_then_nothing_changes() -> None:
    felt = Felt()
    for step in range(60):
        felt.now_ns = step * SECOND_NS // 20
        felt.pressure.dropped(5)
        felt.pressure.late(0)
    assert felt.pressure.rung is Rung.FULL


def test_pressure_when_translation_falls_behind_then_it_steps_down_at_once_and_says_so() -> None:
    felt = Felt()
    felt.pressure.behind()
    assert felt.pressure.rung is Rung.LIPS_HALF_RATE
    assert felt.told.events == [EventType.OVERLOAD, EventType.DEGRADED]
