import asyncio

import pytest

from edge_worker.serving import live
from edge_worker.serving.live import LiveStreams, Stage
from edge_worker.serving.tokens import Scope
from tests.broker.watching import until
from tests.unit.serving.conftest import Serve

PATIENCE_S = 30.0


def token(stage: Stage) -> dict[str, str]:
    return {"token": stage.access.tokens.of("door", Scope.VIEW)}


@pytest.mark.parametrize("side", ["live", "original"])
async def test_get_when_a_stream_is_fed_then_its_bytes_come_from_a_keyframe_on(
    stage: Stage, serve: Serve, side: str
) -> None:
    feeds = stage.feeds
    feed = feeds.original("door") if side == "original" else feeds.translated("door")
    feed.publish(b"before", key=False)
    feed.publish(b"key", key=True, tables=b"tables-")
    client = await serve(LiveStreams(stage).routes())
    async with client.get(f"/{side}/door.ts", params=token(stage)) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "video/mp2t"
        assert answer.headers["Cache-Control"] == "no-store"
        assert await answer.content.readexactly(10) == b"tables-key"
        feed.publish(b"more", key=False)
        assert await answer.content.readexactly(4) == b"more"
        feed.end()
        assert await answer.content.read() == b""
    assert feed.viewers == 0
    assert stage.seats.taken == 0


async def test_get_when_there_is_no_such_stream_then_it_is_404_only_for_who_may_know(
    stage: Stage, serve: Serve
) -> None:
    client = await serve(LiveStreams(stage).routes())
    page = {"token": stage.access.tokens.page}
    assert (await client.get("/live/gate.ts", params=page)).status == 404
    assert (await client.get("/live/gate.ts", params=token(stage))).status == 401
    assert (await client.get("/live/..%2Fdoor.ts", params=page)).status == 404
    assert (await client.get("/live/DOOR.ts", params=page)).status == 404


async def test_get_when_a_client_goes_then_its_place_is_free_again(
    stage: Stage, serve: Serve
) -> None:
    feed = stage.feeds.translated("door")
    feed.publish(b"key", key=True)
    client = await serve(LiveStreams(stage).routes())
    answer = await client.get("/live/door.ts", params=token(stage))
    await answer.content.readexactly(3)
    assert feed.viewers == 1
    answer.close()
    await until(lambda: not feed.viewers, PATIENCE_S)
    assert stage.seats.taken == 0


async def test_get_when_a_stream_is_full_then_it_is_429_and_503_when_the_house_is(
    stage: Stage, serve: Serve
) -> None:
    stage.feeds.translated("door").publish(b"key", key=True)
    client = await serve(LiveStreams(stage).routes())
    with stage.seats.take("door"), stage.seats.take("door"):
        full = await client.get("/live/door.ts", params=token(stage))
        assert (full.status, full.headers["Retry-After"]) == (429, "2")
        assert "clients_per_stream" in (await full.json())["error"]
        with stage.seats.take("gate"), stage.seats.take("gate"):
            assert (await client.get("/live/door.ts", params=token(stage))).status == 503
    answer = await client.get("/live/door.ts", params=token(stage))
    assert answer.status == 200
    answer.close()


async def test_get_when_nothing_comes_then_it_is_503_with_a_reason(
    stage: Stage, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "FIRST_S", 0.05)
    client = await serve(LiveStreams(stage).routes())
    answer = await client.get("/live/door.ts", params=token(stage))
    assert (answer.status, (await answer.json())["error"]) == (
        503,
        "door sends nothing at the moment",
    )


async def test_get_when_a_client_takes_nothing_then_it_is_sent_away_and_others_go_on(
    stage: Stage, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STALL_S", 0.2)
    feed = stage.feeds.translated("door")
    feed.publish(b"key", key=True)
    client = await serve(LiveStreams(stage).routes())
    stuck = await client.get("/live/door.ts", params=token(stage))
    for _ in range(64):
        feed.publish(bytes(1 << 20), key=True)
        await asyncio.sleep(0)
    await until(lambda: not stage.seats.taken, PATIENCE_S)
    stuck.close()
    feed.publish(b"key", key=True)
    async with client.get("/live/door.ts", params=token(stage)) as other:
        assert await other.content.readexactly(3) == b"key"


async def test_head_when_asked_then_it_tells_the_type_and_takes_no_place(
    stage: Stage, serve: Serve
) -> None:
    client = await serve(LiveStreams(stage).routes())
    answer = await client.head("/live/door.ts", params=token(stage))
    assert (answer.status, answer.headers["Content-Type"]) == (200, "video/mp2t")
