"""Workers that die without a word: how soon others serve their streams, with real processes."""

import asyncio
import contextlib
import logging
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from edge_worker.demo.processes import PolylipProcess
from mqtt_schemas import MediaProperties
from tests.broker.conftest import Mosquitto
from tests.broker.watching import until
from tests.broker.worker.doors import play, visit
from tests.broker.worker.house import Heard, House, watching

pytestmark = [
    pytest.mark.broker,
    pytest.mark.models,
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="kills by signal"),
]

_log = logging.getLogger(__name__)
STREAMS = ("door", "gate")
ROUNDS = 3
_START_S = 240.0
"""Engines are loaded on a machine that may have much else to do."""


class Workers:
    """Two of them; whoever was killed is started anew."""

    def __init__(self, broker: Mosquitto, house: House, folder: Path) -> None:
        self._place = [f"--host={broker.host}", f"--port={broker.port}"]
        self._house = house
        self._folder = folder
        self._processes: dict[str, PolylipProcess] = {}

    async def start(self, name: str) -> None:
        before = self._house.statuses.count("ready")
        process = PolylipProcess(
            name, ["worker", f"--worker={name}", *self._place], self._folder / f"{name}.log"
        )
        self._processes[name] = await process.__aenter__()
        await until(lambda: self._house.statuses.count("ready") > before, _START_S)

    def strike(self, name: str, number: signal.Signals) -> None:
        process = self._processes[name]._process
        assert process is not None
        process.send_signal(number)

    async def stop(self, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.strike(name, signal.SIGKILL)
        await self._processes.pop(name).__aexit__(None, None, None)

    async def stop_all(self) -> None:
        for name in tuple(self._processes):
            await self.stop(name)


@contextlib.asynccontextmanager
async def two_workers(broker: Mosquitto, house: House, folder: Path) -> AsyncIterator[Workers]:
    workers = Workers(broker, house, folder)
    try:
        await workers.start("box")
        await workers.start("spare")
        yield workers
    finally:
        await workers.stop_all()


@pytest.mark.parametrize(
    ("number", "what"),
    [(signal.SIGKILL, "killed"), (signal.SIGSTOP, "silent, as without power or network")],
)
async def test_streams_when_their_worker_dies_then_others_serve_them_within_5_s(
    mosquitto: Mosquitto, tmp_path: Path, number: signal.Signals, what: str
) -> None:
    clip = visit(12.1, 15.95, silence_s=600)
    took_s: list[float] = []
    async with watching(mosquitto) as house, two_workers(mosquitto, house, tmp_path) as workers:
        cameras = [asyncio.create_task(play(house.link, name, clip)) for name in STREAMS]
        for _ in range(ROUNDS):
            await house.until(lambda: all(serving(house, name) for name in STREAMS))
            await asyncio.sleep(1)
            lost = house[STREAMS[0]].states[-1].owner
            theirs = [name for name in STREAMS if house[name].states[-1].owner == lost]
            terms = {name: house[name].states[-1].term for name in theirs}
            began_s = time.monotonic()
            workers.strike(lost, number)
            await house.until(partial(all_served, house, terms))
            took_s.append(time.monotonic() - began_s)
            await workers.stop(lost)
            await workers.start(lost)
        for camera in cameras:
            camera.cancel()
    _log.warning(
        "%s: median %.2f s, longest %.2f s to the first segment under the next term, %d times",
        what,
        statistics.median(took_s),
        max(took_s),
        len(took_s),
    )
    assert max(took_s) <= 5.0


def serving(house: House, stream: str) -> bool:
    heard = house[stream]
    if not heard.states or not heard.out:
        return False
    return newest_term(heard) == heard.states[-1].term


def newest_term(heard: Heard) -> int:
    """Of the newest segment that a subscriber has."""
    newest = heard.out[-1]
    return MediaProperties.from_pairs(newest.topic, newest.user_properties).term or 0


def all_served(house: House, terms: Mapping[str, int]) -> bool:
    """A subscriber has a segment of a later term of every stream."""
    return all(newest_term(house[stream]) > term for stream, term in terms.items())
