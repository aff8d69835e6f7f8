"""Each transaction is answered once; who asks again gets the same words."""

import pytest

from edge_worker.ledger import Address, Ledger, asker_of
from edge_worker.transport import Message
from mqtt_schemas import MessageRefused, Response, ResponseStatus

ASKER = Address("dashboard", b"1")
OTHER = Address("phone", b"2")
OK = Response(transaction="a", status=ResponseStatus.OK)
ERROR = Response(transaction="a", status=ResponseStatus.ERROR, error="too late")


class Post:
    """What was sent to whom."""

    def __init__(self) -> None:
        self.sent: list[tuple[Address, Response]] = []
        self.ledger = Ledger(lambda asker, answer: self.sent.append((asker, answer)))


def test_request_when_it_is_answered_then_its_asker_gets_the_first_answer_only() -> None:
    post = Post()
    assert post.ledger.open("a", ASKER)
    post.ledger.answer(OK)
    post.ledger.answer(ERROR)
    assert post.sent == [(ASKER, OK)]


def test_request_when_it_is_repeated_under_way_then_every_asker_gets_one_answer() -> None:
    post = Post()
    assert post.ledger.open("a", ASKER)
    assert not post.ledger.open("a", ASKER)
    assert not post.ledger.open("a", OTHER)
    assert post.sent == []
    post.ledger.answer(OK)
    assert post.sent == [(ASKER, OK), (OTHER, OK)]


def test_request_when_it_is_repeated_after_the_answer_then_it_gets_the_same_one() -> None:
    post = Post()
    post.ledger.open("a", ASKER)
    post.ledger.answer(ERROR)
    assert not post.ledger.open("a", OTHER)
    assert post.sent == [(ASKER, ERROR), (OTHER, ERROR)]


def test_request_when_it_cannot_be_done_now_then_all_are_told_and_it_may_be_asked_anew() -> None:
    post = Post()
    post.ledger.open("a", ASKER)
    post.ledger.open("a", OTHER)
    post.ledger.turn_away(ERROR)
    assert post.sent == [(ASKER, ERROR), (OTHER, ERROR)]
    assert post.ledger.open("a", ASKER)
    post.ledger.answer(OK)
    post.ledger.turn_away(ERROR)
    assert post.sent[2:] == [(ASKER, OK)]
    assert post.ledger.known("a")


def test_answer_when_nobody_asked_then_nothing_is_sent() -> None:
    post = Post()
    post.ledger.answer(OK)
    assert post.sent == []
    assert not post.ledger.known("a")


def test_ledger_when_thousands_have_been_answered_then_it_stays_small_and_keeps_who_waits() -> None:
    post = Post()
    post.ledger.open("waiting", ASKER)
    for number in range(2_000):
        post.ledger.open(f"t{number}", ASKER)
        post.ledger.answer(Response(transaction=f"t{number}", status=ResponseStatus.OK))
    assert post.ledger.known("waiting")
    assert post.ledger.known("t1999")
    assert not post.ledger.known("t0")
    assert sum(post.ledger.known(f"t{number}") for number in range(2_000)) == 256


def test_askers_when_very_many_ask_the_same_then_their_number_is_bounded() -> None:
    post = Post()
    for number in range(100):
        post.ledger.open("a", Address(f"asker{number}"))
    post.ledger.answer(OK)
    assert len(post.sent) == 4


@pytest.mark.parametrize("topic", [None, "my/own", "polylip/response/mine", "polylips/x"])
def test_asker_when_they_name_a_topic_of_their_own_or_none_then_it_is_theirs(
    topic: str | None,
) -> None:
    message = Message("polylip/request/x", b"", 0, response_topic=topic, correlation_data=b"1")
    assert asker_of(message, "polylip") == Address(topic or "", b"1")


@pytest.mark.parametrize(
    "topic", ["polylip/stream/door/set/enabled", "polylip/x", "$SYS/x", "a/+", "a/#", "a" * 513]
)
def test_asker_when_the_answer_would_go_where_they_may_not_write_then_they_are_refused(
    topic: str,
) -> None:
    message = Message("polylip/request/x", b"", 0, response_topic=topic)
    with pytest.raises(MessageRefused, match="response topic"):
        asker_of(message, "polylip")


@pytest.mark.parametrize("name", ["a/b", "mine/", "/mine", ""])
def test_asker_when_the_access_rules_do_not_grant_the_topic_then_they_are_told_which_they_do(
    name: str,
) -> None:
    message = Message("polylip/request/x", b"", 0, response_topic=f"polylip/response/{name}")
    with pytest.raises(MessageRefused, match="take polylip/response/ and one name"):
        asker_of(message, "polylip")


def test_request_when_its_answer_is_known_from_elsewhere_then_it_is_given() -> None:
    post = Post()
    post.ledger.remember(OK)
    assert post.ledger.known("a")
    assert not post.ledger.open("a", ASKER)
    assert post.sent == [(ASKER, OK)]


def test_request_when_it_is_under_way_then_an_answer_from_elsewhere_is_not_taken() -> None:
    post = Post()
    post.ledger.open("a", ASKER)
    post.ledger.remember(OK)
    assert post.sent == []
    for number in range(2_000):
        post.ledger.remember(Response(transaction=f"t{number}", status=ResponseStatus.OK))
    assert sum(post.ledger.known(f"t{number}") for number in range(2_000)) == 256
    assert post.ledger.known("a")


def test_asker_when_they_have_much_remembered_then_they_are_refused() -> None:
    message = Message("polylip/request/x", b"", 0, correlation_data=b"x" * 257)
    with pytest.raises(MessageRefused, match="at most 256"):
        asker_of(message, "polylip")
