from edge_worker.rvp.attention import looked_at
from edge_worker.rvp.person import Person
from engines.face import FaceRegion

NOW_NS = 10_000_000_000


def person(identity: int, *, seen_ago_ms: int = 40, lively: bool = False) -> Person:
    one = Person(identity, FaceRegion(0, 0, 100, 0), NOW_NS - seen_ago_ms * 1_000_000)
    one.lively_until_ns = NOW_NS + 1 if lively else 0
    return one


def ids(people: list[Person], watched: tuple[int, ...] = ()) -> list[int]:
    return [one.id for one in looked_at(people, watched, NOW_NS)]


def test_attention_when_a_face_is_alone_then_it_gets_it_always() -> None:
    assert ids([person(1, seen_ago_ms=1)]) == [1]


def test_attention_when_nobody_speaks_then_a_face_alone_gets_it_now_and_then() -> None:
    for seen_ago_ms, lively, expected in ((40, False, []), (120, False, [1]), (40, True, [1])):
        alone = [person(1, seen_ago_ms=seen_ago_ms, lively=lively)]
        due = looked_at(alone, (), NOW_NS, resting=True)
        assert [one.id for one in due] == expected


def test_attention_when_nobody_does_anything_then_it_comes_now_and_then() -> None:
    assert ids([person(1), person(2, seen_ago_ms=120)]) == [2]


def test_attention_when_a_mouth_moves_or_is_watched_then_it_gets_it() -> None:
    assert ids([person(1), person(2, lively=True), person(3)], watched=(3,)) == [3, 2]


def test_attention_when_all_move_then_two_get_it_in_turn_and_the_watched_always() -> None:
    people = [
        person(1, seen_ago_ms=40, lively=True),
        person(2, seen_ago_ms=80, lively=True),
        person(3, seen_ago_ms=40, lively=True),
    ]
    assert ids(people, watched=(3,)) == [3, 2]


def test_attention_when_two_are_busy_then_an_idle_one_is_not_forgotten() -> None:
    people = [person(1, lively=True), person(2, lively=True), person(3, seen_ago_ms=120)]
    assert ids(people, watched=(1,)) == [1, 3]
