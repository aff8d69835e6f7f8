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


def test_pressure_when_segments_wait_to_be_decoded_then_it_steps_down() -> None:
    felt = Felt()
    for step in range(30):
        felt.now_ns = step * SECOND_NS // 20
        felt.pressure.waited(SECOND_NS // 2)
        felt.pressure.late(0)
    assert felt.pressure.rung is Rung.LIPS_HALF_RATE


def test_pressure_when_one_segment_waited_then_nothing_changes() -> None:
    felt = Felt()
    felt.pressure.waited(5 * SECOND_NS)
    for step in range(60):
        felt.now_ns = step * SECOND_NS // 20
        if step == 4:
            felt.pressure.waited(0)
        felt.pressure.late(0)
    assert felt.pressure.rung is Rung.FULL


def test_pressure_when_one_text_is_slow_then_nothing_changes() -> None:
    felt = Felt()
    for lag_s in (5, 1, 5, 1):
        felt.pressure.translated(lag_s * SECOND_NS)
    assert felt.pressure.rung is Rung.FULL


def test_pressure_when_texts_stay_slow_then_it_steps_down_to_captions_and_no_further() -> None:
    felt = Felt()
    rungs = []
    for step in range(8):
        felt.now_ns = step * 4 * SECOND_NS
        felt.pressure.translated(5 * SECOND_NS)
        rungs.append(felt.pressure.rung)
    assert rungs == [
        Rung.FULL,
        Rung.LIPS_HALF_RATE,
        Rung.AUDIO_ONLY,
        *[Rung.CAPTIONS_ONLY] * 5,
    ]
    assert felt.told.events == [EventType.DEGRADED] * 3


def test_pressure_when_texts_are_slow_then_playout_at_ease_does_not_step_up() -> None:
    felt = Felt()
    for tenth in range(1200):
        felt.now_ns = tenth * SECOND_NS // 10
        if tenth % 50 == 0:
            felt.pressure.translated(5 * SECOND_NS)
        felt.pressure.late(0)
    assert felt.pressure.rung is Rung.CAPTIONS_ONLY
    assert felt.told.events == [EventType.DEGRADED] * 3
