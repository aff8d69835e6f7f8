"""A WHEP server on loopback with one stream, ``door``."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest_asyncio
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from yarl import URL

from edge_worker.serving.access import Access
from edge_worker.serving.feeds import Feeds
from edge_worker.serving.live import Stage
from edge_worker.serving.seats import Seats
from edge_worker.serving.tokens import Scope, Tokens
from edge_worker.serving.whep import Ice, Pcm, Sessions, WhepRoutes
from tests.unit.serving.whep.page import add_page


@dataclass
class House:
    """The server's inside, and a client outside."""

    feeds: Feeds
    tokens: Tokens
    sessions: Sessions
    client: ClientSession
    root: URL
    said: list[tuple[str, Pcm]] = field(default_factory=list)
    """What owners said, and to which door."""

    def url(self, stream: str = "door", scope: Scope = Scope.VIEW, token: str | None = None) -> str:
        """Where to ask for a stream."""
        return f"/whep/{stream}?token={token or self.tokens.of(stream, scope)}"


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    feeds, tokens, seats = Feeds(), Tokens(), Seats(3, 2)
    said: list[tuple[str, Pcm]] = []
    ice = Ice(("127.0.0.1",))
    sessions = Sessions(feeds, seats, ice, lambda stream, sound: said.append((stream, sound)))
    stage = Stage(feeds, Access(tokens), seats, lambda stream: stream in {"door", "gate"})
    app = web.Application()
    app.add_routes(WhepRoutes(stage, sessions).routes())
    add_page(app)
    async with TestServer(app) as server, ClientSession(server.make_url("/")) as client:
        yield House(feeds, tokens, sessions, client, server.make_url("/"), said)
        await sessions.close()
