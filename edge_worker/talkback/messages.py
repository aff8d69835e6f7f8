"""What is said on MQTT of replies and visitors, handed to the stream that it is about."""

from collections.abc import Callable, Mapping

from edge_worker.routing import Hearer
from edge_worker.talkback.talkback import Talkback
from edge_worker.transport import Message
from mqtt_schemas import Channel, TalkbackReply, TopicAddress, UtteranceMessage, decode


class TalkbackMessages:
    """Reads the messages of ``talkback/#`` and the texts of visitors.

    Args:
        of: the reply path of a stream; None where the stream is not known.
    """

    def __init__(self, of: Callable[[str], Talkback | None]) -> None:
        self._of = of

    @property
    def hearers(self) -> Mapping[Channel, Hearer]:
        """Who hears which channel."""
        return {
            Channel.TALKBACK_SAY: self._talkback,
            Channel.TALKBACK_IN: self._talkback,
            Channel.TALKBACK_CANCEL: self._talkback,
            Channel.TALKBACK_PLAYED: self._talkback,
            Channel.TALKBACK_STATUS: self._status,
            Channel.UTTERANCE: self._utterance,
        }

    async def _talkback(self, address: TopicAddress, message: Message) -> None:
        talkback = self._of(address.stream)
        if talkback is not None:
            talkback.take(address, message)

    async def _status(self, address: TopicAddress, message: Message) -> None:
        talkback = self._of(address.stream)
        if talkback is not None and not message.retain:
            talkback.follow(decode(TalkbackReply, address, message.payload))

    async def _utterance(self, address: TopicAddress, message: Message) -> None:
        talkback = self._of(address.stream)
        if talkback is not None and not message.retain:
            talkback.visitor.utterance(decode(UtteranceMessage, address, message.payload))
