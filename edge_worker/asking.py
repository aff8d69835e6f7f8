"""Asks the workers something over MQTT and waits for the one answer."""

import asyncio
import secrets
from collections.abc import Mapping

from edge_worker.transport import BrokerSettings, Message, MqttLink
from mqtt_schemas import (
    Channel,
    MessageRefused,
    Request,
    Response,
    ResponseStatus,
    Topics,
    decode,
    encode,
)

_CONNECTED_WITHIN_S = 10.0


class NotAnsweredError(Exception):
    """There is no answer, or it is that it cannot be done; the message is for people."""


def new_transaction() -> str:
    """An id for something that is asked for."""
    return secrets.token_hex(8)


async def ask(
    broker: BrokerSettings,
    topic: str,
    payload: bytes,
    transaction: str,
    *,
    within_s: float,
) -> Mapping[str, object]:
    """Publish a question and return the ``data`` of its answer.

    Args:
        broker: how to reach it.
        topic: of the question.
        payload: the question, which names ``transaction``.
        transaction: its id.
        within_s: how long to wait for the answer.

    Raises:
        NotAnsweredError: the broker or a worker is away, or the answer is an error.
    """
    topics = Topics(broker.prefix)
    response_topic = topics.build(Channel.RESPONSE, name=f"to-{secrets.token_hex(8)}")
    answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    async def hear(message: Message) -> None:
        try:
            response = decode(Response, message.topic, message.payload)
        except MessageRefused:
            return
        if response.transaction == transaction and not answered.done():
            answered.set_result(response)

    async with MqttLink(broker) as link:
        try:
            async with asyncio.timeout(_CONNECTED_WITHIN_S):
                await link.wait_connected()
        except TimeoutError:
            raise NotAnsweredError(f"the broker {broker.address} does not let us in") from None
        await link.subscribe(response_topic, hear, qos=1)
        link.publish(topic, payload, qos=1, response_topic=response_topic)
        try:
            async with asyncio.timeout(within_s):
                response = await answered
        except TimeoutError:
            raise NotAnsweredError(
                "no worker answers; is one running at this broker, and may it use "
                f"{topics.prefix}/response/#?"
            ) from None
    if response.status is ResponseStatus.ERROR:
        raise NotAnsweredError(response.error)
    return response.data


async def request(
    broker: BrokerSettings,
    name: str,
    stream: str,
    data: Mapping[str, object],
    *,
    within_s: float = 10.0,
) -> Mapping[str, object]:
    """Ask ``request/<name>`` about a stream.

    Raises:
        NotAnsweredError: as ``ask`` does.
    """
    topic = Topics(broker.prefix).build(Channel.REQUEST, name=name)
    transaction = new_transaction()
    question = Request(transaction=transaction, stream=stream, data=data)
    return await ask(broker, topic, encode(question, topic), transaction, within_s=within_s)
