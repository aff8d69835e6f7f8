"""Feeds: the segments of one stream for everybody who watches it, from the newest keyframe on.

A feed is fed and read on the event loop. It keeps what a new viewer needs and no more; a viewer
that is too slow loses the past, never the feed.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

GROUP_BYTES = 24 << 20
"""Of the group of pictures that a new viewer begins with: ten seconds of 16 Mbit/s and more."""
VIEWER_BYTES = 8 << 20
"""That may wait for one viewer beyond the group it began with."""
STALE_NS = 12_000_000_000
"""A group whose newest segment is older than this is no beginning."""


@dataclass(frozen=True, slots=True)
class FeedSegment:
    """A piece of MPEG-TS: whole packets, in the order of the stream."""

    data: bytes
    key: bool
    """Reading can begin here: a keyframe comes first, or there are no pictures."""
    tables: bytes = b""
    """PAT and PMT for whoever begins here; empty where ``data`` itself begins with them."""
    received_ns: int = 0
    """When it was fed; `time.monotonic_ns`."""


class FeedEnded(Exception):  # noqa: N818 - a signal of the normal end, like StopAsyncIteration
    """The stream is gone, or its viewer was closed."""


class Viewer:
    """One reader of a feed; made by ``Feed.watch``, closed by whoever asked for it.

    Attributes:
        skips: how often it was too slow, so that segments up to a keyframe were left out.
        waiting_bytes: of the segments that wait to be read.
    """

    def __init__(self, backlog: tuple[FeedSegment, ...], left: Callable[["Viewer"], None]) -> None:
        self.skips = 0
        self.waiting_bytes = sum(len(segment.data) for segment in backlog)
        self._limit = self.waiting_bytes + VIEWER_BYTES
        self._waiting = deque(backlog)
        self._begins = True
        """The next segment is one to begin with: the first, or the one after a gap."""
        self._awaits_key = not backlog
        self._left = left
        self._there = asyncio.Event()
        self._closed = False
        if backlog:
            self._there.set()

    async def next(self) -> bytes:
        """The next bytes of the stream; where reading begins, program tables and a keyframe.

        Raises:
            FeedEnded: no more will come.
        """
        while not self._waiting:
            if self._closed:
                raise FeedEnded
            self._there.clear()
            await self._there.wait()
        segment = self._waiting.popleft()
        self.waiting_bytes -= len(segment.data)
        begins, self._begins = self._begins, False
        return segment.tables + segment.data if begins else segment.data

    def close(self) -> None:
        """Watch no longer; what waits is dropped."""
        if not self._closed:
            self._waiting.clear()
            self.waiting_bytes = 0
            self.end()
            self._left(self)

    def offer(self, segment: FeedSegment) -> None:
        """Take a segment from the feed; never waits."""
        if self._closed or (self._awaits_key and not segment.key):
            return
        if self.waiting_bytes + len(segment.data) > self._limit:
            self._skip()
            if not segment.key:
                return
        self._awaits_key = False
        self._waiting.append(segment)
        self.waiting_bytes += len(segment.data)
        self._there.set()

    def end(self) -> None:
        """The feed ends; what waits can still be read."""
        self._closed = True
        self._there.set()

    def _skip(self) -> None:
        self.skips += 1
        self._waiting.clear()
        self.waiting_bytes = 0
        self._limit = VIEWER_BYTES
        self._awaits_key = self._begins = True


class Feed:
    """The live bytes of one stream.

    Args:
        now_ns: `time.monotonic_ns`.

    Attributes:
        on_watch: called when somebody begins to watch.
    """

    def __init__(self, now_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self.on_watch: Callable[[], None] = lambda: None
        self._now_ns = now_ns
        self._group: list[FeedSegment] = []
        self._group_bytes = 0
        self._viewers: set[Viewer] = set()

    @property
    def viewers(self) -> int:
        """How many watch it."""
        return len(self._viewers)

    @property
    def group_bytes(self) -> int:
        """Kept for new viewers."""
        return self._group_bytes

    @property
    def group(self) -> tuple[FeedSegment, ...]:
        """The segments since the newest keyframe; empty before the first and when they are old."""
        if not self._group or self._now_ns() - self._group[-1].received_ns > STALE_NS:
            return ()
        return tuple(self._group)

    def publish(self, data: bytes, *, key: bool, tables: bytes = b"") -> None:
        """Feed the next bytes to everybody who watches; never waits.

        Args:
            data: whole packets.
            key: reading can begin here.
            tables: PAT and PMT for whoever begins here, where ``data`` does not have them first.
        """
        segment = FeedSegment(data, key, tables, self._now_ns())
        if key:
            self.forget()
        if key or self._group:
            self._group.append(segment)
            self._group_bytes += len(data)
        if self._group_bytes > GROUP_BYTES:
            self.forget()
        for viewer in tuple(self._viewers):
            viewer.offer(segment)

    def watch(self) -> Viewer:
        """A viewer that begins at the newest keyframe, or at the next where there is none."""
        viewer = Viewer(self.group, self._viewers.discard)
        self._viewers.add(viewer)
        self.on_watch()
        return viewer

    def forget(self) -> None:
        """Keep nothing for new viewers: they begin at the next keyframe."""
        self._group.clear()
        self._group_bytes = 0

    def end(self) -> None:
        """The stream is gone: its viewers read what waits, then `FeedEnded`."""
        self.forget()
        viewers, self._viewers = self._viewers, set()
        for viewer in viewers:
            viewer.end()
