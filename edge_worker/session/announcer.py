"""Publishes the contract's messages: topic, QoS, retention and expiry come from its rules."""

from collections.abc import Callable

from edge_worker.items import SyncedSpeech
from edge_worker.media.segments import MediaSegment
from edge_worker.roles.pcm import pieces_of
from edge_worker.transport import MqttLink
from mqtt_schemas import PCM_CONTENT_TYPE, RULES, Channel, MediaProperties, Topics, encode

_DEFAULT_EXPIRY_S = 30


class Announcer:
    """One way to say something on MQTT.

    Args:
        link: the worker's connection.
        topics: all topics below the configured prefix.

    Attributes:
        also: called with the stream and each of its output segments that is published.
        audible: what is said leaves this worker; False beside a stream's owner.
        segments: output segments so far, audible or not.
    """

    def __init__(self, link: MqttLink, topics: Topics) -> None:
        self.link = link
        self.topics = topics
        self.also: Callable[[str, MediaSegment], None] | None = None
        self.audible = True
        self.segments = 0

    def unheard(self) -> "Announcer":
        """Another one on the same connection that is not audible until it is made so."""
        other = Announcer(self.link, self.topics)
        other.also, other.audible = self.also, False
        return other

    def say(self, channel: Channel, message: object, **parts: str) -> None:
        """Publish a message on its channel; ``parts`` name the stream, the language and so on.

        Raises:
            MessageRefused: the message breaks the contract.
        """
        rules = RULES[channel]
        topic = self.topics.build(channel, **parts)
        if not self.audible:
            return
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
        if not self.audible:
            return
        self.link.publish(
            topic,
            word,
            qos=rules.qos,
            retain=rules.retained,
            expiry_s=rules.expiry_s or _DEFAULT_EXPIRY_S,
        )

    def sound(self, stream: str, speech: SyncedSpeech) -> None:
        """Publish the sound of translated speech."""
        utterance, rules = speech.utterance, RULES[Channel.SPEECH_AUDIO]
        language = utterance.target_language
        topic = self.topics.speech_audio(stream, language, utterance.id)
        if not self.audible:
            return
        for piece in pieces_of(speech.samples, speech.sample_rate, language):
            self.link.publish(
                topic,
                piece.data,
                qos=rules.qos,
                expiry_s=rules.expiry_s or _DEFAULT_EXPIRY_S,
                user_properties=piece.properties.to_pairs(),
                content_type=PCM_CONTENT_TYPE,
            )

    def segment(
        self, stream: str, topic: str, segment: MediaSegment, properties: MediaProperties
    ) -> None:
        """Publish a segment of a stream's output."""
        self.segments += 1
        if not self.audible:
            return
        self.link.publish_media(topic, segment.data, user_properties=properties.to_pairs())
        if self.also is not None:
            self.also(stream, segment)
