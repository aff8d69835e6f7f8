"""Subscriptions to some of one stream's topics, for as long as somebody reads them."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from edge_worker.session.announcer import Announcer
from edge_worker.transport import Handler, Message, MqttLink
from mqtt_schemas import Channel, MessageRefused, TopicAddress, Topics

Take = Callable[[TopicAddress, Message], None]
"""Takes a message; raises ``MessageRefused`` where it breaks the contract."""

_WAITING = 64
"""Messages of one topic filter that may wait."""


@asynccontextmanager
async def reading(
    announcer: Announcer,
    stream: str,
    takes: Mapping[Channel, Take],
    refused: Callable[[MessageRefused], None],
) -> AsyncIterator[None]:
    """Hand everything that is said on these channels of ``stream`` to whoever takes it.

    What the broker kept from before is left out.

    Args:
        announcer: knows the topics and the connection.
        stream: id.
        takes: by channel.
        refused: told of messages that break the contract.

    Raises:
        TransportError: the broker refused a subscription.
    """
    topics = announcer.topics
    async with AsyncExitStack() as stack:
        for channel, take in takes.items():
            handler = _handler(topics, take, refused)
            topic_filter = topics.filter(channel, stream=stream)
            await stack.enter_async_context(_subscribed(announcer.link, topic_filter, handler))
        yield


def _handler(topics: Topics, take: Take, refused: Callable[[MessageRefused], None]) -> Handler:
    async def handle(message: Message) -> None:
        address = topics.parse(message.topic)
        if address is None or message.retain:
            return
        try:
            take(address, message)
        except MessageRefused as error:
            refused(error)

    return handle


@asynccontextmanager
async def _subscribed(link: MqttLink, topic_filter: str, handler: Handler) -> AsyncIterator[None]:
    subscription = await link.subscribe(topic_filter, handler, qos=1, capacity=_WAITING)
    try:
        yield
    finally:
        await link.unsubscribe(subscription)
