from edge_worker.session.attendance import Attendance

FRAME_NS = 40_000_000


def told(counts: list[int]) -> list[tuple[int, int]]:
    """Changes by picture."""
    attendance = Attendance()
    changes = [attendance.note(count, number * FRAME_NS) for number, count in enumerate(counts)]
    return [(number, change) for number, change in enumerate(changes) if change]


def test_faces_when_one_comes_to_another_then_each_is_told_at_once() -> None:
    assert told([0, 1, 1, 2, 2]) == [(1, 1), (3, 1)]


def test_faces_when_one_is_missed_for_less_than_a_second_then_nothing_is_told() -> None:
    assert told([2, *[1] * 20, 2, *[0] * 20, 2]) == [(0, 2)]


def test_faces_when_one_of_two_has_been_gone_for_a_second_then_that_is_told() -> None:
    assert told([2, *[1] * 40]) == [(0, 2), (26, -1)]


def test_faces_when_all_leave_and_one_returns_then_both_are_told() -> None:
    assert told([1, *[0] * 30, 1]) == [(0, 1), (26, -1), (31, 1)]
