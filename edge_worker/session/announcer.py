"""Publishes the contract's messages: topic, QoS, retention and expiry come from its rules."""

from edge_worker.transport import MqttLink
from mqtt_schemas import RULES, Channel, Topics, encode

_DEFAULT_EXPIRY_S = 30


class Announcer:
    """One way to say something on MQTT.

    Args:
        link: the worker's connection.
        topics: all topics below the configured prefix.
    """

    def __init__(self, link: MqttLink, topics: Topics) -> None:
        self.link = link
        self.topics = topics

    def say(self, channel: Channel, message: object, **parts: str) -> None:
        """Publish a message on its channel; ``parts`` name the stream, the language and so on.

        Raises:
            MessageRefused: the message breaks the contract.
        """
        rules = RULES[channel]
        topic = self.topics.build(channel, **parts)
        self.link.publish(
            topic,
            encode(message, topic),
            qos=rules.qos,
            retain=rules.retained,
            expiry_s=rules.expiry_s or _DEFAULT_EXPIRY_S,
        )

    def word(self, channel: Channel, word: str, **parts: str) -> None:
        """Publish a bare word (a status)."""
        rules = RULES[channel]
        topic = self.topics.build(channel, **parts)
        self.link.publish(topic, word, qos=rules.qos, retain=rules.retained)
