from edge_worker.roles.appointment import Appointment
from tests.unit.roles.parts import Clock


def test_interpreter_when_there_is_none_then_the_trouble_says_what_to_do() -> None:
    appointment = Appointment(Clock())
    assert not appointment.consider((), pause=True)
    assert appointment.interpreter == ""
    assert "start `polylip worker --role atp`" in appointment.trouble


def test_interpreter_when_it_reports_then_there_is_no_trouble() -> None:
    clock = Clock()
    appointment = Appointment(clock)
    assert appointment.consider(("a", "b"), pause=True)
    assert appointment.trouble == "a has been asked to hear this stream and does not yet"
    appointment.reported("b")
    assert appointment.trouble != ""
    appointment.reported("a")
    assert appointment.trouble == ""
    clock.go(3.5)
    assert appointment.trouble == "a, which hears this stream, does not answer"


def test_interpreter_when_it_is_lost_then_the_next_one_follows_at_once() -> None:
    appointment = Appointment(Clock())
    appointment.consider(("a", "b"), pause=True)
    assert appointment.consider(("b",), pause=False)
    assert appointment.interpreter == "b"
    assert appointment.consider((), pause=False)
    assert appointment.interpreter == ""


def test_interpreter_when_a_better_one_comes_then_it_changes_in_a_pause_only() -> None:
    appointment = Appointment(Clock())
    appointment.consider(("b",), pause=True)
    appointment.reported("b")
    assert not appointment.consider(("a", "b"), pause=False)
    assert appointment.interpreter == "b"
    assert appointment.consider(("a", "b"), pause=True)
    assert appointment.interpreter == "a"


def test_interpreter_when_it_never_answers_then_it_is_passed_over_for_a_minute() -> None:
    clock = Clock()
    appointment = Appointment(clock)
    appointment.consider(("a", "b"), pause=True)
    clock.go(5.1)
    assert appointment.consider(("a", "b"), pause=True)
    assert appointment.interpreter == "b"
    for _ in range(59):
        clock.go(1)
        appointment.reported("b")
        assert not appointment.consider(("a", "b"), pause=True)
    clock.go(2)
    appointment.reported("b")
    assert appointment.consider(("a", "b"), pause=True)
    assert appointment.interpreter == "a"


def test_interpreter_when_the_only_one_does_not_answer_then_it_is_asked_still() -> None:
    clock = Clock()
    appointment = Appointment(clock)
    appointment.consider(("a",), pause=True)
    clock.go(20)
    assert not appointment.consider(("a",), pause=True)
    assert appointment.interpreter == "a"
    appointment.reported("a")
    assert appointment.trouble == ""
