"""A camera that speaks RTSP: H.264 and G.711 interleaved over TCP, with sender reports.

Plays a clip again and again; RFC 2326 as far as FFmpeg's client asks, RFC 3550, 6184 and 3551.
"""

import asyncio
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from edge_worker.camera.source import SourceAddress, open_source
from edge_worker.camera.tracks import Tracks
from edge_worker.media.nal import nal_units

_NTP_EPOCH_S = 2_208_988_800
_MTU = 1400
_PICTURE, _SOUND = 96, 0
_REPORT_EVERY_S = 1.0

_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=door\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
    "a=control:video\r\nm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:audio\r\n"
)


@dataclass(frozen=True, slots=True)
class _Sample:
    """A picture or a packet of sound, and its second of the clip."""

    at_s: float
    channel: int
    data: bytes


def _samples_of(clip: Path) -> list[_Sample]:
    source = open_source(SourceAddress(str(clip)))
    pictures = Tracks(source).picture
    assert pictures is not None
    samples: list[_Sample] = []
    for packet in source.packets():
        if packet.stream is source.video:
            samples += [_Sample(u.pts / 90_000, 0, u.data) for u in pictures.feed(packet)]
        elif packet.pts is not None and packet.time_base is not None:
            samples.append(_Sample(float(packet.pts * packet.time_base), 2, bytes(packet)))
    source.close()
    return sorted(samples, key=lambda sample: sample.at_s)


class RtspCamera:
    """Serves one clip of H.264 without B-frames and G.711 at ``url``.

    Args:
        clip: a file with both.
        clip_s: its length.
    """

    def __init__(self, clip: Path, clip_s: float) -> None:
        self._samples = _samples_of(clip)
        self._clip_s = clip_s
        self._server: asyncio.Server | None = None
        self._viewers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.played = 0
        """How often somebody began to watch."""

    @property
    def url(self) -> str:
        """Where to watch it."""
        return f"rtsp://127.0.0.1:{self.port}/door"

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
        playing: asyncio.Task[None] | None = None
        try:
            while (first := await reader.read(1)) != b"":
                if first == b"$":  # a receiver report
                    _, size = struct.unpack(">BH", await reader.readexactly(3))
                    await reader.readexactly(size)
                    continue
                request = (first + await reader.readuntil(b"\r\n\r\n")).decode()
                method, answer = _answer(request)
                writer.write(answer)
                if method == "PLAY":
                    self.played += 1
                    playing = asyncio.create_task(self._play(writer))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            if playing is not None:
                playing.cancel()
            self._viewers.discard(writer)
            writer.close()

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        begin_s, report_s, sequence = time.monotonic(), 0.0, {0: 0, 2: 0}
        turn = 0
        while True:
            for sample in self._samples:
                at_s = turn * self._clip_s + sample.at_s
                await asyncio.sleep(max(0, begin_s + at_s - time.monotonic()))
                if at_s >= report_s:
                    report_s = at_s + _REPORT_EVERY_S
                    writer.write(_report(0, int(at_s * 90_000)) + _report(2, int(at_s * 8_000)))
                for packet in _rtp(sample, at_s, sequence[sample.channel]):
                    writer.write(_interleaved(sample.channel, packet))
                    sequence[sample.channel] += 1
                await writer.drain()
            turn += 1


def _answer(request: str) -> tuple[str, bytes]:
    """(method, what to say to it)."""
    lines = request.split("\r\n")
    method, url, _ = lines[0].split()
    number = next(line for line in lines if line.lower().startswith("cseq"))
    head, body = f"RTSP/1.0 200 OK\r\n{number}\r\nSession: 1\r\n", ""
    if method == "OPTIONS":
        head += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
    elif method == "DESCRIBE":
        body = _SDP
        head += f"Content-Base: {url}/\r\nContent-Type: application/sdp\r\n"
        head += f"Content-Length: {len(body)}\r\n"
    elif method == "SETUP":
        channels = "0-1" if url.endswith("video") else "2-3"
        head += f"Transport: RTP/AVP/TCP;unicast;interleaved={channels}\r\n"
    return method, f"{head}\r\n{body}".encode()


def _rtp(sample: _Sample, at_s: float, sequence: int) -> list[bytes]:
    if sample.channel == 2:
        head = _rtp_head(_SOUND, sequence, int(at_s * 8_000), ssrc=2, marker=False)
        return [head + sample.data]
    pieces: list[bytes] = []
    for _, start, end in nal_units(sample.data):
        pieces += _fragments(sample.data[start:end])
    return [
        _rtp_head(
            _PICTURE,
            sequence + place,
            int(at_s * 90_000),
            ssrc=1,
            marker=place == len(pieces) - 1,
        )
        + piece
        for place, piece in enumerate(pieces)
    ]


def _fragments(nal: bytes) -> list[bytes]:
    """One NAL unit as it is, or in FU-A fragments."""
    if len(nal) <= _MTU:
        return [nal]
    indicator, kind, body = nal[0] & 0xE0 | 28, nal[0] & 31, nal[1:]
    starts = range(0, len(body), _MTU)
    return [
        bytes((indicator, (at == 0) << 7 | (at + _MTU >= len(body)) << 6 | kind))
        + body[at : at + _MTU]
        for at in starts
    ]


def _rtp_head(kind: int, sequence: int, stamp: int, *, ssrc: int, marker: bool) -> bytes:
    return struct.pack(
        ">BBHII", 0x80, kind | marker << 7, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc
    )


def _report(channel: int, stamp: int) -> bytes:
    """A sender report: this RTP timestamp is now."""
    seconds, rest_ns = divmod(time.time_ns(), 1_000_000_000)
    ntp = (seconds + _NTP_EPOCH_S, (rest_ns << 32) // 1_000_000_000)
    ssrc = 1 if channel == 0 else 2
    body = struct.pack(">BBHIIIIII", 0x80, 200, 6, ssrc, *ntp, stamp & 0xFFFFFFFF, 0, 0)
    return _interleaved(channel + 1, body)


def _interleaved(channel: int, packet: bytes) -> bytes:
    return struct.pack(">cBH", b"$", channel, len(packet)) + packet
