"""A worker whose log has no room left."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.broker.conftest import Mosquitto
from tests.broker.worker.house import watching

pytestmark = [pytest.mark.broker, pytest.mark.models]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
async def test_worker_when_its_log_has_no_room_then_it_comes_up_and_leaves_in_good_order(
    mosquitto: Mosquitto,
) -> None:
    async with watching(mosquitto) as house:
        worker = started(mosquitto)
        try:
            await house.until(lambda: "ready" in house.statuses)
            worker.terminate()
            await house.until(lambda: "disconnected" in house.statuses)
        finally:
            worker.kill()
            worker.wait()


def started(mosquitto: Mosquitto) -> "subprocess.Popen[bytes]":
    place = (f"--host={mosquitto.host}", f"--port={mosquitto.port}")
    with Path("/dev/full").open("wb", buffering=0) as full:
        return subprocess.Popen(
            [sys.executable, "-m", "edge_worker", "worker", "--worker=box", *place],
            stdout=full,
            stderr=full,
        )
