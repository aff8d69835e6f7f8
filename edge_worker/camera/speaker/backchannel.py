"""The back-channel of an RTSP camera, as ONVIF has it (Streaming Specification, 5.3)."""

import asyncio
import contextlib
import re
from dataclasses import dataclass

from edge_worker.camera.rtsp import (
    Format,
    RtspClient,
    RtspError,
    RtspLocation,
    back_channel,
    control_url,
    read_description,
)
from edge_worker.camera.speaker.address import SpeakerAddress
from edge_worker.camera.speaker.coding import Payload, SpeechCoder, playable
from edge_worker.camera.speaker.rtp import RtpStream
from edge_worker.camera.speaker.sink import SinkError
from edge_worker.items import Samples

_REQUIRE = {"Require": "www.onvif.org/ver20/backchannel"}
_LEAD_NS = 40_000_000
_TAIL_S = 0.4
"""What a camera may still have in line behind the last packet; leaving earlier would cut it off."""
_LEAVES_WITHIN_S = 1.0
_ALIVE_S = 60
_MIN_ALIVE_S = 4
_REASONS = {
    404: "there is no such stream",
    453: "somebody else speaks there already, or too many watch",
    454: "it ended the session",
    461: "it takes sound only over UDP, and this sends it over TCP",
    551: "it has no back-channel",
}


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a camera takes."""

    session_url: str
    track_url: str
    format: Format


@dataclass(frozen=True, slots=True)
class _Session:
    """What a camera agreed to."""

    url: str
    headers: dict[str, str]
    """Name the session in every request."""
    channel: int
    """Of its packets."""
    format: Format
    alive_s: float
    """It lives so long unasked."""


class BackChannelSink:
    """Speaks through a camera, connected only while something is said.

    Args:
        address: an RTSP URL.

    Raises:
        SinkError: the URL cannot be read.
    """

    def __init__(self, address: SpeakerAddress) -> None:
        self._name = str(address)
        try:
            self._location = RtspLocation.read(address.target)
        except ValueError as error:
            raise SinkError(f"talkback: {error}") from error

    @property
    def kind(self) -> str:
        """As in the stream's info."""
        return "rtsp"

    @property
    def lead_ns(self) -> int:
        """Packets leave in real time, two of them early."""
        return _LEAD_NS

    async def probe(self) -> None:
        """Ask whether there is a back-channel.

        Raises:
            SinkError: there is none, or it cannot be asked.
        """
        try:
            async with RtspClient(self._location) as client:
                await _describe(client)
        except RtspError as error:
            raise self._failure(error) from error

    async def open(self) -> "BackChannelPlayback":
        """Connect and set the track up.

        Raises:
            SinkError: the camera refuses, or is not there.
        """
        client = RtspClient(self._location)
        try:
            await client.connect()
            session = await _set_up(client, await _describe(client))
            headers = {**_REQUIRE, **session.headers, "Range": "npt=0.000-"}
            await client.request("PLAY", session.url, headers)
            return BackChannelPlayback(self._name, client, session)
        except RtspError as error:
            client.close()
            raise self._failure(error) from error
        except BaseException:
            client.close()
            raise

    def _failure(self, error: RtspError) -> SinkError:
        told = f"{_REASONS[error.status]} ({error})" if error.status in _REASONS else str(error)
        return SinkError(f"{self._name}: {told}")


class BackChannelPlayback:
    """A session in which the camera plays what it is sent.

    Args:
        name: of the sink, for messages.
        client: connected.
        session: playing.
    """

    def __init__(self, name: str, client: RtspClient, session: _Session) -> None:
        self._name = name
        self._client = client
        self._session = session
        self._coder = SpeechCoder(session.format)
        self._rtp = RtpStream(session.format.payload_type)
        self._living = asyncio.create_task(self._stay_alive(), name="rtsp-alive")

    async def write(self, samples: Samples) -> None:
        """Send 20 ms.

        Raises:
            SinkError: the camera is gone.
        """
        await self._send(self._coder.code(samples))

    async def finish(self) -> None:
        """Send the rest, and wait for what the camera still has in line.

        Raises:
            SinkError: the camera is gone.
        """
        await self._send(self._coder.flush())
        await asyncio.sleep(_TAIL_S)

    async def stop(self) -> None:
        """Say good-bye and be gone."""
        session = self._session
        self._living.cancel()
        try:
            async with asyncio.timeout(_LEAVES_WITHIN_S):
                await self._client.request("TEARDOWN", session.url, session.headers)
        except (RtspError, TimeoutError):
            pass  # it is left either way
        finally:
            self._client.close()

    async def _send(self, payloads: list[Payload]) -> None:
        try:
            for payload in payloads:
                packet = self._rtp.packet(payload.data, payload.ticks)
                await self._client.send(self._session.channel, packet)
        except RtspError as error:
            raise SinkError(f"{self._name}: {error}") from error

    async def _stay_alive(self) -> None:
        """Ask for something before the session's time is up; any answer will do."""
        session = self._session
        while True:
            await asyncio.sleep(session.alive_s / 2)
            with contextlib.suppress(RtspError):
                await self._client.request("OPTIONS", session.url, session.headers)


async def _describe(client: RtspClient) -> _Offer:
    """What the camera takes.

    Raises:
        RtspError: nothing that can be given.
    """
    url = client.location.url
    reply = await client.request("DESCRIBE", url, {"Accept": "application/sdp", **_REQUIRE})
    base = reply.header("content-base") or reply.header("content-location") or url
    session, tracks = read_description(reply.body)
    track = back_channel(tracks)
    if track is None:
        raise RtspError("it has no back-channel", 0)
    chosen = playable(track.formats)
    if chosen is None:
        offered = ", ".join(one.encoding or str(one.payload_type) for one in track.formats)
        raise RtspError(f"its back-channel takes only {offered}; choose G.711 or AAC there")
    try:
        return _Offer(control_url(base, session), control_url(base, track.control), chosen)
    except ValueError as error:
        raise RtspError("it describes a track at no URL") from error


async def _set_up(client: RtspClient, offer: _Offer) -> _Session:
    """Have the track set up.

    Raises:
        RtspError: the camera refuses.
    """
    wanted = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1", **_REQUIRE}
    reply = await client.request("SETUP", offer.track_url, wanted)
    channel = re.search(r"interleaved=(\d{1,3})", reply.header("transport"))
    name, _, more = reply.header("session").partition(";")
    alive = re.search(r"timeout=(\d{1,4})", more)
    return _Session(
        url=offer.session_url,
        headers={"Session": name.strip()} if name else {},
        channel=int(channel[1]) & 0xFF if channel else 0,
        format=offer.format,
        alive_s=max(_MIN_ALIVE_S, int(alive[1])) if alive else _ALIVE_S,
    )
