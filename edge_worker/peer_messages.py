"""What other workers say of themselves on MQTT."""

from collections.abc import Callable, Mapping

from edge_worker.peers import Peers
from edge_worker.routing import Hearer
from edge_worker.transport import Message
from mqtt_schemas import Channel, TopicAddress, WorkerInfo, WorkerStatus, decode, decode_word


class PeerMessages:
    """Reads it; we know best ourselves who and how we are.

    Args:
        peers: the workers that share the streams.
        elect: called when it may change who owns what.
    """

    def __init__(self, peers: Peers, elect: Callable[[], None]) -> None:
        self._peers = peers
        self._elect = elect

    @property
    def hearers(self) -> Mapping[Channel, Hearer]:
        """Who hears which channel."""
        return {
            Channel.WORKER_INFO: self._info,
            Channel.WORKER_STATUS: self._status,
            Channel.WORKER_PULSE: self._pulse,
        }

    async def _info(self, address: TopicAddress, message: Message) -> None:
        if address.worker == self._peers.worker or not message.payload:
            return
        if self._peers.hear_info(decode(WorkerInfo, address, message.payload)):
            self._elect()

    async def _status(self, address: TopicAddress, message: Message) -> None:
        """Nothing, where the broker forgot it."""
        if address.worker == self._peers.worker:
            return
        word = message.payload
        status = decode_word(WorkerStatus, address, word) if word else None
        if self._peers.hear_status(address.topic, address.worker, status):
            self._elect()

    async def _pulse(self, address: TopicAddress, message: Message) -> None:
        if address.worker == self._peers.worker or message.retain:
            return
        status = decode_word(WorkerStatus, address, message.payload)
        if self._peers.hear_pulse(address.topic, address.worker, status):
            self._elect()
