"""The WebRTC connection to one viewer."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpCodecCapability,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import OperationError

from edge_worker.serving.whep import data
from edge_worker.serving.whep.ice import Ice, bind
from edge_worker.serving.whep.offer import Offer, OfferMalformedError, OfferRefusedError

_log = logging.getLogger(__name__)
CONNECT_S = 20.0
"""A viewer who has not connected by then does not come."""
PROFILE = "42e01f"
"""H.264 constrained baseline, level 3.1 (RFC 6184, 8.1): what every browser decodes."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Who hears a viewer that may speak."""

    microphone: Callable[[MediaStreamTrack], None]
    """The viewer's sound, from now on."""
    button: Callable[[str], None]
    """What the viewer's push-to-talk button says, over a data channel."""


class ViewerTracks(Protocol):
    """What one viewer receives."""

    @property
    def video(self) -> MediaStreamTrack:
        """Pictures."""
        ...

    @property
    def audio(self) -> MediaStreamTrack:
        """Sound."""
        ...

    def stop(self) -> None:
        """Send no more."""
        ...


class Peer:
    """One viewer.

    Args:
        reception: what the viewer receives.
        ice: how it reaches us.
        ears: hears it; None when it may not speak.
    """

    def __init__(self, reception: ViewerTracks, ice: Ice, ears: Ears | None = None) -> None:
        self._reception = reception
        self._ice = ice
        self._ears = ears
        self._connected = asyncio.Event()
        self._over = asyncio.Event()
        for track in (reception.video, reception.audio):
            track.on("ended", self._end)
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=list(ice.servers)))

    async def answer(self, offer: Offer) -> str:
        """Answer an offer; the viewer is connected as soon as it has the answer.

        Only who may speak has a data channel; another's is declined.

        Returns:
            SDP with all of our addresses.

        Raises:
            OfferRefusedError: the viewer decodes no H.264 or no Opus.
            OfferMalformedError: the offer contradicts itself.
        """
        connection = self._connection
        connection.on("connectionstatechange", self._changed)
        for kind in offer.kinds:
            track = self._reception.video if kind == "video" else self._reception.audio
            speaks = kind == "audio" and self._ears is not None
            direction = "sendrecv" if speaks else "sendonly"
            transceiver = connection.addTransceiver(track, direction=direction)
            transceiver.setCodecPreferences(_codecs(kind))
        if self._ears is not None:
            connection.on("track", self._ears.microphone)
            connection.on("datachannel", self._channel)
        declined = data.decline(offer.sdp) if self._ears is None else None
        taken = offer.sdp if declined is None else declined.offer
        try:
            await connection.setRemoteDescription(RTCSessionDescription(taken, "offer"))
            data.bound(connection, self._exceeded)
            if self._ice.addresses:
                bind(connection, self._ice.addresses)
            await connection.setLocalDescription(await connection.createAnswer())
        except OperationError as error:
            raise OfferRefusedError(
                "it offers no codec that we send: H.264 constrained baseline with "
                "packetization-mode 1, and Opus"
            ) from error
        except Exception as error:
            _log.debug("offer refused", exc_info=True)
            raise OfferMalformedError(f"it contradicts itself: {type(error).__name__}") from error
        answer = connection.localDescription.sdp
        return answer if declined is None else declined.complete(answer)

    async def over(self) -> None:
        """Wait until the viewer has left, is unreachable, did not come, or nothing is sent."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_S):
                await self._connected.wait()
            await self._over.wait()

    async def close(self) -> None:
        """Say goodbye."""
        self._reception.stop()
        await self._connection.close()

    def _changed(self) -> None:
        match self._connection.connectionState:
            case "connected":
                self._connected.set()
            case "failed" | "closed":
                self._end()

    def _end(self) -> None:
        self._connected.set()
        self._over.set()

    def _exceeded(self) -> None:
        _log.info("a viewer whose data channel sends more than a button says was sent away")
        self._end()

    def _channel(self, channel: RTCDataChannel) -> None:
        channel.on("message", self._button)

    def _button(self, message: str | bytes) -> None:
        if self._ears is not None and isinstance(message, str):
            self._ears.button(message)


def _codecs(kind: str) -> list[RTCRtpCodecCapability]:
    """What we send: the one form of each codec that is passed on, with retransmission."""
    return [
        codec
        for codec in RTCRtpSender.getCapabilities(kind).codecs
        if codec.mimeType in {"audio/opus", "video/rtx"}
        or codec.parameters.get("profile-level-id") == PROFILE
    ]
