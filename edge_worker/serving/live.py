"""Live MPEG-TS over HTTP: ``/live/<stream>.ts`` and ``/original/<stream>.ts``."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from aiohttp import web

from edge_worker.serving.access import Access
from edge_worker.serving.feed import Feed, FeedEnded, Viewer
from edge_worker.serving.feeds import Feeds
from edge_worker.serving.refusal import refusal
from edge_worker.serving.seats import Seats
from edge_worker.serving.tokens import Scope
from mqtt_schemas import SEGMENT_CONTENT_TYPE

_log = logging.getLogger(__name__)
STREAM = "{stream:[a-z0-9][a-z0-9_-]{0,62}}"
"""A stream's id in a route."""
FIRST_S = 12.0
"""Longer than any group of pictures: what has not begun by then does not come."""
STALL_S = 10.0
"""A client that takes nothing for so long is gone."""
_SILENCE_S = 30.0
"""A stream of which nothing comes for so long is over for those who watch; they may come again."""
_SKIPS = 5
"""A client that falls behind so often without catching up never will."""


@dataclass(frozen=True, slots=True)
class Stage:
    """What the handlers of streams share."""

    feeds: Feeds
    access: Access
    seats: Seats
    known: Callable[[str], bool]
    """There is such a stream."""

    def open(self, request: web.Request) -> tuple[str, Feed]:
        """The stream and the feed that a request asks for.

        Raises:
            web.HTTPException: its token does not open it, or there is no such stream.
        """
        stream = request.match_info["stream"]
        self.access.require(request, Scope.VIEW, stream)
        if not self.known(stream):
            raise refusal(404, f"there is no stream {stream}")
        original = request.match_info["side"] == "original"
        return stream, self.feeds.original(stream) if original else self.feeds.translated(stream)


class LiveStreams:
    """Sends a feed as it comes, from a keyframe on.

    Args:
        stage: what the handlers of streams share.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def routes(self) -> list[web.RouteDef]:
        """Its routes."""
        return [web.get(f"/{{side:live|original}}/{STREAM}.ts", self._serve)]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        stream, feed = self._stage.open(request)
        response = web.StreamResponse(
            headers={"Content-Type": SEGMENT_CONTENT_TYPE, "Cache-Control": "no-store"}
        )
        if request.method == "HEAD":
            return response
        with self._stage.seats.take(stream), closing(feed.watch()) as viewer:
            first = await first_bytes(viewer, stream)
            await response.prepare(request)
            await _send(response, viewer, first, stream)
        return response


async def first_bytes(viewer: Viewer, stream: str) -> bytes:
    """What a viewer begins with.

    Raises:
        web.HTTPException: 503 when nothing comes.
    """
    try:
        async with asyncio.timeout(FIRST_S):
            return await viewer.next()
    except (TimeoutError, FeedEnded):
        raise refusal(503, f"{stream} sends nothing at the moment") from None


async def _send(response: web.StreamResponse, viewer: Viewer, data: bytes, stream: str) -> None:
    """Send until the feed ends or the client goes, or falls behind for good."""
    forgiven = 0
    try:
        while viewer.skips - forgiven < _SKIPS:
            async with asyncio.timeout(STALL_S):
                await response.write(data)
            if not viewer.waiting_bytes:
                forgiven = viewer.skips
            async with asyncio.timeout(_SILENCE_S):
                data = await viewer.next()
        _log.info("%s: a client that is too slow was sent away", stream)
    except FeedEnded:
        await response.write_eof()
    except TimeoutError:
        _log.info("%s: nothing comes, or its client takes nothing: sent away", stream)
    except ConnectionError:
        pass  # it went
