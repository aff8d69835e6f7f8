"""The lasting MQTT client against a real broker."""

import asyncio
import logging
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge_worker.transport import BrokerSettings, Message, MqttLink, MqttVersion, Tls, Will
from tests.broker.conftest import Mosquitto, free_port
from tests.broker.watching import Heard, until

pytestmark = pytest.mark.broker


def publishing(link: MqttLink, topic: str, payload: str) -> Callable[[], Awaitable[None]]:
    """A hook that publishes retained state."""

    async def hook() -> None:
        link.publish(topic, payload, retain=True)

    return hook


async def test_message_with_properties_when_published_then_arrives_whole(
    mosquitto: Mosquitto,
) -> None:
    heard = Heard()
    async with mosquitto.link() as link:
        await link.wait_connected()
        await link.subscribe("t/+", heard, qos=1)
        link.publish(
            "t/a",
            "body",
            user_properties=[("seq", "7"), ("epoch", "e")],
            content_type="application/json",
            response_topic="t/reply",
            correlation_data=b"\x00\xff",
        )
        await heard.count(1)
    (message,) = heard.messages
    assert (message.topic, message.payload, message.qos) == ("t/a", b"body", 1)
    assert message.user_properties == (("seq", "7"), ("epoch", "e"))
    assert message.content_type == "application/json"
    assert message.response_topic == "t/reply"
    assert message.correlation_data == b"\x00\xff"
    assert not message.retain


async def test_mqtt_311_when_asked_for_then_the_same_calls_work_without_properties(
    mosquitto: Mosquitto,
) -> None:
    settings = BrokerSettings(port=mosquitto.port, version=MqttVersion.V311)
    heard = Heard()
    async with MqttLink(settings) as link:
        await link.wait_connected()
        await link.subscribe("t/#", heard)
        link.publish("t/a", "control", user_properties=[("seq", "7")])
        link.publish_media("t/b", b"media")
        await heard.count(2)
    assert sorted(heard.payloads) == [b"control", b"media"]
    assert heard.messages[0].user_properties == ()


async def test_broker_when_restarted_then_subscriptions_and_retained_state_are_there_again(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    heard, state = Heard(), Heard()
    async with mosquitto.link() as watcher, mosquitto.link() as link:
        link.on_connect(publishing(link, "t/state", "here"))
        await link.subscribe("t/in", heard)
        await link.wait_connected()
        mosquitto.stop()
        await until(lambda: not link.connected and not watcher.connected)
        mosquitto.start()
        await link.wait_connected()
        await watcher.wait_connected()
        await watcher.subscribe("t/state", state)
        await state.count(1)
        watcher.publish("t/in", "again")
        await heard.count(1)
    assert state.payloads[0] == b"here"
    assert heard.payloads == [b"again"]
    told = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    mine = [text for text in told if str(mosquitto.port) in text]
    assert sum("back after" in text for text in mine) == 2
    assert all("127.0.0.1" in text for text in mine)


async def test_broker_when_it_starts_after_us_then_we_connect(mosquitto: Mosquitto) -> None:
    mosquitto.stop()
    async with mosquitto.link() as link:
        await asyncio.sleep(0.3)
        assert not link.connected
        mosquitto.start()
        async with asyncio.timeout(20):
            await link.wait_connected()


async def test_control_when_published_while_disconnected_then_sent_in_order_after_reconnection(
    mosquitto: Mosquitto,
) -> None:
    heard = Heard()
    async with mosquitto.link() as reader, mosquitto.link() as link:
        await link.wait_connected()
        await reader.wait_connected()
        mosquitto.stop()
        await until(lambda: not link.connected and not reader.connected)
        for number in range(40):
            assert link.publish("t/text", str(number))
        link.publish("t/text", "stale", expiry_s=0)
        assert not link.publish("t/metrics", "worth nothing later", qos=0)
        assert not link.publish_media("t/av", b"old picture")
        assert link.media_discarded == 1
        await reader.subscribe("t/#", heard, qos=1)
        link.on_connect(_after(reader))
        mosquitto.start()
        await heard.count(40)
        link.publish("t/text", "last")
        await heard.count(41)
    assert heard.payloads == [str(number).encode() for number in range(40)] + [b"last"]


def _after(other: MqttLink) -> Callable[[], Awaitable[None]]:
    """A hook that holds a link's messages back until another link is connected."""
    return other.wait_connected


async def test_media_handler_when_stalled_then_oldest_go_and_control_still_flows(
    mosquitto: Mosquitto,
) -> None:
    stall, control, seen = asyncio.Event(), Heard(), []

    async def slow(message: Message) -> None:
        await stall.wait()
        seen.append(int(message.payload))

    async with mosquitto.link() as sender, mosquitto.link() as link:
        await asyncio.gather(sender.wait_connected(), link.wait_connected())
        media = await link.subscribe("t/av", slow, media=True, capacity=8)
        await link.subscribe("t/set", control, qos=1)
        for number in range(100):
            sender.publish_media("t/av", str(number).encode())
            await sender.flush()
        sender.publish("t/set", "on")
        await control.count(1)
        await until(lambda: media.dropped == 91)
        stall.set()
        await until(lambda: len(seen) == 9)
    assert seen == [0, *range(92, 100)]


async def test_sender_when_media_outruns_it_then_control_overtakes_and_media_is_discarded(
    mosquitto: Mosquitto,
) -> None:
    order: list[str] = []

    async def note(message: Message) -> None:
        order.append(message.topic)

    async with mosquitto.link() as reader, mosquitto.link() as link:
        await asyncio.gather(reader.wait_connected(), link.wait_connected())
        await reader.subscribe("t/#", note)
        for _ in range(200):
            link.publish_media("t/av", bytes(200_000))
        link.publish("t/say", "now")
        await until(lambda: "t/say" in order)
        ahead = order.index("t/say")
        await link.flush()
    assert ahead <= 2
    assert link.media_discarded == 200 - 16


async def test_handler_when_it_fails_then_the_next_message_is_handled(
    mosquitto: Mosquitto,
) -> None:
    heard = Heard()

    async def sometimes(message: Message) -> None:
        if message.payload == b"bad":
            raise ValueError("cannot read this")
        await heard(message)

    async with mosquitto.link() as link:
        await link.wait_connected()
        subscription = await link.subscribe("t", sometimes)
        link.publish("t", "bad")
        link.publish("t", "good")
        await heard.count(1)
    assert heard.payloads == [b"good"]
    assert subscription.failed == 1


async def test_subscription_when_ended_then_nothing_more_arrives(mosquitto: Mosquitto) -> None:
    ended, heard = Heard(), Heard()
    async with mosquitto.link() as link:
        await link.wait_connected()
        subscription = await link.subscribe("t/a", ended)
        await link.subscribe("t/b", heard)
        await link.unsubscribe(subscription)
        link.publish("t/a", "1")
        link.publish("t/b", "2")
        await heard.count(1)
    assert ended.payloads == []


async def test_process_when_killed_then_the_broker_publishes_its_will(
    mosquitto: Mosquitto,
) -> None:
    program = (
        "import asyncio, sys\n"
        "from edge_worker.transport import BrokerSettings, MqttLink, Will\n"
        "async def main():\n"
        f"    settings = BrokerSettings(port={mosquitto.port})\n"
        "    async with MqttLink(settings, Will('t/status', b'offline')) as link:\n"
        "        await link.wait_connected()\n"
        "        link.publish('t/status', 'online', retain=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    status = Heard()
    async with mosquitto.link() as watcher:
        await watcher.wait_connected()
        await watcher.subscribe("t/status", status)
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
        await status.count(1)
        process.kill()
        await process.wait()
        await status.count(2)
    assert status.payloads == [b"online", b"offline"]


async def test_link_when_left_then_last_words_are_sent_and_the_will_is_not(
    mosquitto: Mosquitto,
) -> None:
    status = Heard()
    async with mosquitto.link() as watcher:
        await watcher.wait_connected()
        await watcher.subscribe("t/status", status)
        async with mosquitto.link(Will("t/status", b"lost")) as link:
            await link.wait_connected()
            link.publish("t/status", "bye", retain=True)
        await status.count(1)
        watcher.publish("t/status", "end")
        await status.count(2)
    assert status.payloads == [b"bye", b"end"]


async def test_message_when_it_cannot_be_sent_then_the_connection_stays(
    mosquitto: Mosquitto,
) -> None:
    heard = Heard()
    async with mosquitto.link() as link:
        await link.wait_connected()
        await link.subscribe("t/a", heard)
        link.publish("t/" + "x" * 70_000, "too long a name")
        link.publish("t/a", "good")
        await heard.count(1)
        assert link.connected


async def test_two_clients_with_one_id_when_they_meet_then_the_log_says_so(
    mosquitto: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    settings = BrokerSettings(port=mosquitto.port, client_id="twin")
    async with MqttLink(settings) as first:
        await first.wait_connected()
        async with MqttLink(settings) as second:
            await second.wait_connected()
            await until(lambda: "client id 'twin'" in caplog.text)


async def test_connection_when_made_then_small_messages_are_not_delayed(
    mosquitto: Mosquitto,
) -> None:
    async with mosquitto.link() as link:
        await link.wait_connected()
        assert link._client is not None
        made = link._client._client.socket()
        assert isinstance(made, socket.socket)
        assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_broker_when_unreachable_then_leaving_does_not_hang() -> None:
    async with asyncio.timeout(20):
        async with MqttLink(BrokerSettings(port=free_port())) as link:
            await asyncio.sleep(0.1)
            assert not link.connected


async def test_broker_when_it_refuses_us_then_the_log_says_why_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Mosquitto(tmp_path, anonymous=False)
    broker.start()
    try:
        async with broker.link() as link:
            await until(lambda: "Not authorized" in caplog.text)
            await asyncio.sleep(0.5)
            assert not link.connected
        told = [record for record in caplog.records if "Not authorized" in record.getMessage()]
        assert len(told) == 1
    finally:
        broker.stop()


async def test_broker_when_it_speaks_tls_then_its_certificate_is_verified(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = await asyncio.create_subprocess_exec(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-nodes", "-keyout", str(key), "-out", str(certificate), "-days", "1",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert await made.wait() == 0
    key.chmod(0o644)  # mosquitto may give up its privileges before it reads it
    broker = Mosquitto(tmp_path, extra=f"keyfile {key}\ncertfile {certificate}")
    broker.start()
    try:
        async with MqttLink(replace(broker.settings, tls=Tls(ca=certificate))) as trusting:
            async with asyncio.timeout(20):
                await trusting.wait_connected()
        async with MqttLink(replace(broker.settings, tls=Tls())) as careful:
            await asyncio.sleep(0.5)
            assert not careful.connected
    finally:
        broker.stop()


async def test_connection_when_it_breaks_in_the_moment_it_is_made_then_that_is_noticed(
    mosquitto: Mosquitto,
) -> None:
    for _ in range(8):
        async with mosquitto.link() as making, mosquitto.link() as link:
            await link.wait_connected()
            mosquitto.stop()
            await until(_both_away(making, link))
        mosquitto.start()


def _both_away(one: MqttLink, other: MqttLink) -> Callable[[], bool]:
    return lambda: not one.connected and not other.connected
