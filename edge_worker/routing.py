"""Hands every control message to whoever deals with its channel."""

from collections.abc import Awaitable, Callable, Mapping

from edge_worker.complaints import Complaints
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import Channel, MessageRefused, TopicAddress, Topics

Hearer = Callable[[TopicAddress, Message], Awaitable[None]]
"""Deals with a message; raises ``MessageRefused`` where it breaks the contract."""


class Routing:
    """Who hears which channel.

    Args:
        topics: all topics below the configured prefix.
        complaints: told of what is refused.

    Attributes:
        refused: messages refused since the start.
    """

    def __init__(self, topics: Topics, complaints: Complaints) -> None:
        self.refused = 0
        self._topics = topics
        self._complaints = complaints
        self._hearers: dict[Channel, Hearer] = {}

    def add(self, hearers: Mapping[Channel, Hearer]) -> None:
        """Let ``hearers`` hear their channels; before ``subscribe``.

        Raises:
            ValueError: somebody hears one of them already.
        """
        for channel, hearer in hearers.items():
            if self._hearers.setdefault(channel, hearer) is not hearer:
                raise ValueError(f"{channel.value} is heard twice")

    async def subscribe(self, link: MqttLink) -> None:
        """Subscribe to every channel that somebody hears."""
        for channel in self._hearers:
            await link.subscribe(self._topics.filter(channel), self.hear, qos=1)

    async def hear(self, message: Message) -> None:
        """Hand over one message; a refused one is counted and complained of."""
        address = self._topics.parse(message.topic)
        if address is None:
            self.refused += 1
            return
        hearer = self._hearers.get(address.channel)
        if hearer is None:
            return
        try:
            await hearer(address, message)
        except MessageRefused as error:
            self.refused += 1
            self._complaints.of(message.topic, str(error))
