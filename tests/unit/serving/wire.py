"""A wire in the broker's place: what is said on it is heard by whoever subscribed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from paho.mqtt.client import topic_matches_sub

from edge_worker.session.announcer import Announcer
from edge_worker.transport import BrokerSettings, Message, MqttLink, TransportError
from mqtt_schemas import Channel, Topics, encode

TOPICS = Topics()
Handler = Callable[[Message], Awaitable[None]]


@dataclass
class Wire:
    """Keeps what was published; hands over what is said.

    Attributes:
        refused: filters that nobody may subscribe to.
        refusals: how often somebody tried.
    """

    connected: bool = True
    settings: BrokerSettings = field(default_factory=BrokerSettings)
    published: list[tuple[str, bytes]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    refusals: int = 0
    _handlers: dict[str, Handler] = field(default_factory=dict)

    @property
    def announcer(self) -> Announcer:
        return Announcer(self.link, TOPICS)

    @property
    def link(self) -> MqttLink:
        return cast("MqttLink", self)

    async def subscribe(self, topic_filter: str, handler: Handler, **_: object) -> str:
        if topic_filter in self.refused:
            self.refusals += 1
            raise TransportError("the broker refused")
        self._handlers[topic_filter] = handler
        return topic_filter

    async def unsubscribe(self, subscription: str) -> None:
        del self._handlers[subscription]

    def publish(self, topic: str, payload: bytes | str, **_: object) -> bool:
        self.published.append((topic, payload.encode() if isinstance(payload, str) else payload))
        return True

    def publish_media(self, topic: str, payload: bytes, **_: object) -> bool:
        return self.publish(topic, payload)

    def on(self, topic: str) -> list[bytes]:
        """What was published on one topic."""
        return [payload for said, payload in self.published if said == topic]

    def heard(self, topic: str) -> bool:
        """Somebody subscribed to it."""
        return any(topic_matches_sub(one, topic) for one in self._handlers)

    async def say(self, channel: Channel, message: object, **parts: str) -> None:
        """Say something of the contract; bytes and texts as they are."""
        topic = TOPICS.build(channel, **parts)
        if isinstance(message, str):
            payload = message.encode()
        else:
            payload = message if isinstance(message, bytes) else encode(message, topic)
        for topic_filter, handler in tuple(self._handlers.items()):
            if topic_matches_sub(topic_filter, topic):
                await handler(Message(topic, payload, 0))
