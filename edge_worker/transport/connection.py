"""One connection in the client library's words: how it is opened, subscribed over, and ends."""

import asyncio
import contextlib
import logging
import socket
import ssl

import aiomqtt
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_worker.transport.message import Will, connect_properties
from edge_worker.transport.settings import BrokerSettings, MqttVersion

_library_log = logging.getLogger(f"{__name__}.library")
_library_log.setLevel(logging.CRITICAL)  # it tells every outage in several unclear ways of its own

ACKNOWLEDGE_S = 10.0
"""A broker that takes longer to acknowledge is taken for broken."""
IN_FLIGHT = 16
"""QoS 1 messages sent and not yet acknowledged."""
_PACKET_LIMIT = 2 * 1024 * 1024
_FIRST_REFUSAL = 128


class TransportError(Exception):
    """The broker refused what was asked of it."""


def new_client(
    settings: BrokerSettings, tls: ssl.SSLContext | None, will: Will | None
) -> aiomqtt.Client:
    """A client for one connection, not yet opened."""
    v5 = settings.version is MqttVersion.V5
    return aiomqtt.Client(
        settings.host,
        settings.port,
        username=settings.username,
        password=settings.password,
        identifier=settings.client_id,
        protocol=aiomqtt.ProtocolVersion.V5 if v5 else aiomqtt.ProtocolVersion.V311,
        properties=connect_properties(_PACKET_LIMIT) if v5 else None,
        clean_session=None if v5 else True,
        will=will.for_client() if will else None,
        tls_context=tls,
        keepalive=settings.keepalive_s,
        timeout=ACKNOWLEDGE_S,
        max_inflight_messages=IN_FLIGHT + 1,
        # Without it small messages wait for Nagle's algorithm: 12 ms instead of 0.3 ms.
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        logger=_library_log,
    )


async def subscribe(client: aiomqtt.Client, topic_filter: str, qos: int, *, v5: bool) -> None:
    """Subscribe and wait for the broker's answer.

    Raises:
        TransportError: it refused.
        aiomqtt.MqttError: the connection broke.
    """
    # "Retain as published": a command that was published retained shows it even when it comes live.
    if v5:
        options = SubscribeOptions(qos=qos, retainAsPublished=True)
        (code,) = await client.subscribe(topic_filter, options=options)
    else:
        (code,) = await client.subscribe(topic_filter, qos)
    if (code if isinstance(code, int) else code.value) >= _FIRST_REFUSAL:
        raise TransportError(
            f"the broker refused the subscription to {topic_filter} ({code}); see its access rules"
        )


def first_failure(group: BaseExceptionGroup) -> BaseException:
    """What went wrong first, out of however many groups."""
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first


def check_alive(client: aiomqtt.Client) -> None:
    """Notice a connection that broke in the moment it was made: the library forgets that.

    Raises:
        aiomqtt.MqttError: it is gone.
    """
    if not client._client.is_connected():  # noqa: SLF001 - aiomqtt has no question for it
        raise aiomqtt.MqttError("connection lost")


async def hear_the_end(client: aiomqtt.Client) -> None:
    """Take the library's own error of a broken connection, or asyncio complains that nobody did."""
    with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
        async with asyncio.timeout(0.1):
            async for _ in client.messages:
                pass
