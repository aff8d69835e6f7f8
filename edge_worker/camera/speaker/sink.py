"""What plays the owner's words at the door: opened anew for every reply."""

from typing import Protocol

from edge_worker.items import Samples

RATE = 48_000
"""Of all sound on its way to a sink, hertz."""
BLOCK = RATE // 50
"""Samples that a sink is given at a time: 20 ms."""
BLOCK_NS = 20_000_000


class SinkError(Exception):
    """The sink cannot be opened or broke; the message is one sentence for people."""


class Playback(Protocol):
    """One reply on its way to the loudspeaker."""

    async def write(self, samples: Samples) -> None:
        """Take the next 20 ms, shape (960,); waits only for a sink that is behind.

        Raises:
            SinkError: the sink broke.
        """
        ...

    async def finish(self) -> None:
        """Return when the last sound has left, as well as that can be known.

        Raises:
            SinkError: the sink broke before that.
        """
        ...

    async def stop(self) -> None:
        """Fall silent at once; also after ``finish``."""
        ...


class Sink(Protocol):
    """A loudspeaker, and how to reach it."""

    @property
    def kind(self) -> str:
        """As the stream's info calls it: device, command or rtsp."""
        ...

    @property
    def lead_ns(self) -> int:
        """How far ahead of its time it is given its sound."""
        ...

    async def open(self) -> Playback:
        """Begin a reply.

        Raises:
            SinkError: it cannot be reached, or cannot play.
        """
        ...
