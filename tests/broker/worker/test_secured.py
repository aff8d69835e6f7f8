"""The main job at the documented broker: TLS, users, and no more rights than a part takes."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.transport import MqttLink
from edge_worker.worker import Worker
from mqtt_schemas import StreamInfo, Topics, encode
from tests.broker.secured import Secured
from tests.broker.worker.doors import Clip, play
from tests.broker.worker.house import House, borrowed, settings_for

pytestmark = [pytest.mark.broker, pytest.mark.models]

TOPICS = Topics()


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    broker = Secured(tmp_path)
    broker.start()
    yield broker
    broker.stop()


async def test_visitor_when_all_are_bound_by_their_rights_is_translated(
    secured: Secured, engines: EngineSet, dog: Clip
) -> None:
    own = secured.certified("worker")
    assert own.tls is not None
    mqtt = {"port": own.port, "tls": True, "ca_file": own.tls.ca}
    mqtt |= {"cert_file": own.tls.cert, "key_file": own.tls.key}
    config = settings_for(secured)
    config = config.model_copy(update={"mqtt": config.mqtt.model_copy(update=mqtt)})
    worker = Worker(config, lambda: borrowed(engines))
    async with secured.link_of("homeassistant") as dashboard, secured.link_of("door") as door:
        house = House(dashboard)
        await dashboard.wait_connected()
        await door.wait_connected()
        await house.listen()
        running = asyncio.create_task(worker.run())
        await declare(door, house)
        await house.set("door", "source_language", "pt")
        await play(door, "door", dog)
        await house.finished("door")
        worker.stop()
        await running
    assert "dog" in " ".join(one.target_text for one in house["door"].spoken()).lower()
    assert house["door"].out


async def declare(door: MqttLink, house: House) -> None:
    """What the camera says of itself; it may not read along, so the dashboard does."""
    topic = TOPICS.stream_info("door")
    door.publish(topic, encode(StreamInfo(stream="door"), topic), retain=True)
    await house.until(lambda: bool(house["door"].states))
