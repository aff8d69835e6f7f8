"""Who may be awake on a box that has only so many cores."""

from dataclasses import dataclass, field

import pytest

from edge_worker.admission import FIRST_CORES, FULL, FULL_FOR_NS, MEASURED_AFTER_NS, Admission
from mqtt_schemas import Rung


@dataclass
class Box:
    """Two cores, and what is measured on them."""

    tau: float = 0.0
    now_ns: int = 0
    rungs: dict[str, Rung] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.admission = Admission(lambda: self.tau, 2.0, lambda: self.now_ns)

    def ask(self, stream: str) -> str:
        return self.admission.ask(stream, lambda: self.rungs.get(stream, Rung.FULL))

    def measured(self, tau: float) -> None:
        self.now_ns += MEASURED_AFTER_NS
        self.tau = tau


def test_streams_when_nothing_has_been_measured_then_each_counts_as_expected() -> None:
    box = Box()
    taken = [not box.ask(f"door-{number}") for number in range(10)]
    assert taken.count(True) == int(FULL * 2 / FIRST_CORES)
    assert taken == sorted(taken, reverse=True)


@pytest.mark.parametrize(
    ("tau", "taken"), [(0.40, True), (0.42, True), (0.43, False), (1.0, False)]
)
def test_second_stream_when_the_first_was_measured_then_it_is_taken_as_long_as_both_fit(
    tau: float, *, taken: bool
) -> None:
    box = Box()
    box.ask("door")
    box.measured(tau)
    reason = box.ask("gate")
    assert (not reason) is taken
    if not taken:
        assert f"{tau:.0%} of 2 cores" in reason
        assert "gate is tried again" in reason
        assert box.admission.refused == {"gate"}


def test_first_stream_when_the_box_is_full_of_other_work_then_it_is_tried_all_the_same() -> None:
    box = Box(tau=1.0)
    assert not box.ask("door")


def test_stream_when_it_was_taken_then_it_stays_whatever_it_costs() -> None:
    box = Box()
    box.ask("door")
    box.measured(1.0)
    assert not box.ask("door")
    assert box.ask("gate")


def test_refused_stream_when_another_has_left_then_there_is_room() -> None:
    box = Box()
    for stream in ("door", "gate"):
        box.ask(stream)
    box.measured(0.8)
    assert box.ask("yard")
    box.admission.leave("gate")
    box.measured(0.4)
    assert not box.ask("yard")
    assert not box.admission.refused


def test_stream_when_another_is_not_translated_for_lack_of_time_then_it_is_refused_by_name() -> (
    None
):
    box = Box(rungs={"door": Rung.CAPTIONS_ONLY})
    box.ask("door")
    assert "door is not translated" in box.ask("gate")
    box.rungs["door"] = Rung.AUDIO_ONLY
    assert not box.ask("gate")


def test_box_when_it_has_refused_a_stream_then_it_counts_as_full_for_a_while() -> None:
    box = Box(rungs={"door": Rung.PASS_THROUGH})
    seen = [box.admission.full]
    box.ask("door")
    box.ask("gate")
    seen.append(box.admission.full)
    box.admission.leave("gate")
    box.now_ns += FULL_FOR_NS - 1
    seen.append(box.admission.full)
    box.now_ns += 1
    seen.append(box.admission.full)
    assert seen == [False, True, True, False]
