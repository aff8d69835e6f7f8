"""What does a WebRTC viewer cost? Passing the encoded stream on, against encoding it again.

The film is fed at its own speed, 640x480 at 25 pictures a second with sound. Viewers are a process
of their own that takes packets and throws them away. What is measured is the serving process's
CPU time, less what it takes to feed the film to nobody. Encoding again is what aiortc does with
pictures and sound that are given to it decoded; decoding them is not counted.
"""

import asyncio
import multiprocessing
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from multiprocessing.synchronize import Event
from typing import Literal

import av
import numpy as np
from aiohttp import ClientSession, web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.report import BenchReport, Column, Row
from edge_worker.bench.webrtc_film import PICTURE_RATE, Film, make_film
from edge_worker.items import Planes, Samples
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.media.i420 import frame_of
from edge_worker.serving.access import Access
from edge_worker.serving.feeds import Feeds
from edge_worker.serving.live import Stage
from edge_worker.serving.seats import Seats
from edge_worker.serving.tokens import Tokens
from edge_worker.serving.whep import Ice, Sessions, WhepRoutes
from edge_worker.serving.whep.offer import read_offer
from edge_worker.serving.whep.peer import Peer

Way = Literal["passed on", "encoded again"]

_CASES: tuple[tuple[Way, int], ...] = (
    ("passed on", 1),
    ("passed on", 4),
    ("passed on", 8),
    ("encoded again", 1),
    ("encoded again", 2),
)
_FILM_S, _QUICK_FILM_S = 4, 1
_MEASURE_S, _QUICK_S = 20.0, 1.5
_CONNECT_S = 60.0
_HOST = "127.0.0.1"
_TOKEN = "0" * 22

COLUMNS = (
    Column("case"),
    Column("viewers", digits=0),
    Column("CPU", "% of a core", help="Of the serving process, feeding subtracted."),
    Column("each", "% of a core", help="For one viewer, at 25 pictures a second."),
    Column(
        "pictures", "1/s", help="That each viewer was sent; fewer where the cores give no more."
    ),
)


@dataclass(slots=True)
class _Sent:
    """What was sent so far."""

    pictures: float = 0


def run(options: BenchOptions) -> BenchReport:
    """Measure every case.

    Raises:
        BenchFailedError: no such case, or the viewers did not connect.
    """
    seconds = _QUICK_S if options.quick else _MEASURE_S
    cases = [case for case in _CASES if options.wants(f"{case[0]} {case[1]}")]
    if not cases:
        there = ", ".join(f"{way} {viewers}" for way, viewers in _CASES)
        raise BenchFailedError(f"no such case; there are: {there}")
    film = make_film(_QUICK_FILM_S if options.quick else _FILM_S)
    chosen = cases[:1] if options.quick else cases
    rows = asyncio.run(_measure(film, chosen, seconds, options.progress))
    return BenchReport(
        "webrtc",
        "What a WebRTC viewer costs",
        COLUMNS,
        tuple(rows),
        notes=(
            f"{seconds:g} s each; 640x480, {PICTURE_RATE} pictures a second, 2 Mbit/s, with sound.",
            "Passed on: H.264 as it is, AAC made Opus once for all viewers of a stream.",
        ),
    )


async def _measure(
    film: Film, cases: list[tuple[Way, int]], seconds: float, progress: Callable[[str], None]
) -> list[Row]:
    rows: list[Row] = []
    for way, viewers in cases:
        progress(f"{way}, {viewers}")
        sent = _Sent()
        async with _serving(film, sent, passing_on=way == "passed on") as port:
            idle, _ = await _cpu(seconds / 2, sent)
            async with _watched(port, way, viewers):
                busy, pictures = await _cpu(seconds, sent)
        share = 100 * max(0.0, busy - idle)
        pictures /= 1 if way == "passed on" else viewers
        each = share / viewers * PICTURE_RATE / pictures if pictures else None
        cells = {"CPU": share, "each": each, "pictures": pictures}
        rows.append(Row({"case": way, "viewers": float(viewers), **cells}))
    return rows


async def _cpu(seconds: float, sent: _Sent) -> tuple[float, float]:
    """Cores that this process keeps busy, and pictures that it sends in a second."""
    began_s, cpu_s, pictures = time.monotonic(), time.process_time(), sent.pictures
    await asyncio.sleep(seconds)
    passed_s = time.monotonic() - began_s
    return (time.process_time() - cpu_s) / passed_s, (sent.pictures - pictures) / passed_s


# --- the server


@asynccontextmanager
async def _serving(film: Film, sent: _Sent, *, passing_on: bool) -> AsyncIterator[int]:
    feeds, tokens, seats = Feeds(), Tokens(page=_TOKEN), Seats(64, 64)
    sessions = Sessions(feeds, seats, Ice((_HOST,)), lambda _stream, _sound: None)
    stage = Stage(feeds, Access(tokens), seats, lambda _stream: True)
    again = _Again(film, sent)
    app = web.Application()
    app.add_routes([*WhepRoutes(stage, sessions).routes(), web.post("/again/door", again.answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, _HOST, 0)
    await site.start()
    feeding = asyncio.create_task(_feed(feeds, film, sent if passing_on else _Sent()))
    try:
        yield int(runner.addresses[0][1])
    finally:
        feeding.cancel()
        with suppress(asyncio.CancelledError):
            await feeding
        await sessions.close()
        await again.close()
        await runner.cleanup()


async def _feed(feeds: Feeds, film: Film, sent: _Sent) -> None:
    began_ns = time.monotonic_ns()
    while True:
        for segment in film.segments:
            due_ns = began_ns + segment.pts_ns + segment.duration_ns
            await asyncio.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
            feeds.put_out("door", segment.data, key=segment.key)
            sent.pictures += len(film.pictures) / len(film.segments)
        began_ns += film.seconds * 1_000_000_000


class _Again:
    """Answers offers with a film that aiortc encodes for each viewer."""

    def __init__(self, film: Film, sent: _Sent) -> None:
        self._film = film
        self._sent = sent
        self._peers: list[Peer] = []

    async def answer(self, request: web.Request) -> web.Response:
        peer = Peer(_Decoded(self._film, self._sent), Ice((_HOST,)))
        self._peers.append(peer)
        answer = await peer.answer(read_offer(await request.text()))
        return web.Response(status=201, text=answer)

    async def close(self) -> None:
        for peer in self._peers:
            await peer.close()


class _Decoded:
    """What one viewer receives, encoded for it alone."""

    def __init__(self, film: Film, sent: _Sent) -> None:
        self.video: MediaStreamTrack = _Pictures(film.pictures, sent)
        self.audio: MediaStreamTrack = _Sound(film.sound)

    def stop(self) -> None:
        """Send no more."""
        self.video.stop()
        self.audio.stop()


class _Pictures(MediaStreamTrack):
    kind = "video"

    def __init__(self, pictures: tuple[Planes, ...], sent: _Sent) -> None:
        super().__init__()
        self._pictures = pictures
        self._sent = sent
        self._number = 0
        self._began_s = time.monotonic()

    async def recv(self) -> av.VideoFrame:
        await asyncio.sleep(self._began_s + self._number / PICTURE_RATE - time.monotonic())
        frame = frame_of(self._pictures[self._number % len(self._pictures)])
        frame.pts, frame.time_base = self._number, Fraction(1, PICTURE_RATE)
        self._number += 1
        self._sent.pictures += 1
        return frame


class _Sound(MediaStreamTrack):
    kind = "audio"

    def __init__(self, sound: Samples) -> None:
        super().__init__()
        self._pcm = (np.tile(sound, 2) * 32_767).astype(np.int16)
        self._at = 0
        self._began_s = time.monotonic()

    async def recv(self) -> av.AudioFrame:
        await asyncio.sleep(self._began_s + self._at / SAMPLE_RATE - time.monotonic())
        place = self._at % (len(self._pcm) // 2)
        piece = self._pcm[None, place : place + 960]
        frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE, self._at
        frame.time_base = Fraction(1, SAMPLE_RATE)
        self._at += 960
        return frame


# --- the viewers, in a process of their own


@asynccontextmanager
async def _watched(port: int, way: Way, viewers: int) -> AsyncIterator[None]:
    spawn = multiprocessing.get_context("spawn")
    connected, done = spawn.Event(), spawn.Event()
    path = f"whep/door?token={_TOKEN}" if way == "passed on" else "again/door"
    process = spawn.Process(
        target=_watch, args=(f"http://{_HOST}:{port}/{path}", viewers, connected, done), daemon=True
    )
    process.start()
    try:
        if not await asyncio.to_thread(connected.wait, _CONNECT_S):
            raise BenchFailedError("the viewers did not connect within a minute")
        yield
    finally:
        done.set()
        await asyncio.to_thread(process.join, _CONNECT_S)


def _watch(url: str, viewers: int, connected: Event, done: Event) -> None:
    asyncio.run(_watch_until(url, viewers, connected, done))


async def _watch_until(url: str, viewers: int, connected: Event, done: Event) -> None:
    peers = [RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(viewers)]
    async with ClientSession() as client:
        for peer in peers:
            for kind in ("video", "audio"):
                peer.addTransceiver(kind, direction="recvonly")
            await peer.setLocalDescription(await peer.createOffer())
            headers = {"Content-Type": "application/sdp"}
            sdp = peer.localDescription.sdp
            async with client.post(url, data=sdp, headers=headers) as answer:
                description = RTCSessionDescription(await answer.text(), "answer")
            await peer.setRemoteDescription(description)
            for receiver in peer.getReceivers():
                receiver._enabled = False  # noqa: SLF001 - what comes is taken, not decoded
        while not done.is_set():
            if all(peer.connectionState == "connected" for peer in peers):
                connected.set()
            await asyncio.sleep(0.1)
    leaving: list[Coroutine[None, None, None]] = [peer.close() for peer in peers]
    await asyncio.gather(*leaving)
