from edge_worker.roles.epoch_name import EpochName
from tests.unit.roles.parts import Clock


def test_epoch_when_the_sender_states_it_then_it_is_that_for_everybody() -> None:
    name = EpochName(Clock())
    name.began()
    assert name.of("camera1", None, stated=True) == "camera1"
    assert name.of("camera2", "camera1", stated=True) == "camera2"


def test_epoch_when_the_sender_states_none_then_it_has_the_owners_name() -> None:
    name = EpochName(Clock())
    name.began()
    assert name.of("mine", None, stated=False) is None
    assert name.of("mine", "owners", stated=False) == "owners"


def test_epoch_when_timestamps_began_anew_then_the_owners_next_name_is_awaited() -> None:
    clock = Clock()
    name = EpochName(clock)
    assert name.of("mine", "first", stated=False) == "first"
    name.began()
    assert name.of("mine2", "first", stated=False) is None
    assert name.of("mine2", "second", stated=False) == "second"


def test_epoch_when_the_owner_saw_no_new_beginning_then_its_name_holds_after_a_while() -> None:
    clock = Clock()
    name = EpochName(clock)
    name.of("mine", "first", stated=False)
    name.began()
    clock.go(3.1)
    assert name.of("mine2", "first", stated=False) == "first"
