"""What a worker needs of those who serve viewers beside MQTT."""

from typing import Protocol

from edge_worker.requests import Requests
from edge_worker.session.announcer import Announcer
from edge_worker.streams import Streams
from edge_worker.transport import Message


class Front(Protocol):
    """Serves viewers beside MQTT: from before the engines are loaded until the worker has left."""

    async def start(self, announcer: Announcer) -> str:
        """Begin to serve.

        Returns:
            The base address for viewers; empty where there is none to be told.

        Raises:
            OSError: the address cannot be listened on.
        """
        ...

    def add(self, requests: Requests, streams: Streams) -> None:
        """The engines are loaded: answer what viewers ask, wake what they watch."""
        ...

    def take_in(self, stream: str, message: Message) -> None:
        """A segment came from a camera; never waits."""
        ...

    async def stop(self) -> None:
        """Serve no longer."""
        ...
