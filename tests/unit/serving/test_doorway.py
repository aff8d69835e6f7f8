"""Nobody holds a connection by doing nothing: neither reading, nor agreeing on TLS."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiohttp import ClientConnectionError, ClientSession, web

from edge_worker.serving import doorway
from edge_worker.serving.server import HttpServer
from tests.unit.serving.test_serving import certificate

ROOM = 3


def application() -> web.Application:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=bytes(32_000))

    app = web.Application()
    app.add_routes([web.get("/", answer)])
    return app


def secured(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context and its clients'."""
    chain, private = certificate(folder)
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(chain, private)
    theirs = ssl.create_default_context(cafile=str(chain))
    theirs.check_hostname = False
    return ours, theirs


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Sockets that are closed after the test."""
    with ExitStack() as sockets:
        yield sockets


def connect(port: int, held: ExitStack, room: int | None = None) -> socket.socket:
    one = held.enter_context(socket.socket())
    if room is not None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    one.connect(("127.0.0.1", port))
    one.settimeout(0)
    return one


async def status(url: str, trust: ssl.SSLContext | None = None) -> int:
    """Of an answer; 0 where the connection is closed without one."""
    async with ClientSession() as session:
        try:
            async with session.get(url, ssl=trust or True) as answer:
                return answer.status
        except ClientConnectionError:
            return 0


async def becomes(wanted: int, url: str, trust: ssl.SSLContext | None = None) -> None:
    async with asyncio.timeout(20):
        while await status(url, trust) != wanted:  # noqa: ASYNC110 - there is no event to it
            await asyncio.sleep(0.1)


@pytest.mark.skipif(
    not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no TCP_USER_TIMEOUT"
)
async def test_answers_when_nobody_reads_them_then_their_connections_are_free_again(
    monkeypatch: pytest.MonkeyPatch, held: ExitStack
) -> None:
    monkeypatch.setattr(doorway, "UNREAD_S", 0.5)
    async with HttpServer(application(), "127.0.0.1", 0, ROOM) as server:
        url = f"http://127.0.0.1:{server.port}/"
        for _ in range(ROOM):
            idle = connect(server.port, held, room=4096)
            idle.send(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200)
        await becomes(503, url)
        await becomes(200, url)


async def test_handshakes_when_they_do_not_come_then_they_count_and_end(
    monkeypatch: pytest.MonkeyPatch, held: ExitStack, tmp_path: Path
) -> None:
    monkeypatch.setattr(doorway, "HANDSHAKE_S", 1.0)
    ours, theirs = secured(tmp_path)
    async with HttpServer(application(), "127.0.0.1", 0, ROOM, ours) as server:
        url = f"https://127.0.0.1:{server.port}/"
        silent = [connect(server.port, held) for _ in range(2 * ROOM)]
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(10):
            for beyond in silent[ROOM:]:
                assert await loop.sock_recv(beyond, 1) == b""
        assert await status(url, theirs) == 0
        await becomes(200, url, theirs)


async def test_server_when_it_stops_then_it_listens_no_more_and_silent_clients_go(
    held: ExitStack, tmp_path: Path
) -> None:
    async with HttpServer(application(), "127.0.0.1", 0, ROOM, secured(tmp_path)[0]) as server:
        silent = connect(server.port, held)
        await asyncio.sleep(0.1)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port))
    async with asyncio.timeout(10):
        assert await asyncio.get_running_loop().sock_recv(silent, 1) == b""
