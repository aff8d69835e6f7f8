"""Pictures of a feed as JPEG: decoded on demand, once for all who look at the same feed."""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from edge_worker.items import VideoFrame
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.decode import VideoDecoder
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.timestamps import TICKS_PER_SECOND, Unwrapper
from edge_worker.serving.feed import Feed, FeedEnded, Viewer
from edge_worker.serving.refusal import refusal

_QUALITY = 80
_AT_ONCE = 4
"""Feeds that are decoded; more would take the cores that translation needs."""
_THREADS = 2
_LINGER_S = 3.0
"""Kept for whoever asks again soon: beginning anew decodes a whole group of pictures."""
_FORWARD_TICKS = 10 * TICKS_PER_SECOND
_BACKWARD_TICKS = TICKS_PER_SECOND
_BATCH_BYTES = 1 << 20


class PictureDecoder:
    """Reads a transport stream and gives its newest picture; used from one thread at a time."""

    def __init__(self) -> None:
        self._demuxer = Demuxer()
        self._unwrapper = Unwrapper()
        self._decoder: VideoDecoder | None = None
        self._newest_pts = 0

    def feed(self, data: bytes, *, wanted: bool) -> bytes | None:
        """Read on.

        Args:
            data: MPEG-TS, cut anywhere.
            wanted: the picture is asked for; else it is only decoded.

        Returns:
            The newest picture that ``data`` completes, as JPEG (ITU-T T.81); None without one.
        """
        frames: list[VideoFrame] = []
        for unit in self._demuxer.feed(data, whole=True):
            if unit.kind == "video":
                frames += self._decode(unit)
        clean = [frame for frame in frames if not frame.degraded] or frames
        return _jpeg(clean[-1]) if clean and wanted else None

    def _decode(self, unit: AccessUnit) -> list[VideoFrame]:
        pts = self._unwrapper.unwrap(unit.pts)
        jump = not -_BACKWARD_TICKS < pts - self._newest_pts < _FORWARD_TICKS
        codec = unit.codec
        if codec not in {"h264", "hevc"}:
            return []
        if self._decoder is None or self._decoder.codec != codec or (jump and unit.key):
            self._unwrapper = Unwrapper()
            pts = self._unwrapper.unwrap(unit.pts)
            self._decoder = VideoDecoder("h264" if codec == "h264" else "hevc", "")
        self._newest_pts = pts
        return self._decoder.decode(replace(unit, pts=pts, dts=pts - (unit.pts - unit.dts)))


def _jpeg(frame: VideoFrame) -> bytes:
    colours = cv2.cvtColor(frame.planes, cv2.COLOR_YUV2BGR_I420)
    _, encoded = cv2.imencode(".jpg", colours, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return np.asarray(encoded).tobytes()


class PictureSource:
    """The newest picture of one feed, while somebody looks.

    Args:
        feed: that is read.
        rate: pictures a second at most.
        threads: to decode in.
    """

    def __init__(self, feed: Feed, rate: float, threads: ThreadPoolExecutor) -> None:
        self.lookers = 0
        self.over = False
        """Nothing more will come."""
        self._viewer = feed.watch()
        self._pause_s = 1 / rate
        self._threads = threads
        self._picture = b""
        self._number = 0
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._run(), name="pictures")

    async def after(self, number: int) -> tuple[int, bytes]:
        """The newest picture as soon as it is a later one than ``number``, and its own number.

        Raises:
            FeedEnded: no more will come.
        """
        while self._number <= number:
            if self.over:
                raise FeedEnded
            await self._changed.wait()
        return self._number, self._picture

    def close(self) -> None:
        """Look no more."""
        self._task.cancel()

    async def _run(self) -> None:
        try:
            with suppress(FeedEnded), closing(self._viewer) as viewer:
                await self._look(viewer)
        finally:
            self.over = True
            self._changed.set()

    async def _look(self, viewer: Viewer) -> None:
        loop = asyncio.get_running_loop()
        decoder = PictureDecoder()
        shown_s = 0.0
        while True:
            data = await viewer.next()
            while viewer.waiting_bytes and len(data) < _BATCH_BYTES:
                data += await viewer.next()
            rested = time.monotonic() - shown_s >= self._pause_s
            read = partial(decoder.feed, data, wanted=rested and not viewer.waiting_bytes)
            picture = await loop.run_in_executor(self._threads, read)
            if picture is not None:
                shown_s = time.monotonic()
                self._show(picture)

    def _show(self, picture: bytes) -> None:
        self._picture, self._number = picture, self._number + 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Pictures:
    """The sources of all feeds that somebody looks at.

    Args:
        rate: pictures a second at most.
    """

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._sources: dict[Feed, PictureSource] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="pictures")

    @asynccontextmanager
    async def of(self, feed: Feed) -> AsyncIterator[PictureSource]:
        """Look at a feed for as long as the context lasts.

        Raises:
            web.HTTPException: 503 when too many others are looked at.
        """
        source = self._sources.get(feed)
        if source is None or source.over:
            self._make_room()
            source = PictureSource(feed, self._rate, self._threads)
            self._sources[feed] = source
        source.lookers += 1
        try:
            yield source
        finally:
            source.lookers -= 1
            asyncio.get_running_loop().call_later(_LINGER_S, self._leave, feed, source)

    def close(self) -> None:
        """Decode no more."""
        for source in self._sources.values():
            source.close()
        self._sources.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _make_room(self) -> None:
        if len(self._sources) < _AT_ONCE:
            return
        idle = next((feed for feed, source in self._sources.items() if not source.lookers), None)
        if idle is None:
            raise refusal(503, f"the pictures of {_AT_ONCE} streams are being made already")
        self._sources.pop(idle).close()

    def _leave(self, feed: Feed, source: PictureSource) -> None:
        if not source.lookers and self._sources.get(feed) is source:
            del self._sources[feed]
            source.close()
