"""Models come, are asked for, and cannot always be looked for."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from edge_worker.complaints import Complaints
from edge_worker.engine_set import EngineSet
from edge_worker.greeting import Greeting
from edge_worker.provision import Provision
from edge_worker.routing import Routing
from edge_worker.session.announcer import Announcer
from edge_worker.transport import Message, MqttLink
from edge_worker.upkeep import Upkeep
from mqtt_schemas import Channel, FetchModels, Topics, WorkerInfo, encode
from tests.broker.watching import until
from tests.unit.house import ME, Broker

TOPICS = Topics()


def upkeep(provision: object, engines: object = None) -> Upkeep:
    complaints = Complaints()
    greeting = Greeting(ME, Announcer(cast("MqttLink", Broker()), TOPICS), complaints)
    return Upkeep(
        ME,
        cast("Provision", provision),
        cast("EngineSet", engines),
        lambda: WorkerInfo(worker=ME),
        greeting,
        complaints,
    )


def hearing(upkeep: Upkeep) -> Routing:
    routing = Routing(TOPICS, Complaints())
    routing.add({Channel.WORKER_FETCH: upkeep.wish})
    return routing


def wish(model: str, worker: str = ME, *, retain: bool = False) -> Message:
    asked = encode(FetchModels(worker=worker, models=(model,)))
    return Message(TOPICS.worker_fetch(worker), asked, 1, retain=retain)


async def test_stock_when_looking_for_it_fails_then_it_is_told_once_and_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[int] = []

    def refresh() -> bool:
        looks.append(1)
        raise AttributeError("what a server sent")

    async def fetch(_changed: object, _arrived: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("edge_worker.upkeep._PROGRESS_S", 0.01)
    monkeypatch.setattr("edge_worker.upkeep._LOOK_S", 0.0)
    engines = SimpleNamespace(refresh=refresh, sources=None)
    keeping = asyncio.create_task(upkeep(SimpleNamespace(fetching=False, run=fetch), engines).run())
    await until(lambda: len(looks) >= 2)
    keeping.cancel()
    assert caplog.text.count("what a server sent") == 1


async def test_wish_when_it_is_refused_then_it_is_counted_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    routing = hearing(upkeep(SimpleNamespace(ask=lambda _: "asks for x, which is no model")))
    for number in range(50):
        await routing.hear(wish(f"x{number}"))
    assert routing.refused == 50
    assert caplog.text.count("asks for x") == 1


async def test_wish_when_it_is_retained_or_for_another_worker_then_it_is_not_heard() -> None:
    asked: list[FetchModels] = []
    routing = hearing(upkeep(SimpleNamespace(ask=asked.append)))
    await routing.hear(wish("bergamot-de-en", retain=True))
    await routing.hear(wish("bergamot-de-en", "other"))
    assert asked == []
    await routing.hear(wish("bergamot-de-en"))
    assert [one.models for one in asked] == [("bergamot-de-en",)]


async def test_routing_when_a_channel_is_heard_twice_then_it_is_refused() -> None:
    routing = hearing(upkeep(SimpleNamespace()))
    with pytest.raises(ValueError, match="heard twice"):
        routing.add({Channel.WORKER_FETCH: upkeep(SimpleNamespace()).wish})
