"""A source played to the broker, from the first packet to the last, through every outage."""

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

from edge_worker.background import in_background
from edge_worker.camera.capture import (
    BEGINNING,
    Capture,
    CaptureClock,
    CapturedSegment,
    LiveClock,
    PlaybackClock,
)
from edge_worker.camera.opening import open_tracks
from edge_worker.camera.pacing import CaptureOrder, Pacer
from edge_worker.camera.publisher import Publisher, offline_will
from edge_worker.camera.source import Source, SourceAddress, SourceError, SourceKind
from edge_worker.camera.speaker import Sink, SpeakerAddress, Talkback, find_sink
from edge_worker.camera.tracks import Tracks
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.timestamps import TICKS_PER_SECOND, ticks_to_ns
from edge_worker.transport import BrokerSettings, MqttLink, TransportError
from mqtt_schemas import StreamInfo, Topics, canonical_language, check_id

_log = logging.getLogger(__name__)

_FIRST_RETRY_S, _LAST_RETRY_S = 0.5, 10.0
_CONNECTED_WITHIN_S = 2.0
"""A live source does not wait longer for the broker."""
_CATCHING_UP_S = 2.0
"""What was read while a live source was being opened comes at once: more than is kept in line."""
_BETWEEN_PASSES = TICKS_PER_SECOND // 20
"""Room for the priming of an encoder that begins anew."""


@dataclass(frozen=True, slots=True)
class CameraOptions:
    """What to publish, as what, and where."""

    source: SourceAddress
    stream: str
    broker: BrokerSettings = field(default_factory=BrokerSettings)
    name: str = ""
    """For people; empty takes the stream's id."""
    area: str = ""
    language: str = ""
    """Most often spoken there, BCP-47; empty when unknown."""
    loop: bool = False
    """Play a file again and again, as one stream whose clock goes on."""
    realtime: bool = True
    """False: a file as fast as the broker takes it; its capture times then lie ahead."""
    doorbell: bool = False
    """Somebody publishes the event ``ring`` for it; until then it sleeps."""
    talkback: SpeakerAddress | None = None
    """What plays the owner's words there."""

    def __post_init__(self) -> None:
        check_id(self.stream, "stream")
        if self.language:
            canonical_language(self.language)

    def info(self, tracks: Tracks, sink: Sink | None = None) -> StreamInfo:
        """What is published as the stream's info."""
        return StreamInfo(
            stream=self.stream,
            name=self.name or self.stream,
            area=self.area,
            video=tracks.video_track(),
            audio=tracks.audio_track(),
            language=canonical_language(self.language) if self.language else "",
            note=tracks.note,
            talkback=sink is not None,
            speaker=sink.kind if sink is not None else "",
            doorbell=self.doorbell,
        )


async def run_camera(options: CameraOptions) -> None:
    """Publish a source until it is over; a live one is opened again for ever when it breaks.

    Raises:
        SourceError: it cannot be opened the first time, or is a file that breaks off.
        SinkError: the loudspeaker needs a program that is not installed.
    """
    topics = Topics(options.broker.prefix)
    stop = threading.Event()
    sink = await find_sink(options.talkback, options.source)
    source, tracks = await in_background(lambda: open_tracks(options.source), "camera")
    link = MqttLink(options.broker, offline_will(topics, options.stream))
    publisher = Publisher(link, topics, options.info(tracks, sink))
    async with link, _talking(link, topics, options.stream, sink):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if source.waits else _CONNECTED_WITHIN_S):
                await link.wait_connected()  # else the first keyframe is lost
        try:
            while True:
                playing = _Playing(options, source, tracks, publisher, link, stop)
                over = await in_background(playing.run, "camera")
                if not source.comes_back:
                    await link.flush()
                    if over is not None:
                        raise over
                    return
                _log.warning("%s; opening it again", over or f"{options.source}: ended")
                publisher.offline()
                source, tracks = await _reopened(options.source)
                _log.warning("%s: back", options.source)
                publisher.online(options.info(tracks, sink))
        finally:
            stop.set()
            source.interrupt()
            publisher.offline()


@contextlib.asynccontextmanager
async def _talking(
    link: MqttLink, topics: Topics, stream: str, sink: Sink | None
) -> AsyncIterator[None]:
    """Play the owner's words meanwhile, where there is a loudspeaker."""
    if sink is None:
        yield
        return
    talking = asyncio.create_task(_talk(Talkback(link, topics, stream, sink)), name="talkback")
    try:
        yield
    finally:
        talking.cancel()
        await asyncio.wait([talking])


async def _talk(talkback: Talkback) -> None:
    """The stream goes on without it."""
    try:
        await talkback.run()
    except TransportError as error:
        _log.warning("no talkback: %s", error)


async def _reopened(address: SourceAddress) -> tuple[Source, Tracks]:
    retry_s = _FIRST_RETRY_S
    while True:
        await asyncio.sleep(random.uniform(0.5, 1.0) * retry_s)  # noqa: S311 - spreads load, no secret
        try:
            return await in_background(lambda: open_tracks(address), "camera")
        except SourceError as error:
            _log.info("%s", error)
        retry_s = min(retry_s * 2, _LAST_RETRY_S)


class _Playing:
    """One source, read in a thread of its own."""

    def __init__(
        self,
        options: CameraOptions,
        source: Source,
        tracks: Tracks,
        publisher: Publisher,
        link: MqttLink,
        stop: threading.Event,
    ) -> None:
        self._options = options
        self._source = source
        self._tracks = tracks
        self._publisher = publisher
        self._link = link
        self._stop = stop
        self._caught_up_s = time.monotonic() + _CATCHING_UP_S
        self._loop = asyncio.get_running_loop()

    def run(self) -> SourceError | None:
        """Play it to its end; blocks.

        Returns:
            What it broke with, None when it just ended.
        """
        try:
            if self._source.paced:
                self._play_file()
            else:
                self._play_live()
        except SourceError as error:
            return error
        finally:
            self._source.close()
        return None

    def _play_live(self) -> None:
        capture: Capture | None = None
        for unit in self._tracks.units():
            if self._stop.is_set():
                return
            if capture is None or capture.restarted(unit):
                if capture is not None:
                    _log.warning("%s: its clock jumped, a new epoch begins", self._source.address)
                    self._publish(capture.flush())
                capture = self._capture(LiveClock(), unit.pts)
            if self._tracks.stated is not None:
                capture.state(*self._tracks.stated)
            self._publish(capture.add(unit, time.time_ns()))
        if capture is not None:
            self._publish(capture.flush())

    def _play_file(self) -> None:
        now_ns = time.time_ns()
        clock = PlaybackClock(ticks_to_ns(BEGINNING), now_ns)
        pacer = Pacer(BEGINNING, self._stop) if self._options.realtime else None
        capture = self._capture(clock, self._tracks.origin)
        while True:
            self._play_once(capture, pacer)
            if not self._options.loop or self._stop.is_set():
                return
            self._source.close()
            self._source, self._tracks = open_tracks(self._options.source)
            capture.end += _BETWEEN_PASSES
            capture.resume(self._tracks.origin)

    def _play_once(self, capture: Capture, pacer: Pacer | None) -> None:
        for ready, unit in self._in_order():
            if pacer is not None:
                pacer.wait(capture.on_clock(ready))
            if self._stop.is_set():
                return
            self._publish(capture.add(unit, time.time_ns()))
        self._publish(capture.flush())

    def _in_order(self) -> Iterator[tuple[int, AccessUnit]]:
        order = CaptureOrder(self._tracks.kinds)
        for unit in self._tracks.units():
            yield from order.add(unit)
        yield from order.flush()

    def _capture(self, clock: CaptureClock, origin: int) -> Capture:
        picture, sound = self._tracks.picture, self._tracks.sound
        return Capture(
            self._options.stream,
            picture.codec if picture else None,
            sound.codec if sound else None,
            clock,
            origin,
        )

    def _publish(self, segments: list[CapturedSegment]) -> None:
        paces_itself = self._options.realtime and self._source.kind is not SourceKind.PIPE
        catching_up = not self._source.paced and time.monotonic() < self._caught_up_s
        for captured in segments:
            if paces_itself and not catching_up:
                self._loop.call_soon_threadsafe(self._publisher.segment, captured)
            else:
                asyncio.run_coroutine_threadsafe(self._send(captured), self._loop).result()

    async def _send(self, captured: CapturedSegment) -> None:
        """Publish a segment and wait until it is out, so that the next one is read no sooner."""
        if self._source.paced:
            await self._link.wait_connected()
        self._publisher.segment(captured)
        await self._link.flush()
