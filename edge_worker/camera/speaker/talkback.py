"""The owner's words, from the broker to the loudspeaker, and what became of them back."""

import logging
import time

from edge_worker.camera.speaker.freshness import Freshness
from edge_worker.camera.speaker.player import Played, Player
from edge_worker.camera.speaker.sink import Sink
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import (
    SEGMENT_CONTENT_TYPE,
    Channel,
    MediaProperties,
    MessageRefused,
    TalkbackCancel,
    TalkbackPlayed,
    Topics,
    check_media,
    decode,
    encode,
)

_log = logging.getLogger(__name__)

_MAX_DETAIL = 500
_MAX_BEHIND_NS = 3_000_000_000


class Talkback:
    """Plays ``talkback/out`` of one stream, and says on ``talkback/played`` what it did.

    Args:
        link: the connection.
        topics: where to listen and publish.
        stream: whose.
        sink: what plays.
    """

    def __init__(self, link: MqttLink, topics: Topics, stream: str, sink: Sink) -> None:
        self._link = link
        self._topics = topics
        self._stream = stream
        self._player = Player(sink, self._played)
        self._freshness = Freshness()
        self._current = ""
        self._complained = False

    async def run(self) -> None:
        """Until cancelled.

        Raises:
            TransportError: the broker refuses the subscription.
        """
        out = self._topics.talkback_out(self._stream)
        cancel = self._topics.talkback_cancel(self._stream)
        subscribed = [
            await self._link.subscribe(out, self._segment, media=True),
            await self._link.subscribe(cancel, self._cancel, qos=1),
        ]
        try:
            await self._player.run()
        finally:
            for subscription in subscribed:
                await self._link.unsubscribe(subscription)

    async def _segment(self, message: Message) -> None:
        try:
            check_media(message.topic, message.payload, message.content_type, SEGMENT_CONTENT_TYPE)
            properties = MediaProperties.from_pairs(message.topic, message.user_properties)
        except MessageRefused as error:
            self._complain(str(error))
            return
        transaction = properties.transaction
        if transaction is None:
            self._complain(f"{message.topic}: a segment without a transaction is not played")
        elif message.retain or self._too_late(transaction, properties, message.received_ns):
            self._player.refuse(transaction, "it came too late to be spoken")
        else:
            self._complained = False
            self._player.add(transaction, properties, message.payload)

    def _complain(self, of: str) -> None:
        """Once, until a good one comes: segments come eight a second."""
        if not self._complained:
            self._complained = True
            _log.warning("%s", of)

    def _too_late(self, transaction: str, properties: MediaProperties, received_ns: int) -> bool:
        """Judge a reply that is new; afterwards its sound is wanted as long as it comes."""
        if transaction == self._current:
            return False
        self._current = transaction
        behind = time.time_ns() - received_ns > _MAX_BEHIND_NS
        sent_ns = properties.capture_ns
        return behind or (sent_ns is not None and self._freshness.stale(sent_ns, received_ns))

    async def _cancel(self, message: Message) -> None:
        try:
            address = self._topics.parse(message.topic) or message.topic
            wanted = decode(TalkbackCancel, address, message.payload)
        except MessageRefused as error:
            _log.warning("%s", error)
            return
        if not message.retain:
            self._player.cancel(wanted.transaction)

    def _played(self, played: Played) -> None:
        topic = self._topics.build(Channel.TALKBACK_PLAYED, stream=self._stream)
        said = TalkbackPlayed(
            stream=self._stream,
            transaction=played.transaction,
            status=played.status,
            utc_ns=played.utc_ns,
            detail="".join(c if c.isprintable() else " " for c in played.detail)[:_MAX_DETAIL],
        )
        self._link.publish(topic, encode(said, topic))
