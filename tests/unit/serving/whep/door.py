"""A door that is filmed for WebRTC's tests: real H.264 and AAC in segments, fed at their speed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from functools import cache

import numpy as np

from edge_worker.items import AudioBlock, Planes, Samples
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.encode import SAMPLE_RATE, AudioEncoder, VideoEncoder
from edge_worker.media.mpegts import Demuxer, Muxer
from edge_worker.media.nal import nal_units
from edge_worker.media.segments import MediaSegment, SegmentCutter
from edge_worker.serving.feed import Feed

WIDTH, HEIGHT = 160, 120
_PICTURE_NS = 40_000_000
_START_NS = 7_000_000_000
TONE_HZ = 440


def picture(number: int) -> Planes:
    """A grey ramp that moves, so that every picture differs from the one before."""
    planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    planes[:HEIGHT] = (np.arange(WIDTH)[None, :] + np.arange(HEIGHT)[:, None] + 3 * number) % 200
    return planes


def tone(start: int, count: int) -> Samples:
    """A tone, from its sample ``start`` on."""
    moments = np.arange(start, start + count) / SAMPLE_RATE
    return (0.3 * np.sin(2 * np.pi * TONE_HZ * moments)).astype(np.float32)


@cache
def film(seconds: int = 4, start_ns: int = _START_NS) -> tuple[MediaSegment, ...]:
    """Segments as egress makes them: 25 pictures a second, a keyframe every second, a tone."""
    video = VideoEncoder(WIDTH, HEIGHT, bit_rate=300_000)
    audio = AudioEncoder()
    cutter = SegmentCutter(Muxer())
    segments: list[MediaSegment] = []
    block = SAMPLE_RATE * _PICTURE_NS // 1_000_000_000
    for number in range(seconds * 25):
        at_ns = start_ns + number * _PICTURE_NS
        units = video.encode(picture(number), at_ns)
        units += audio.encode(AudioBlock("", at_ns, SAMPLE_RATE, tone(number * block, block)))
        for unit in units:
            segments += cutter.add(unit)
    return (*segments, *cutter.flush())


def pictures_in(messages: Iterable[bytes]) -> list[AccessUnit]:
    """The pictures of a stream, as they lie in it."""
    demuxer = Demuxer()
    units = [unit for message in messages for unit in demuxer.feed(message, whole=True)]
    return [unit for unit in units if unit.kind == "video"]


def pictures_of(segments: tuple[MediaSegment, ...]) -> list[AccessUnit]:
    """The pictures of segments."""
    return pictures_in(segment.data for segment in segments)


def nals(data: bytes) -> tuple[bytes, ...]:
    """The NAL units of a picture, whatever their start codes."""
    return tuple(data[start:end] for _, start, end in nal_units(data))


@asynccontextmanager
async def filmed(
    feed: Feed, make: Callable[[int], tuple[MediaSegment, ...]] | None = None
) -> AsyncIterator[None]:
    """Feed the film at its own speed, again and again, each time with later timestamps."""
    task = asyncio.create_task(_film(feed, make or _later))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _later(turn: int) -> tuple[MediaSegment, ...]:
    return film(4, _START_NS + turn * 4_000_000_000)


async def _film(feed: Feed, make: Callable[[int], tuple[MediaSegment, ...]]) -> None:
    turn = 0
    began_ns = time.monotonic_ns()
    while True:
        segments = make(turn)
        length_ns = segments[-1].pts_ns + segments[-1].duration_ns - segments[0].pts_ns
        for segment in segments:
            due_ns = began_ns + segment.pts_ns + segment.duration_ns - segments[0].pts_ns
            await asyncio.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
            feed.publish(segment.data, key=segment.key)
        began_ns += length_ns
        turn += 1
