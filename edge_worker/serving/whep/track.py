"""Encoded packets as a WebRTC track: they are sent as they are, never decoded."""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

Packet: TypeAlias = "av.Packet[Any]"

_WAITING = 512
"""Packets that may wait: some seconds; a viewer beyond has missed them."""
_CATCH_UP_S = 0.004
"""Between the packets that a viewer begins with: no network takes them all at once."""


class PacketTrack(MediaStreamTrack):
    """One viewer's picture or sound.

    Args:
        kind: of the track.
        beginning: packets since the last keyframe, which bring the viewer to the present.

    Attributes:
        left_out: packets that it was too slow for.
    """

    def __init__(self, kind: Literal["audio", "video"], beginning: Sequence[Packet] = ()) -> None:
        super().__init__()
        self.kind = kind
        self.left_out = 0
        self._packets = deque(beginning)
        self._catching_up = len(self._packets)
        self._awaits_key = kind == "video" and not beginning
        self._there = asyncio.Event()

    def offer(self, packet: Packet) -> None:
        """Take the next packet; never waits."""
        if len(self._packets) >= _WAITING:
            self.left_out += len(self._packets)
            self._packets.clear()
            self._catching_up = 0
            self._awaits_key = self.kind == "video"
        if self._awaits_key and not packet.is_keyframe:
            self.left_out += 1
            return
        self._awaits_key = False
        self._packets.append(packet)
        self._there.set()

    async def recv(self) -> Packet:
        """The next packet.

        Raises:
            MediaStreamError: the track has ended.
        """
        while not self._packets:
            if self.readyState != "live":
                raise MediaStreamError
            self._there.clear()
            await self._there.wait()
        if self._catching_up:
            self._catching_up -= 1
            await asyncio.sleep(_CATCH_UP_S)
        if not self._packets:  # it fell behind meanwhile
            return await self.recv()
        return self._packets.popleft()

    def stop(self) -> None:
        """End the track; what waits is dropped."""
        super().stop()
        self._packets.clear()
        self._there.set()
