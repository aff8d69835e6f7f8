"""The doctor at a real broker."""

from pathlib import Path

import pytest

from edge_worker.doctor import Finding, Health, examine_broker
from edge_worker.transport import BrokerSettings
from tests.broker.conftest import Mosquitto
from tests.broker.secured import Secured

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_worker.doctor.broker._WITHIN_S", 1.5)


async def examined(settings: BrokerSettings) -> dict[str, Finding]:
    return {one.about: one async for one in examine_broker(settings)}


async def test_broker_when_it_is_well_is_said_to_be(mosquitto: Mosquitto) -> None:
    found = await examined(mosquitto.settings)
    assert found["broker"].health is Health.WELL
    assert "there and back in" in found["broker's messages"].found


async def test_broker_when_its_messages_are_too_small_is_ill_and_says_what_to_change(
    tmp_path: Path,
) -> None:
    broker = Mosquitto(tmp_path, extra="max_packet_size 64000")
    broker.start()
    try:
        found = await examined(broker.settings)
    finally:
        broker.stop()
    assert found["broker's messages"].health is Health.ILL
    assert "1 MB" in found["broker's messages"].advice


async def test_documented_broker_when_a_worker_asks_is_well(tmp_path: Path) -> None:
    broker = Secured(tmp_path)
    broker.start()
    try:
        found = await examined(broker.settings_of("worker"))
        forbidden = await examined(broker.settings_of("viewer"))
    finally:
        broker.stop()
    assert {one.health for one in found.values()} == {Health.WELL}
    assert "response" in forbidden["broker's messages"].advice
