"""Transport streams as cameras send them, and a server that is asked like any other."""

import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edge_worker.serving.access import Access
from edge_worker.serving.feeds import Feeds
from edge_worker.serving.live import Stage
from edge_worker.serving.seats import Seats
from edge_worker.serving.tokens import Tokens

Client = TestClient[web.Request, web.Application]
Serve = Callable[[list[web.RouteDef]], Awaitable[Client]]


def film(*options: str, seconds: float = 4.0) -> bytes:
    """MPEG-TS of ffmpeg's own making: a test picture at 10 a second, a tone."""
    picture = ("-f", "lavfi", "-i", f"testsrc=size=160x120:rate=10:d={seconds}")
    sound = ("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:d={seconds}")
    command = ["ffmpeg", "-v", "error", *picture, *sound, *options, "-f", "mpegts", "-"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


_BASELINE = ("-pix_fmt", "yuv420p", "-profile:v", "baseline", "-bf", "0")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "10", *_BASELINE, "-c:a", "aac")
"""What every browser plays, a keyframe each second."""


@pytest.fixture(scope="session")
def foreign() -> bytes:
    """Four seconds of a stranger's muxer: keyframes each second, tables when it likes."""
    return film(*H264)


@pytest.fixture
def stage() -> Stage:
    """One stream, ``door``, four clients, two of them at one stream."""
    feeds = Feeds()
    return Stage(feeds, Access(Tokens()), Seats(4, 2), lambda stream: stream == "door")


@pytest.fixture
async def serve(stage: Stage) -> AsyncIterator[Serve]:
    """Serve routes behind the stage's access."""
    clients: list[Client] = []

    async def start(routes: list[web.RouteDef]) -> Client:
        app = web.Application(client_max_size=64_000, middlewares=[stage.access.middleware])
        app.on_response_prepare.append(stage.access.on_prepare)
        app.add_routes(routes)
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    for client in clients:
        await client.close()
