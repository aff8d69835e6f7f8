"""Viewers over HTTP: of a worker with real engines, and of one that is still loading them."""

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, ClientTimeout

from edge_worker.engine_set import EngineSet
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.mpegts import Demuxer
from edge_worker.serving import Serving
from edge_worker.serving.tokens import Scope
from edge_worker.worker import Worker
from mqtt_schemas import (
    Activation,
    Request,
    Response,
    ViewGrant,
    ViewRequest,
    ViewScope,
    WorkerInfo,
    decode,
    encode,
)
from tests.broker.conftest import Mosquitto
from tests.broker.watching import Heard
from tests.broker.worker.doors import TOPICS, Clip, play
from tests.broker.worker.house import PATIENCE_S, House, borrowed, settings_for, watching

pytestmark = pytest.mark.broker
VIEW = TOPICS.request("view")


@contextlib.asynccontextmanager
async def fronted(broker: Mosquitto, engines: EngineSet | None) -> AsyncIterator[Serving]:
    """A worker that serves HTTP; without ``engines`` it loads until it is stopped."""
    settings = settings_for(broker, http={"port": 0})
    serving = Serving(settings)
    over = threading.Event()

    def load() -> EngineSet:
        if engines is None:
            over.wait(PATIENCE_S)
            raise RuntimeError("there are no engines")
        return borrowed(engines)

    worker = Worker(settings, load, front=serving)
    task = asyncio.create_task(worker.run())
    try:
        yield serving
    finally:
        worker.stop()
        async with asyncio.timeout(PATIENCE_S):
            await task
        over.set()


@contextlib.asynccontextmanager
async def on_air(house: House, clip: Clip, stream: str = "door") -> AsyncIterator[None]:
    """A camera that sends a clip again and again, each time with a clock of its own."""

    async def send() -> None:
        while True:
            await play(house.link, stream, clip)

    sending = asyncio.create_task(send())
    yield
    sending.cancel()


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession(timeout=ClientTimeout(total=PATIENCE_S)) as made:
        yield made


async def probed(url: str) -> set[str]:
    """Codecs that ffprobe finds behind an address."""
    brief = ("-probesize", "200000", "-analyzeduration", "1000000")
    asked = ("-show_entries", "stream=codec_name", "-of", "json", url)
    command = ("ffprobe", "-v", "error", *brief, *asked)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE_S):
        told, _ = await process.communicate()
    return {stream["codec_name"] for stream in json.loads(told)["streams"]}


async def granted(house: House, scope: ViewScope, stream: str = "door") -> Response:
    """Ask for a view over MQTT until somebody answers."""
    heard = Heard()
    topic = f"a-dashboard/{scope}-{stream}"
    subscription = await house.link.subscribe(topic, heard)
    data = json.loads(encode(ViewRequest(scope=scope)))
    request = Request(transaction=f"{scope}-{stream}", stream=stream, data=data)
    house.link.publish(VIEW, encode(request), response_topic=topic)
    await heard.count(1)
    await house.link.unsubscribe(subscription)
    return decode(Response, topic, heard.payloads[0])


async def test_original_when_the_engines_are_still_loading_then_it_is_served_untouched(
    mosquitto: Mosquitto, moment: Clip, session: ClientSession
) -> None:
    async with watching(mosquitto) as house, fronted(mosquitto, None) as serving:
        await house.until(lambda: bool(serving.url))
        health = await session.get(f"{serving.url}/health")
        assert (health.status, (await health.json())["error"]) == (
            503,
            "the engines are being loaded",
        )
        async with on_air(house, moment):
            await house.until(lambda: bool(serving.feeds.original("door").group))
            token = serving.tokens.of("door", Scope.VIEW)
            address = f"{serving.url}/original/door.ts?token={token}"
            async with session.get(address) as answer:
                sent = b"".join(one.data for one in moment.segments)
                assert await answer.content.readexactly(1880) in sent
            assert await probed(address) == {"h264", "aac"}


@pytest.mark.models
async def test_live_when_the_language_changes_then_its_viewers_go_on_watching(
    mosquitto: Mosquitto, engines: EngineSet, quiet_room: Clip, session: ClientSession
) -> None:
    async with watching(mosquitto) as house, fronted(mosquitto, engines) as serving:
        await house.until(lambda: bool(house.infos))
        info = decode(WorkerInfo, TOPICS.worker_info("box"), house.infos[-1])
        assert info.http_url == serving.url
        await house.declare("door", target_language="en")
        async with on_air(house, quiet_room):
            answer = await granted(house, ViewScope.VIEW)
            grant = decode(ViewGrant, "data", json.dumps(dict(answer.data)).encode())
            async with session.get(grant.live_url, params={"token": grant.token}) as live:
                assert live.status == 200
                demuxer, units = Demuxer(), list[AccessUnit]()

                async def pictures(wanted: int) -> None:
                    while sum(unit.kind == "video" for unit in units) < wanted:
                        units.extend(demuxer.feed(await live.content.readany()))

                await pictures(10)
                assert next(unit for unit in units if unit.kind == "video").key
                await house.set("door", "target_language", "pt")
                await house.until(lambda: house["door"].states[-1].out_topic.endswith("/pt/av"))
                before = sum(unit.kind == "video" for unit in units)
                await pictures(before + 15)
            assert demuxer.counters.lost == 0
            snapshot = await session.get(grant.snapshot_url, params={"token": grant.token})
            assert (await snapshot.read())[:2] == b"\xff\xd8"
            refused = await granted(house, ViewScope.VIEW, "nowhere")
            assert "no stream" in refused.error


@pytest.mark.models
async def test_live_when_a_sleeping_stream_is_watched_then_it_wakes_and_the_original_wakes_nothing(
    mosquitto: Mosquitto, engines: EngineSet, quiet_room: Clip, session: ClientSession
) -> None:
    async with watching(mosquitto) as house, fronted(mosquitto, engines) as serving:
        await house.until(lambda: bool(house.infos))
        await house.declare("door", activation=Activation.ON_DEMAND)
        states = house["door"].states
        await house.until(lambda: not states[-1].active)
        async with on_air(house, quiet_room):
            query = {"token": serving.tokens.of("door", Scope.VIEW)}
            async with session.get(f"{serving.url}/original/door.ts", params=query) as original:
                await original.content.readexactly(1880)
            assert not states[-1].active
            async with session.get(f"{serving.url}/live/door.ts", params=query) as live:
                await live.content.readexactly(1880)
            assert states[-1].active
