"""The camera's RTSP server (RFC 2326, as far as FFmpeg's client asks)."""

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote

from tests.rtsp_camera.clip import Clip
from tests.rtsp_camera.digest import BASIC_CHALLENGE, CHALLENGE, admits, admits_basic
from tests.rtsp_camera.hearing import TRACK, Heard
from tests.rtsp_camera.playing import Playing
from tests.rtsp_camera.sdp import describe
from tests.rtsp_camera.traits import Traits

MAIN = "main"
_BACK_CHANNEL = "www.onvif.org/ver20/backchannel"
_HEARD_ON = 6
"""Channel of what comes to the loudspeaker."""


@dataclass(slots=True)
class _Viewer:
    """One connection: where each track's RTP and RTCP packets go."""

    writer: asyncio.StreamWriter
    sinks: dict[str, tuple[Callable[[bytes], None], Callable[[bytes], None]]] = field(
        default_factory=dict
    )
    sender: socket.socket = field(
        default_factory=lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    )
    playing: asyncio.Task[None] | None = None
    heard: Heard | None = None
    """What comes to its loudspeaker, once that is set up."""
    begun: bool = False


class RtspCamera:
    """Serves clips, each under a path of its own, to any number of viewers.

    Args:
        clips: by path; a single one is at ``main``.
        traits: what is special about this camera.
    """

    def __init__(self, clips: Clip | Mapping[str, Clip], traits: Traits | None = None) -> None:
        self._clips = {MAIN: clips} if isinstance(clips, Clip) else clips
        self.traits = traits or Traits()
        self._server: asyncio.Server | None = None
        self._viewers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.played: list[str] = []
        """Path of each clip that somebody began to watch."""
        self.heard: list[Heard] = []
        """What came to the loudspeaker, of each visitor who set it up."""
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        """Method, URL and headers of every request."""

    def url(self, path: str = MAIN) -> str:
        """Where to watch it, with the account."""
        account = (
            "{}:{}@".format(*(quote(part, safe="") for part in self.traits.account))
            if self.traits.account
            else ""
        )
        return f"rtsp://{account}127.0.0.1:{self.port}/{path}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Be there, on the port it had before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be gone, as when the power fails."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for viewer in tuple(self._viewers):
            viewer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._viewers.add(writer)
        viewer = _Viewer(writer)
        try:
            while (first := await reader.read(1)) != b"":
                if first == b"$":
                    channel, size = struct.unpack(">BH", await reader.readexactly(3))
                    self._hear(viewer, channel, await reader.readexactly(size))
                    continue
                request = (first + await reader.readuntil(b"\r\n\r\n")).decode()
                writer.write(self._answer(viewer, request))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            if viewer.playing is not None:
                viewer.playing.cancel()
            self._viewers.discard(writer)
            viewer.sender.close()
            writer.close()

    def _hear(self, viewer: _Viewer, channel: int, packet: bytes) -> None:
        """Sound for the loudspeaker; everything else is a receiver report."""
        if viewer.heard is None or not viewer.begun or channel != _HEARD_ON:
            return
        viewer.heard.take(packet)
        if len(viewer.heard.packets) == viewer.heard.back_channel.hangs_up_after:
            viewer.writer.transport.abort()

    def _answer(self, viewer: _Viewer, request: str) -> bytes:
        lines = request.split("\r\n")
        method, url, _ = lines[0].split()
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines)
        }
        self.asked.append((method, url, headers))
        back = self.traits.back_channel
        wants_back = headers.get("require") == _BACK_CHANNEL
        status, more, body = "200 OK", [], ""
        if not self._admitted(method, headers.get("authorization", "")):
            challenge = BASIC_CHALLENGE if self.traits.basic else CHALLENGE
            status, more = "401 Unauthorized", [challenge]
        elif wants_back and back is None and self.traits.knows_require:
            status = "551 Option not supported"
        elif (path := self._path_of(url)) is None:
            status = "404 Not Found"
        elif method == "OPTIONS":
            more = ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"]
        elif method == "DESCRIBE":
            sets = self.traits.tells_parameter_sets
            direction = self.traits.picture_direction
            body = describe(self._clips[path], tells_parameter_sets=sets, direction=direction)
            if back is not None and wants_back:
                body += "\r\n".join([*back.lines(), ""])
            more = [f"Content-Base: {url}/", "Content-Type: application/sdp"]
        elif method == "SETUP":
            status, more = self._set_up(viewer, url, headers["transport"])
        elif method == "PLAY":
            self.played.append(path)
            status = back.play_status if back is not None and viewer.heard else status
            viewer.begun = True
            if viewer.sinks:
                playing = Playing(self._clips[path], self.traits, viewer.sinks, viewer.writer.drain)
                viewer.playing = asyncio.create_task(playing.run())
        session = f"Session: 1;timeout={back.timeout_s}" if back is not None else "Session: 1"
        head = [f"RTSP/1.0 {status}", f"CSeq: {headers['cseq']}", session, *more]
        return "\r\n".join([*head, f"Content-Length: {len(body)}", "", body]).encode()

    def _admitted(self, method: str, authorization: str) -> bool:
        account = self.traits.account
        if account is not None and self.traits.basic:
            return admits_basic(account, authorization)
        return account is None or admits(account, method, authorization)

    def _path_of(self, url: str) -> str | None:
        rest = url.split("/", 3)[3].rstrip("/")
        return next((p for p in self._clips if rest == p or rest.startswith(f"{p}/")), None)

    def _set_up(self, viewer: _Viewer, url: str, transport: str) -> tuple[str, list[str]]:
        track = url.rpartition("/")[2]
        if "TCP" in transport:
            if self.traits.udp_only:
                return "461 Unsupported Transport", []
            if track == TRACK:
                return self._set_up_loudspeaker(viewer)
            channel = 2 * len(viewer.sinks)
            viewer.sinks[track] = _interleaved(viewer.writer, channel)
            return "200 OK", [f"Transport: RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"]
        port = int(transport.partition("client_port=")[2].split("-")[0])
        viewer.sinks[track] = _datagrams(viewer.sender, port)
        ours = "server_port=40000-40001"
        return "200 OK", [f"Transport: {transport};{ours};source=127.0.0.1"]

    def _set_up_loudspeaker(self, viewer: _Viewer) -> tuple[str, list[str]]:
        back = self.traits.back_channel
        if back is None or not back.set_up_status.startswith("200"):
            return back.set_up_status if back else "404 Not Found", []
        viewer.heard = Heard(back)
        self.heard.append(viewer.heard)
        channels = f"{_HEARD_ON}-{_HEARD_ON + 1}"
        return "200 OK", [f"Transport: RTP/AVP/TCP;unicast;interleaved={channels}"]


def _interleaved(
    writer: asyncio.StreamWriter, channel: int
) -> tuple[Callable[[bytes], None], Callable[[bytes], None]]:
    def to(number: int) -> Callable[[bytes], None]:
        return lambda packet: writer.write(struct.pack(">cBH", b"$", number, len(packet)) + packet)

    return to(channel), to(channel + 1)


def _datagrams(
    sender: socket.socket, port: int
) -> tuple[Callable[[bytes], None], Callable[[bytes], None]]:
    def to(number: int) -> Callable[[bytes], None]:
        def send(packet: bytes) -> None:
            sender.sendto(packet, ("127.0.0.1", number))

        return send

    return to(port), to(port + 1)
