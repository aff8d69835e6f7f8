import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from edge_worker.serving.access import Access, own_hosts
from edge_worker.serving.live import Stage
from edge_worker.serving.tokens import Scope, Tokens
from tests.unit.serving.conftest import Client, Serve


def guarded(access: Access, scope: Scope) -> list[web.RouteDef]:
    """One route that takes a token of this scope for ``door``."""

    async def answer(request: web.Request) -> web.Response:
        access.require(request, scope, "door")
        return web.Response(text="in")

    return [web.get("/door", answer)]


@pytest.mark.parametrize("way", ["query", "header"])
async def test_require_when_the_token_is_right_then_the_request_passes(
    stage: Stage, serve: Serve, way: str
) -> None:
    client = await serve(guarded(stage.access, Scope.VIEW))
    token = stage.access.tokens.of("door", Scope.VIEW)
    asked = (
        await client.get("/door", params={"token": token})
        if way == "query"
        else await client.get("/door", headers={"Authorization": f"Bearer {token}"})
    )
    assert (asked.status, await asked.text()) == (200, "in")


@pytest.mark.parametrize("given", ["", "wrong", "x" * 3000, "%FF%00", "%F0%9F%9A%AA"])
async def test_require_when_there_is_no_right_token_then_it_is_401_with_a_reason(
    stage: Stage, serve: Serve, given: str
) -> None:
    client = await serve(guarded(stage.access, Scope.VIEW))
    asked = await client.get(URL(f"/door?token={given}", encoded=True))
    assert (asked.status, asked.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "token" in (await asked.json())["error"]


async def test_require_when_the_token_is_another_streams_then_it_is_401(
    stage: Stage, serve: Serve
) -> None:
    client = await serve(guarded(stage.access, Scope.VIEW))
    token = stage.access.tokens.of("gate", Scope.TALK)
    assert (await client.get("/door", params={"token": token})).status == 401


async def test_require_when_the_scope_is_less_then_it_is_403(stage: Stage, serve: Serve) -> None:
    client = await serve(guarded(stage.access, Scope.TALK))
    token = stage.access.tokens.of("door", Scope.VIEW)
    asked = await client.get("/door", params={"token": token})
    assert asked.status == 403
    assert "talk" in (await asked.json())["error"]


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:8090", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8090", 200),
        ("evil.example", 421),
        ("evil.example:8090", 421),
        ("127.0.0.1.evil.example", 421),
        ("[", 421),
    ],
)
async def test_middleware_when_another_name_points_here_then_only_our_own_are_answered(
    name: str, status: int
) -> None:
    access = Access(Tokens(), own_hosts("127.0.0.1", "", ()))
    client = await _serving(access)
    asked = await client.get("/", headers={"Host": name})
    assert asked.status == status
    await client.close()


def test_own_hosts_when_others_may_reach_it_then_any_name_will_do() -> None:
    assert own_hosts("192.168.1.9", "", ()) == ()
    assert set(own_hosts("127.0.0.1", "https://cam.example:8443", ("box.lan",))) == {
        *("127.0.0.1", "localhost", "::1", "cam.example", "box.lan")
    }


async def test_middleware_when_a_page_of_another_server_asks_then_only_the_named_one_may() -> None:
    access = Access(Tokens(), (), ("https://ha.example",))
    client = await _serving(access)
    stranger = await client.get("/", headers={"Origin": "https://evil.example"})
    friend = await client.get("/", headers={"Origin": "https://ha.example"})
    before = await client.options("/", headers={"Origin": "https://ha.example"})
    assert "Access-Control-Allow-Origin" not in stranger.headers
    assert friend.headers["Access-Control-Allow-Origin"] == "https://ha.example"
    assert (before.status, "Authorization" in before.headers["Access-Control-Allow-Headers"]) == (
        204,
        True,
    )
    await client.close()


async def test_middleware_when_nothing_is_there_then_the_reason_is_json_too() -> None:
    client = await _serving(Access(Tokens()))
    asked = await client.get("/nowhere")
    assert (asked.status, await asked.json()) == (404, {"error": "Not Found"})
    assert asked.headers["X-Content-Type-Options"] == "nosniff"
    assert asked.headers["Server"] == "Polylip"
    await client.close()


async def _serving(access: Access) -> Client:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(text="in")

    app = web.Application(middlewares=[access.middleware])
    app.add_routes([web.get("/", answer)])
    client: Client = TestClient(TestServer(app))
    await client.start_server()
    return client
