"""The demo's own broker behaves as the contract needs it."""

import pytest

from edge_worker.transport import EmbeddedBroker, MqttLink
from tests.broker.watching import Heard

pytestmark = pytest.mark.broker


async def test_embedded_broker_when_started_then_it_carries_media_and_retained_state() -> None:
    media, state = Heard(), Heard()
    with EmbeddedBroker() as broker:
        assert broker.host == "127.0.0.1"
        async with MqttLink(broker.settings) as link:
            await link.wait_connected()
            await link.subscribe("t/av", media, media=True)
            link.publish("t/state", "kept", retain=True)
            link.publish_media("t/av", bytes(900_000), user_properties=[("seq", "1")])
            await link.flush()
            await link.subscribe("t/state", state)
            await state.count(1)
            await media.count(1)
    (segment,) = media.messages
    assert len(segment.payload) == 900_000
    assert segment.user_properties == (("seq", "1"),)
    assert state.payloads == [b"kept"]
    assert state.messages[0].retain


def test_embedded_brokers_when_two_run_then_each_has_a_port_of_its_own() -> None:
    with EmbeddedBroker() as one, EmbeddedBroker() as other:
        assert one.port != other.port
