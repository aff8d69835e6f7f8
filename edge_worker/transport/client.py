"""The worker's connection to the broker: one MQTT 5 client that comes back by itself.

One TCP connection carries both media and control. Neither waits for the other: incoming messages
go straight into inboxes of their own (see `inbox`), and at most one outgoing media message is in
the client library's hands, so a control message is never more than that one behind.
"""

import asyncio
import contextlib
import logging
import math
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from types import TracebackType
from typing import Self, TypeVar

import aiomqtt
from paho.mqtt import MQTTException
from paho.mqtt.properties import Properties

from edge_worker.transport.connection import (
    ACKNOWLEDGE_S,
    IN_FLIGHT,
    TransportError,
    check_alive,
    first_failure,
    hear_the_end,
    new_client,
    subscribe,
)
from edge_worker.transport.inbox import Handler, Routes, Subscription
from edge_worker.transport.message import (
    Outgoing,
    Will,
    arrived,
    publish_properties,
)
from edge_worker.transport.outage import Outage, reason
from edge_worker.transport.outbox import Outbox, Queued
from edge_worker.transport.settings import BrokerSettings, MqttVersion

_log = logging.getLogger(__name__)

Result = TypeVar("Result")

MEDIA_EXPIRY_S = 5.0
"""Media older than this is of no use to anybody."""
_CONTROL_EXPIRY_S = 30.0
_MEDIA_IN, _CONTROL_IN = 32, 1024
_MEDIA_OUT, _CONTROL_OUT = 16, 4096
_FIRST_RETRY_S, _LAST_RETRY_S = 0.2, 5.0


class MqttLink:
    """A lasting connection to the broker.

    Entering the context starts connecting and does not wait for it; from then on the link
    reconnects for ever, subscribes again and calls the ``on_connect`` hooks each time, which
    publish retained state anew. Leaving it sends what is in line (at most 2 s) and disconnects,
    so that the broker does not publish the will.

    Args:
        settings: where the broker is.
        will: published by the broker, retained, when the connection is lost.

    Raises:
        ValueError: a certificate file is unusable.
    """

    def __init__(self, settings: BrokerSettings, will: Will | None = None) -> None:
        self.settings = settings
        self.media_discarded = 0
        """Media messages not sent: disconnected, or the connection too slow."""
        self._will = will
        self._v5 = settings.version is MqttVersion.V5
        self._tls = settings.tls.context() if settings.tls else None
        self._routes = Routes()
        self._handlers: dict[Subscription, asyncio.Task[None]] = {}
        self._hooks: list[Callable[[], Awaitable[None]]] = []
        self._control = Outbox(_CONTROL_OUT)
        self._media = Outbox(_MEDIA_OUT)
        self._client: aiomqtt.Client | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._connected = asyncio.Event()
        self._outage = Outage(settings.address)
        self._closing = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached at the moment."""
        return self._connected.is_set()

    async def wait_connected(self) -> None:
        """Wait until connected, subscribed and the hooks called; for ever if need be."""
        await self._connected.wait()

    def on_connect(self, hook: Callable[[], Awaitable[None]]) -> None:
        """Call ``hook`` after every (re)connection; it publishes retained state."""
        self._hooks.append(hook)

    async def subscribe(
        self,
        topic_filter: str,
        handler: Handler,
        *,
        qos: int = 0,
        media: bool = False,
        capacity: int | None = None,
    ) -> Subscription:
        """Hand every message that matches to ``handler``, one after the other.

        When connected, returns after the broker's SUBACK; else the subscription is made with the
        next connection. Filters of one link must not overlap: brokers send such a message once
        or twice as they please.

        Args:
            topic_filter: may hold ``+`` and ``#``, and begin with ``$share/<group>/``.
            handler: an exception in it is logged and counted; the next message follows.
            qos: 0 or 1.
            media: a short inbox, for what is worth nothing when old.
            capacity: length of the inbox, if not the usual.

        Raises:
            TransportError: the broker refused the subscription.
        """
        length = capacity or (_MEDIA_IN if media else _CONTROL_IN)
        subscription = Subscription(topic_filter, handler, qos, length)
        self._routes.add(subscription)
        self._handlers[subscription] = asyncio.create_task(
            subscription.run(), name=f"mqtt-inbox-{topic_filter}"
        )
        refused = await self._on_connection(self._try_to_subscribe(topic_filter, qos))
        if refused is not None:
            await self.unsubscribe(subscription)
            raise refused
        return subscription

    async def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription; messages still in its inbox are not handled."""
        task = self._handlers.pop(subscription, None)
        if task is None:
            return
        task.cancel()
        if self._routes.remove(subscription):
            await self._on_connection(self._unsubscribe(subscription.topic_filter))

    def publish(
        self,
        topic: str,
        payload: bytes | str,
        *,
        qos: int = 1,
        retain: bool = False,
        expiry_s: float = _CONTROL_EXPIRY_S,
        user_properties: Iterable[tuple[str, str]] = (),
        content_type: str | None = None,
        response_topic: str | None = None,
        correlation_data: bytes | None = None,
    ) -> bool:
        """Send a control message; never waits.

        QoS 1 is kept over an outage until ``expiry_s`` is over and may arrive twice. QoS 0 and
        retained messages are dropped while disconnected; retained state belongs in a hook.

        Returns:
            False when it was dropped because there is no connection.

        Raises:
            ValueError: ``topic`` or ``qos`` cannot be published to or with.
        """
        message = Outgoing(
            topic=topic,
            payload=payload.encode() if isinstance(payload, str) else payload,
            qos=qos,
            retain=retain,
            expiry_s=None if retain else expiry_s,
            user_properties=tuple(user_properties),
            content_type=content_type,
            response_topic=response_topic,
            correlation_data=correlation_data,
        )
        if self._client is None and (retain or not qos):
            return False
        self._control.put(message)
        return True

    def publish_media(
        self,
        topic: str,
        payload: bytes,
        *,
        user_properties: Iterable[tuple[str, str]] = (),
        content_type: str = "video/mp2t",
        expiry_s: float = MEDIA_EXPIRY_S,
    ) -> bool:
        """Send a media segment with QoS 0; never waits, and discards the oldest when too slow.

        Returns:
            False when it was discarded because there is no connection.
        """
        if self._client is None:
            self.media_discarded += 1
            return False
        before = self._media.dropped
        self._media.put(
            Outgoing(
                topic=topic,
                payload=payload,
                expiry_s=expiry_s,
                user_properties=tuple(user_properties),
                content_type=content_type,
            )
        )
        self.media_discarded += self._media.dropped - before
        return True

    async def flush(self, timeout_s: float = 2.0) -> bool:
        """Wait until everything in line is sent and, with QoS 1, acknowledged.

        Returns:
            False when that took longer than ``timeout_s``.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._media.idle()
                await self._control.idle()
                return True
        return False

    async def __aenter__(self) -> Self:
        self._running = asyncio.create_task(self._run(), name=f"mqtt-{self.settings.address}")
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._client is not None:
            await self.flush()
        self._closing.set()
        tasks = [*self._handlers.values(), *([self._running] if self._running else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._handlers.clear()

    async def _run(self) -> None:
        retry_s = _FIRST_RETRY_S
        while not self._closing.is_set():
            began_s = math.inf
            try:
                async with new_client(self.settings, self._tls, self._will) as client:
                    began_s = time.monotonic()
                    await self._serve(client)
            except (aiomqtt.MqttError, OSError) as error:
                self._outage.began(reason(error, self.settings))
            except Exception as error:  # noqa: BLE001 - whatever it is, the worker needs its broker
                _log.exception("MQTT: unexpected failure, connecting again")
                self._outage.began(repr(error))
            if time.monotonic() - began_s > _LAST_RETRY_S:
                retry_s = _FIRST_RETRY_S
            pause_s = random.uniform(0.5, 1.0) * retry_s  # noqa: S311 - spreads load, no secret
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), pause_s)
            retry_s = min(retry_s * 2, _LAST_RETRY_S)

    async def _serve(self, client: aiomqtt.Client) -> None:
        """Work one connection until it breaks."""
        check_alive(client)
        self._client = client
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._receive(client))
                await self._set_up(client)
                tasks.create_task(self._send_media(client))
                await self._send_control(client, tasks)
        except BaseExceptionGroup as group:
            await hear_the_end(client)
            failure = first_failure(group)
            raise failure from failure.__cause__
        finally:
            self._client = self._tasks = None
            self._connected.clear()
            self._control.give_back()
            self.media_discarded += self._media.forget()

    async def _set_up(self, client: aiomqtt.Client) -> None:
        for topic_filter, qos in {(s.topic_filter, s.qos): None for s in self._routes}:
            try:
                await subscribe(client, topic_filter, qos, v5=self._v5)
            except TransportError:
                _log.exception("MQTT: goes on without this subscription")
        for hook in self._hooks:
            await hook()
        self._outage.over()
        self._connected.set()

    async def _on_connection(self, work: Coroutine[None, None, Result]) -> Result | None:
        """Do something as part of the connection; None when there is none, or when it breaks."""
        if self._tasks is None:
            work.close()
            return None
        try:
            task = self._tasks.create_task(work)
        except RuntimeError:  # the connection is just breaking
            work.close()
            return None
        await asyncio.wait([task])
        return None if task.cancelled() or task.exception() else task.result()

    async def _try_to_subscribe(self, topic_filter: str, qos: int) -> TransportError | None:
        try:
            if self._client is not None:
                await subscribe(self._client, topic_filter, qos, v5=self._v5)
        except TransportError as error:
            return error
        return None

    async def _unsubscribe(self, topic_filter: str) -> None:
        if self._client is not None:
            await self._client.unsubscribe(topic_filter)

    async def _receive(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            received_ns = time.time_ns()
            routes = self._routes.to(message.topic.value)
            if routes:
                taken = arrived(message, received_ns)
                for subscription in routes:
                    subscription.offer(taken)

    async def _send_media(self, client: aiomqtt.Client) -> None:
        while True:
            queued = await self._media.take()
            await self._deliver(client, self._media, queued)

    async def _send_control(self, client: aiomqtt.Client, tasks: asyncio.TaskGroup) -> None:
        window = asyncio.Semaphore(IN_FLIGHT)
        while True:
            queued = await self._control.take()
            await window.acquire()
            task = tasks.create_task(self._deliver(client, self._control, queued))
            task.add_done_callback(lambda _: window.release())

    async def _deliver(self, client: aiomqtt.Client, outbox: Outbox, queued: Queued) -> None:
        message = queued.message
        try:
            await client.publish(
                message.topic,
                message.payload,
                qos=message.qos,
                retain=message.retain,
                properties=self._properties(queued),
                # With QoS 0 the keepalive tells whether the connection is too slow.
                timeout=ACKNOWLEDGE_S if message.qos else math.inf,
            )
        except (ValueError, MQTTException):
            _log.exception("%s: this message cannot be sent", message.topic)
        outbox.done(queued)

    def _properties(self, queued: Queued) -> Properties | None:
        if self.settings.version is not MqttVersion.V5:
            return None
        return publish_properties(queued.message, queued.left_s(time.monotonic_ns()))
