"""What is said about streams on MQTT, handed to those who keep them."""

from collections.abc import Mapping

from edge_worker.command import Command
from edge_worker.media.clock import ClockAnchor as MediaAnchor
from edge_worker.roles.interpretations import Interpretations
from edge_worker.routing import Hearer
from edge_worker.streams import Streams
from edge_worker.transport import Message
from mqtt_schemas import (
    Channel,
    ClockAnchor,
    EventType,
    MessageRefused,
    StreamEvent,
    StreamInfo,
    StreamState,
    TopicAddress,
    decode,
    decode_text,
)


class StreamMessages:
    """Reads the control messages of streams.

    Args:
        streams: that the worker knows.
        interpretations: of streams that other workers show; None: it interprets none.
    """

    def __init__(self, streams: Streams, interpretations: Interpretations | None = None) -> None:
        self._streams = streams
        self._interpretations = interpretations

    @property
    def hearers(self) -> Mapping[Channel, Hearer]:
        """Who hears which channel."""
        return {
            Channel.STREAM_INFO: self._info,
            Channel.STREAM_CLOCK: self._clock,
            Channel.STATE: self._state,
            Channel.SET: self._set,
            Channel.EVENT: self._event,
        }

    async def _info(self, address: TopicAddress, message: Message) -> None:
        if not message.payload:
            self._streams.give_up(address.stream)
            return
        info = decode(StreamInfo, address, message.payload)
        self._streams.declare(address.stream, doorbell=info.doorbell)
        keeper = self._streams.get(address.stream)
        if keeper is not None:
            keeper.talkback.declare(info)

    async def _clock(self, address: TopicAddress, message: Message) -> None:
        if not message.payload:
            return
        anchor = decode(ClockAnchor, address, message.payload)
        keeper = self._streams.meet(address.stream)
        if keeper is not None:
            await keeper.anchor(
                MediaAnchor(anchor.epoch, anchor.pts_ns, anchor.utc_ns, anchor.source.value)
            )

    async def _state(self, address: TopicAddress, message: Message) -> None:
        if not message.payload:
            if self._interpretations is not None:
                self._interpretations.gone(address.stream)
            return
        state = decode(StreamState, address, message.payload)
        if self._interpretations is not None:
            self._interpretations.saw(state)
        await self._streams.saw(state)

    async def _set(self, address: TopicAddress, message: Message) -> None:
        keeper = self._streams.get(address.stream)
        if keeper is None:
            return
        try:
            text, fault = decode_text(address, message.payload), ""
        except MessageRefused as error:
            text, fault = "", error.reason
        await keeper.set(Command(address.setting, text, fault, retained=message.retain))

    async def _event(self, address: TopicAddress, message: Message) -> None:
        keeper = self._streams.get(address.stream)
        if keeper is None or message.retain:
            return
        event = decode(StreamEvent, address, message.payload)
        keeper.talkback.visitor.event(event)
        if event.type is EventType.RING:
            keeper.ring()
