import asyncio
import json
from types import SimpleNamespace
from typing import cast

import pytest

from edge_worker import requests as requests_module
from edge_worker.peers import Peers
from edge_worker.requests import RequestRefusedError, Requests, not_served, watching
from edge_worker.session.announcer import Announcer
from edge_worker.streams import Streams
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import (
    MessageRefused,
    Request,
    Response,
    ResponseStatus,
    TalkbackCancel,
    Topics,
    WorkerStatus,
    decode,
    encode,
)
from mqtt_schemas.worker import WorkerInfo

TOPICS = Topics()
NAME = "greet"
RESPONSE = TOPICS.response(NAME)


class Link:
    """Keeps what is published, and what goes with it."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Response, bytes | None]] = []

    def publish(self, topic: str, payload: bytes, **properties: object) -> bool:
        correlation = cast("bytes | None", properties["correlation_data"])
        self.said.append((topic, decode(Response, topic, payload), correlation))
        return True


class Keeper:
    def __init__(self, *, serving: bool) -> None:
        self.serving, self.woken = serving, list[str]()

    def wake(self, reason: str) -> None:
        self.woken.append(reason)


class House:
    """One worker that answers ``greet``, with the streams that it keeps."""

    def __init__(self, worker: str = "box", peers: tuple[str, ...] = ()) -> None:
        self.link = Link()
        self.keepers: dict[str, Keeper] = {"door": Keeper(serving=True)}
        self.streams = cast("Streams", SimpleNamespace(get=self.keepers.get))
        known = Peers(worker, 4.0)
        for other in peers:
            known.hear_info(WorkerInfo(worker=other, capacity=4.0))
            known.hear_status(TOPICS.worker_status(other), other, WorkerStatus.READY)
        announcer = Announcer(cast("MqttLink", self.link), TOPICS)
        self.requests = Requests(announcer, self.streams, known)
        self.asked: list[Request] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.requests.add(NAME, self.greet)

    async def greet(self, request: Request) -> object:
        self.asked.append(request)
        await self.may_answer.wait()
        if request.data.get("rude"):
            raise RequestRefusedError("be kind")
        if request.data.get("broken"):
            raise ValueError("secret detail")
        return TalkbackCancel(stream="door", transaction=request.transaction)

    async def ask(
        self,
        transaction: str = "t1",
        stream: str = "door",
        *,
        name: str = NAME,
        topic: str | None = None,
        correlation: bytes | None = None,
        retain: bool = False,
        **data: object,
    ) -> None:
        where = TOPICS.request(name)
        payload = encode(Request(transaction=transaction, stream=stream, data=data), where)
        message = Message(
            where,
            payload,
            0,
            retain=retain,
            response_topic=topic,
            correlation_data=correlation,
        )
        address = TOPICS.parse(where)
        assert address is not None
        await self.requests.hear(address, message)
        for _ in range(5):
            await asyncio.sleep(0)

    @property
    def answers(self) -> list[Response]:
        return [answer for _, answer, _ in self.link.said]


async def test_hear_when_the_stream_is_ours_then_the_answer_has_what_was_asked_for() -> None:
    house = House()
    await house.ask()
    (topic, answer, _), *others = house.link.said
    assert (topic, answer.transaction, answer.status) == (RESPONSE, "t1", ResponseStatus.OK)
    assert answer.data["transaction"] == "t1"
    assert others == []


async def test_hear_when_a_response_topic_is_given_then_the_answer_goes_there() -> None:
    house = House()
    await house.ask(topic="ha/answers/7", correlation=b"\x00\x01")
    topic, _, correlation = house.link.said[0]
    assert (topic, correlation) == ("ha/answers/7", b"\x00\x01")


@pytest.mark.parametrize(
    "topic",
    [
        "polylip/stream/door/set/enabled",
        "polylip/worker/box/status",
        "$SYS/x",
        "a/+/b",
        "a/#",
        "x" * 600,
    ],
)
async def test_hear_when_the_response_topic_is_not_the_askers_to_write_then_it_is_refused(
    topic: str,
) -> None:
    house = House()
    with pytest.raises(MessageRefused, match="response topic"):
        await house.ask(topic=topic)
    assert house.asked == []


async def test_hear_when_the_same_transaction_comes_again_then_it_gets_the_first_answer() -> None:
    house = House()
    house.may_answer.clear()
    await house.ask()
    await house.ask(topic="elsewhere")
    house.may_answer.set()
    await asyncio.sleep(0.01)
    await house.ask()
    assert len(house.asked) == 1
    assert [topic for topic, _, _ in house.link.said] == [RESPONSE, "elsewhere", RESPONSE]
    assert len(set(map(repr, house.answers))) == 1


async def test_hear_when_it_cannot_be_answered_then_the_asker_is_told_why() -> None:
    house = House()
    await house.ask("t1", rude=True)
    await house.ask("t2", broken=True)
    refused, failed = house.answers
    assert (refused.status, refused.error) == (ResponseStatus.ERROR, "be kind")
    assert failed.status is ResponseStatus.ERROR
    assert "secret" not in failed.error


async def test_hear_when_the_stream_is_another_workers_then_nothing_is_said() -> None:
    house = House()
    house.keepers["gate"] = Keeper(serving=False)
    await house.ask(stream="gate")
    await house.ask(name="unheard-of")
    assert (house.asked, house.link.said) == ([], [])


async def test_hear_when_no_stream_is_named_then_exactly_one_of_all_workers_answers() -> None:
    names = ("box", "spare", "third")
    houses = [House(one, tuple(set(names) - {one})) for one in names]
    for number in range(20):
        for house in houses:
            await house.ask(f"t{number}", stream="")
    answered = [answer.transaction for house in houses for answer in house.answers]
    assert sorted(answered) == sorted(f"t{number}" for number in range(20))
    assert all(house.answers for house in houses)


async def test_hear_when_a_request_is_retained_then_it_is_refused() -> None:
    house = House()
    with pytest.raises(MessageRefused, match="retained"):
        await house.ask(retain=True)


async def test_hear_when_too_many_are_under_way_then_further_ones_are_told_to_ask_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests_module, "_AT_ONCE", 2)
    house = House()
    house.may_answer.clear()
    for number in range(3):
        await house.ask(f"t{number}")
    assert [answer.transaction for answer in house.answers] == ["t2"]
    assert "ask again" in house.answers[0].error
    house.may_answer.set()
    await asyncio.sleep(0.01)
    await house.ask("t2")
    assert house.answers[-1].status is ResponseStatus.OK


async def test_close_when_requests_are_under_way_then_they_end_unanswered() -> None:
    house = House()
    house.may_answer.clear()
    await house.ask()
    await house.requests.close()
    assert house.link.said == []


async def test_watch_when_a_stream_is_watched_elsewhere_then_it_wakes() -> None:
    house = House()
    house.requests.add("watch", watching(house.streams))
    await house.ask(name="watch")
    assert house.keepers["door"].woken == ["watcher"]
    assert json.loads(encode(house.answers[0]))["data"] == {}


async def test_view_when_no_viewers_are_served_then_the_asker_is_told_what_to_start() -> None:
    house = House()
    house.requests.add("view", not_served)
    await house.ask(name="view")
    assert "--http" in house.answers[0].error
