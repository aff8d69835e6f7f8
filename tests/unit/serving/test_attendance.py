import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import cast

import pytest

from edge_worker.serving import attendance
from edge_worker.serving.attendance import Attendance
from edge_worker.serving.board import Board
from edge_worker.serving.feeds import Feeds
from edge_worker.stream_keeper import StreamKeeper
from mqtt_schemas import Channel, Request, decode
from tests.broker.watching import until
from tests.unit.serving.test_board import STATE
from tests.unit.serving.wire import TOPICS, Wire

OUT = TOPICS.out_av("door", "en")
WATCH = TOPICS.request("watch")


class Keeper:
    """Of a stream that is ours."""

    def __init__(self) -> None:
        self.woken: list[str] = []

    def wake(self, reason: str) -> None:
        self.woken.append(reason)


class Here:
    """One worker's attendance, and whether ``door`` is its own."""

    def __init__(self) -> None:
        self.feeds, self.board, self.wire = Feeds(), Board(), Wire()
        self.keeper: Keeper | None = None

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[None]:
        await self.board.listen(self.wire.link, TOPICS)
        looking = Attendance(
            self.feeds,
            self.board,
            self.wire.announcer,
            lambda _stream: cast("StreamKeeper | None", self.keeper),
        )
        task = asyncio.create_task(looking.run())
        yield
        task.cancel()


async def test_run_when_our_own_stream_is_watched_then_it_wakes_once_in_a_while() -> None:
    here = Here()
    here.keeper = Keeper()
    async with here.looking():
        with closing(here.feeds.translated("door").watch()):
            await until(lambda: here.keeper is not None and here.keeper.woken == ["watcher"])
        assert here.wire.published == []
        assert not here.wire.heard(OUT)


async def test_run_when_only_the_original_is_watched_then_nothing_wakes() -> None:
    here = Here()
    here.keeper = Keeper()
    async with here.looking():
        with closing(here.feeds.original("door").watch()):
            await asyncio.sleep(0.02)
            assert here.keeper.woken == []


async def test_run_when_another_workers_stream_is_watched_then_its_owner_is_told_and_it_is_fetched(
    foreign: bytes,
) -> None:
    here = Here()
    async with here.looking():
        await here.wire.say(Channel.STATE, replace(STATE, owner="other"), stream="door")
        viewer = here.feeds.translated("door").watch()
        await until(lambda: here.wire.heard(OUT))
        request = decode(Request, WATCH, here.wire.on(WATCH)[0])
        assert request.stream == "door"
        await here.wire.say(Channel.OUT_AV, foreign, stream="door", language="en")
        assert await viewer.next() in foreign
        viewer.close()
        await until(lambda: not here.wire.heard(OUT))


async def test_run_when_the_stream_becomes_ours_then_it_is_fetched_no_longer(
    foreign: bytes,
) -> None:
    here = Here()
    async with here.looking():
        await here.wire.say(Channel.STATE, replace(STATE, owner="other"), stream="door")
        with closing(here.feeds.translated("door").watch()) as viewer:
            await until(lambda: here.wire.heard(OUT))
            here.keeper = Keeper()
            await here.wire.say(Channel.OUT_AV, foreign, stream="door", language="en")
            assert viewer.waiting_bytes == 0
            await until(lambda: not here.wire.heard(OUT))


async def test_run_when_the_broker_refuses_one_stream_then_the_others_are_looked_after(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(attendance, "_LOOK_S", 0.01)
    monkeypatch.setattr(attendance, "_AGAIN_S", 0.05)
    here = Here()
    here.wire.refused.add(TOPICS.filter(Channel.OUT_AV, stream="door"))
    async with here.looking():
        for stream in ("door", "garden"):
            state = replace(STATE, stream=stream, owner="other")
            await here.wire.say(Channel.STATE, state, stream=stream)
        with closing(here.feeds.translated("door").watch()):
            await until(lambda: here.wire.refusals > 1)
            with closing(here.feeds.translated("garden").watch()):
                await until(lambda: here.wire.heard(TOPICS.out_av("garden", "en")))
            assert [line for line in caplog.messages if "door" in line] == [
                "door: another worker owns it, and cannot be heard: the broker refused"
            ]
            here.wire.refused.clear()
            await until(lambda: here.wire.heard(OUT))
