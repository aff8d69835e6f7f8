import json
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from edge_worker import serving
from edge_worker.serving.board import Board
from edge_worker.serving.live import Stage
from edge_worker.serving.page_routes import Page
from edge_worker.serving.tokens import Scope
from mqtt_schemas import Channel, StreamStatus, WorkerInfo
from tests.unit.serving.conftest import Client, Serve
from tests.unit.serving.test_board import INFO, SAID, STATE
from tests.unit.serving.wire import TOPICS, Wire

PAGE = {file.name: file.read_text() for file in Path(serving.__file__).parent.glob("page/*.*")}


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def client(stage: Stage, serve: Serve, wire: Wire) -> Client:
    board = Board()
    await board.listen(wire.link, TOPICS)
    return await serve(Page(stage.access, stage.seats, board).routes())


async def next_event(answer: ClientResponse) -> tuple[str, Any]:
    name = (await answer.content.readuntil(b"\n")).decode().removeprefix("event: ").strip()
    data = (await answer.content.readuntil(b"\n\n")).decode().removeprefix("data: ")
    return name, json.loads(data)


async def test_index_when_asked_then_its_policy_allows_nothing_from_elsewhere(
    client: Client,
) -> None:
    answer = await client.get("/")
    assert answer.content_type == "text/html"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("name", sorted(PAGE))
async def test_file_when_it_is_part_of_the_page_then_it_is_served_and_self_contained(
    client: Client, name: str
) -> None:
    path = "/" if name == "index.html" else f"/page/{name}"
    answer = await client.get(path)
    text = await answer.text()
    assert (answer.status, text) == (200, PAGE[name])
    assert not re.search(r"(src|href|url|import|fetch)\W{1,3}https?://", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
    assert not re.search(r"\son[a-z]+=\"|style=\"|javascript:", text)


@pytest.mark.parametrize(
    "path", ["/page/..%2fserving.py", "/page/nothing.js", "/page/__init__.py", "/page/"]
)
async def test_file_when_it_is_none_of_the_page_then_it_is_404(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_events_when_the_token_is_not_the_pages_then_it_is_refused(
    stage: Stage, client: Client
) -> None:
    assert (await client.get("/events")).status == 401
    lesser = {"Authorization": f"Bearer {stage.access.tokens.of('door', Scope.TALK)}"}
    assert (await client.get("/events", headers=lesser)).status == 401


async def test_events_when_a_page_opens_then_it_reads_what_is_known_and_then_what_is_new(
    stage: Stage, client: Client, wire: Wire
) -> None:
    await wire.say(Channel.WORKER_INFO, WorkerInfo(worker="box"), worker="box")
    await wire.say(Channel.STREAM_INFO, INFO, stream="door")
    await wire.say(Channel.STATE, STATE, stream="door")
    bearer = {"Authorization": f"Bearer {stage.access.tokens.page}"}
    async with client.get("/events", headers=bearer) as answer:
        assert answer.content_type == "text/event-stream"
        first = [await next_event(answer) for _ in range(5)]
        assert [name for name, _ in first] == ["hello", "worker", "stream", "info", "state"]
        tokens = first[2][1]
        assert stage.access.tokens.scope(tokens["view"], "door") is Scope.VIEW
        assert stage.access.tokens.scope(tokens["talk"], "door") is Scope.TALK
        assert stage.access.tokens.page not in json.dumps(first)
        await wire.say(Channel.UTTERANCE, SAID, stream="door")
        assert (await next_event(answer))[1]["source_text"] == "olá"
        await wire.say(Channel.STREAM_STATUS, StreamStatus.OFFLINE.value, stream="door")
        assert await next_event(answer) == ("status", {"stream": "door", "status": "offline"})
        await wire.say(Channel.STREAM_INFO, b"", stream="door")
        await wire.say(Channel.STATE, b"", stream="door")
        assert await next_event(answer) == ("gone", {"stream": "door"})


async def test_events_when_too_many_pages_are_open_then_it_is_503(
    stage: Stage, client: Client
) -> None:
    bearer = {"Authorization": f"Bearer {stage.access.tokens.page}"}
    with stage.seats.take(""), stage.seats.take(""), stage.seats.take(""), stage.seats.take(""):
        assert (await client.get("/events", headers=bearer)).status == 503
