import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web

from edge_worker.serving import server
from edge_worker.serving.access import Access
from edge_worker.serving.server import HttpServer
from edge_worker.serving.tokens import Tokens


@asynccontextmanager
async def listening(connections: int = 8) -> AsyncIterator[HttpServer]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=(await request.read()).decode())

    access = Access(Tokens())
    app = web.Application(client_max_size=1000, middlewares=[access.middleware])
    app.add_routes([web.get("/", answer), web.post("/", answer)])
    async with HttpServer(app, "127.0.0.1", 0, connections) as serving:
        yield serving


async def raw(port: int, *pieces: bytes) -> bytes:
    """What comes back until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
    try:
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


async def test_start_when_the_port_is_taken_then_the_error_says_what_to_do() -> None:
    async with listening() as one:
        with pytest.raises(OSError, match=rf"port {one.port}.*http\.port"):
            async with HttpServer(web.Application(), "127.0.0.1", one.port, 8):
                pass


async def test_connect_when_there_are_too_many_then_further_ones_are_told_503() -> None:
    async with listening(connections=2) as one:
        held = [await asyncio.open_connection("127.0.0.1", one.port) for _ in range(2)]
        await asyncio.sleep(0)
        answer = await raw(one.port)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert answer.endswith(b'{"error": "too many connections"}')
        for _, writer in held:
            writer.close()


async def test_request_when_its_head_does_not_come_then_the_connection_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "_IDLE_S", 0.2)
    async with listening() as one:
        assert await raw(one.port, b"GET / HTTP/1.1\r\nHost: ") == b""


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 5000 + b"\r\n\r\n",
        b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 100 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_request_when_its_head_is_too_large_or_nonsense_then_it_is_400(head: bytes) -> None:
    async with listening() as one:
        answer = await raw(one.port, head)
        assert answer.split()[1] == b"400"


async def test_request_when_its_body_is_too_large_then_it_is_413() -> None:
    async with listening() as one, ClientSession() as session:
        url = f"http://127.0.0.1:{one.port}/"
        assert (await session.post(url, data=b"a" * 1001)).status == 413
        assert (await session.post(url, data=b"a" * 1000)).status == 200


async def test_access_log_when_a_request_is_told_then_without_its_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG, "edge_worker.serving.access"):
        async with listening() as one, ClientSession() as session:
            url = f"http://127.0.0.1:{one.port}"
            await session.get(f"{url}/?token=secret", headers={"Authorization": "Bearer secret"})
            await session.get(f"{url}/no%0Aforged?token=secret")
    told = "\n".join(caplog.messages)
    assert "GET / 200" in told
    assert "GET /no%0Aforged 404" in told
    assert "secret" not in told


NONSENSE = (
    b"GET /x?token=secret%2Fsecret HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET /x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret\x01secret\r\n\r\n",
    b"GET /x?token=secret\xc3secret secret HTTP/1.1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nsecret\r\n",
    b"\x16\x03\x01 secret\r\n\r\n",
)


@pytest.mark.parametrize("level", [logging.INFO, logging.DEBUG])
@pytest.mark.parametrize("nonsense", NONSENSE)
async def test_log_when_nonsense_comes_then_it_is_neither_quoted_nor_traced(
    caplog: pytest.LogCaptureFixture, level: int, nonsense: bytes
) -> None:
    with caplog.at_level(level):
        async with listening() as one:
            assert b" 400 " in await raw(one.port, nonsense)
    ours = [record for record in caplog.records if record.name.startswith(("edge", "aiohttp"))]
    assert not any(record.exc_info for record in ours)
    assert not any(record.levelno > logging.INFO for record in ours)
    assert "secret" not in caplog.text


async def test_log_when_a_handler_fails_then_its_traceback_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(_request: web.Request) -> web.Response:
        raise ZeroDivisionError

    app = web.Application()
    app.add_routes([web.get("/", fail)])
    async with HttpServer(app, "127.0.0.1", 0, 8) as one, ClientSession() as session:
        assert (await session.get(f"http://127.0.0.1:{one.port}/")).status == 500
    assert any(record.exc_info for record in caplog.records)
