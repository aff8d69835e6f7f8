"""The broker: reached as any client does, asked for what Polylip needs of it."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator

from edge_worker.doctor.findings import Finding, ill, warning, well
from edge_worker.transport import BrokerSettings, Message, MqttLink
from mqtt_schemas import DEFAULT_PREFIX

_WITHIN_S = 5.0
_ECHOES = 20
_LARGE = 200_000
"""Bytes of a large segment: 4 Mbit/s for 400 ms."""
_SLOW_MS = 10.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


async def examine_broker(settings: BrokerSettings) -> AsyncIterator[Finding]:
    """Connect, and send messages to ourselves.

    Args:
        settings: how to reach it.
    """
    if settings.tls is None and settings.host not in _LOOPBACK:
        yield warning(
            "broker's encryption",
            f"{settings.address} is spoken to in the clear: pictures, sound and the password",
            "give it a certificate and set mqtt.tls (docs/security.md)",
        )
    try:
        async with MqttLink(settings) as link:
            try:
                async with asyncio.timeout(_WITHIN_S):
                    await link.wait_connected()
            except TimeoutError:
                yield ill(
                    "broker",
                    f"{settings.address} does not let us in within {_WITHIN_S:.0f} s",
                    "check host, port, user and password (--host, POLYLIP_MQTT__PASSWORD), and "
                    "the broker's own log",
                )
                return
            yield well("broker", f"{settings.address} lets us in")
            yield await _echo(link, settings.prefix)
    except ValueError as error:  # certificates
        yield ill("broker", str(error), "check mqtt.ca_file, mqtt.cert_file and mqtt.key_file")


async def _echo(link: MqttLink, prefix: str) -> Finding:
    """Round trips of small messages and of one as large as a segment."""
    topic = f"{prefix or DEFAULT_PREFIX}/response/doctor-{secrets.token_hex(4)}"
    heard: asyncio.Queue[Message] = asyncio.Queue()

    async def hear(message: Message) -> None:
        await heard.put(message)

    await link.subscribe(topic, hear)
    taken = []
    try:
        async with asyncio.timeout(_WITHIN_S):
            for index in range(_ECHOES):
                began = time.perf_counter()
                link.publish(topic, b"%d" % index)
                await heard.get()
                taken.append((time.perf_counter() - began) * 1e3)
            link.publish(topic, bytes(_LARGE))
            large = await heard.get()
    except TimeoutError:
        return ill(
            "broker's messages",
            f"nothing comes back on {topic}, or not {_LARGE // 1000} kB at once",
            "its access control must let clients use polylip/response/#, and its message size "
            "limit must be 1 MB at least (docs/security.md)",
        )
    if len(large.payload) != _LARGE:
        return ill("broker's messages", "a large message came back shorter", "use another broker")
    median = sorted(taken)[len(taken) // 2]
    found = f"there and back in {median:.1f} ms, {_LARGE // 1000} kB at once"
    if median > _SLOW_MS:
        return warning(
            "broker's messages", found, "mosquitto: set_tcp_nodelay true; else look at the network"
        )
    return well("broker's messages", found)
