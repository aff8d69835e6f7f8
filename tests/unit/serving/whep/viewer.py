"""A viewer for tests: a WebRTC client that keeps what it receives as it came."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientResponse, ClientSession
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.codecs.base import Decoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.sdp import SessionDescription
from av.frame import Frame


class _Keeper(Decoder):
    """Keeps encoded frames in place of decoding them."""

    def __init__(self, kept: list[tuple[int, bytes]]) -> None:
        self._kept = kept

    def decode(self, encoded_frame: JitterFrame) -> list[Frame]:
        self._kept.append((encoded_frame.timestamp, encoded_frame.data))
        return []


class Viewer:
    """One WebRTC client.

    Args:
        microphone: its own sound; None only listens.
        order: of what it offers.

    Attributes:
        frames: (RTP timestamp from the first on, data) of every frame, by codec.
    """

    def __init__(
        self,
        microphone: MediaStreamTrack | None = None,
        order: tuple[str, ...] = ("video", "audio"),
    ) -> None:
        self.frames: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
        self.connection = RTCPeerConnection(
            RTCConfiguration(
                iceServers=[],
                alwaysNegotiateDataChannels=order[0] == "application",
            )
        )
        for kind in order:
            if kind == "audio" and microphone is not None:
                self.connection.addTransceiver(microphone, direction="sendrecv")
            elif kind != "application":
                self.connection.addTransceiver(kind, direction="recvonly")
            elif order[0] != kind:
                self.connection.createDataChannel("talk")

    def keep(self, codec: RTCRtpCodecParameters) -> Decoder:
        """In place of aiortc's ``get_decoder``."""
        return _Keeper(self.frames[codec.name])

    async def offer(self) -> str:
        """An offer with all of this client's addresses."""
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def take(self, answer: str) -> None:
        """Connect."""
        taken = RTCSessionDescription(_with_what_is_declined(answer), "answer")
        await self.connection.setRemoteDescription(taken)

    async def ask(
        self, client: ClientSession, url: str, offer: str | None = None
    ) -> ClientResponse:
        """Ask by WHEP; the connection is made when the answer was 201."""
        response = await client.post(
            url,
            data=offer or await self.offer(),
            headers={"Content-Type": "application/sdp"},
        )
        if response.status == 201:
            await self.take(await response.text())
        return response


def _with_what_is_declined(answer: str) -> str:
    """aiortc, unlike browsers, cannot be told no: it is told of media on which nothing comes."""
    session = SessionDescription.parse(answer)
    first = next(media for media in session.media if media.port)
    for media in session.media:
        if not media.port:
            media.ice, media.dtls = first.ice, first.dtls
            session.group[0].items.append(media.rtp.muxId)
    return str(session)


@asynccontextmanager
async def viewing(
    monkeypatch: pytest.MonkeyPatch,
    microphone: MediaStreamTrack | None = None,
    order: tuple[str, ...] = ("video", "audio"),
) -> AsyncIterator[Viewer]:
    """A viewer that keeps encoded frames."""
    viewer = Viewer(microphone, order)
    monkeypatch.setattr("aiortc.rtcrtpreceiver.get_decoder", viewer.keep)
    try:
        yield viewer
    finally:
        await viewer.connection.close()
