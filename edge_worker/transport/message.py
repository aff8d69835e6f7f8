"""MQTT messages as the rest of the worker sees them, and their MQTT 5 properties."""

from dataclasses import dataclass

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that arrived."""

    topic: str
    payload: bytes
    received_ns: int
    """UTC when it was taken from the socket."""
    qos: int = 0
    retain: bool = False
    """Published to be kept: it may be from before the subscription, or (MQTT 5) come live."""
    user_properties: Pairs = ()
    """Names and values as they came; a name may be there twice, and 3.1.1 senders have none."""
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    expiry_s: float | None = None
    """Worth nothing after this long; brokers count in whole seconds, rounded up."""
    user_properties: Pairs = ()
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None

    def __post_init__(self) -> None:
        if not self.topic or set(self.topic) & set("+#\0"):
            raise ValueError(f"cannot publish to {self.topic!r}: not the name of one topic")
        if self.qos not in {0, 1}:
            raise ValueError(f"{self.topic}: QoS {self.qos} is not used here; take 0 or 1")


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says in our name, retained, when the connection is lost."""

    topic: str
    payload: bytes

    def for_client(self) -> aiomqtt.Will:
        """The same in the client library's words."""
        return aiomqtt.Will(self.topic, self.payload, qos=1, retain=True)


def arrived(message: aiomqtt.Message, received_ns: int) -> Message:
    """Make a `Message` of what the client library received."""
    properties = message.properties
    return Message(
        topic=message.topic.value,
        payload=message.payload,
        received_ns=received_ns,
        qos=message.qos,
        retain=message.retain,
        user_properties=tuple(getattr(properties, "UserProperty", ())),
        content_type=getattr(properties, "ContentType", None),
        response_topic=getattr(properties, "ResponseTopic", None),
        correlation_data=getattr(properties, "CorrelationData", None),
    )


def publish_properties(message: Outgoing, expires_in_s: float | None) -> Properties:
    """The MQTT 5 properties of an outgoing message.

    Args:
        message: what is sent.
        expires_in_s: what is left of its life now; ignored for retained ones, which the broker
            would forget.
    """
    properties = _properties(PacketTypes.PUBLISH)
    if expires_in_s is not None and not message.retain:
        properties.MessageExpiryInterval = max(1, -int(-expires_in_s // 1))
    if message.user_properties:
        properties.UserProperty = list(message.user_properties)
    if message.content_type is not None:
        properties.ContentType = message.content_type
    if message.response_topic is not None:
        properties.ResponseTopic = message.response_topic
    if message.correlation_data is not None:
        properties.CorrelationData = message.correlation_data
    return properties


def connect_properties(packet_limit: int) -> Properties:
    """The MQTT 5 properties of CONNECT: no packet above ``packet_limit`` bytes is sent to us."""
    properties = _properties(PacketTypes.CONNECT)
    properties.MaximumPacketSize = packet_limit
    return properties


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho left it unannotated
