from edge_worker.session.troubles import Troubles

SECOND_NS = 1_000_000_000


def test_trouble_when_it_lasts_then_it_is_told_once() -> None:
    troubles = Troubles()
    told = [troubles.begins("dark", at * SECOND_NS // 25) for at in range(1000)]
    assert told == [True] + [False] * 999


def test_trouble_when_it_was_over_for_a_while_then_it_is_told_again() -> None:
    troubles = Troubles()
    assert troubles.begins("dark", 0)
    assert not troubles.begins("dark", 4 * SECOND_NS)
    assert troubles.begins("dark", 10 * SECOND_NS)
    assert troubles.begins("covered", 10 * SECOND_NS)
