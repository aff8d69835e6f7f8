"""Pictures for simple clients: MJPEG and snapshots of ``/live`` and ``/original``."""

import asyncio
from contextlib import suppress

from aiohttp import web

from edge_worker.serving.feed import FeedEnded
from edge_worker.serving.live import FIRST_S, STALL_S, STREAM, Stage
from edge_worker.serving.pictures import Pictures, PictureSource
from edge_worker.serving.refusal import refusal

_BOUNDARY = "picture"
_NO_STORE = {"Cache-Control": "no-store"}


class Stills:
    """Serves JPEG pictures, one or one after the other.

    Args:
        stage: what the handlers of streams share.
        pictures: decodes.
    """

    def __init__(self, stage: Stage, pictures: Pictures) -> None:
        self._stage = stage
        self._pictures = pictures

    def routes(self) -> list[web.RouteDef]:
        """Its routes."""
        return [
            web.get(f"/{{side:live|original}}/{STREAM}.jpg", self._snapshot),
            web.get(f"/{{side:live|original}}/{STREAM}.mjpeg", self._moving),
        ]

    async def _snapshot(self, request: web.Request) -> web.Response:
        stream, feed = self._stage.open(request)
        with self._stage.seats.take(stream):
            async with self._pictures.of(feed) as source:
                _, picture = await _first(source, stream)
        return web.Response(body=picture, content_type="image/jpeg", headers=_NO_STORE)

    async def _moving(self, request: web.Request) -> web.StreamResponse:
        """Parts of ``multipart/x-mixed-replace``, each with its length."""
        stream, feed = self._stage.open(request)
        kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
        response = web.StreamResponse(headers={"Content-Type": kind, **_NO_STORE})
        if request.method == "HEAD":
            return response
        with self._stage.seats.take(stream):
            async with self._pictures.of(feed) as source:
                number, picture = await _first(source, stream)
                await response.prepare(request)
                await response.write(f"--{_BOUNDARY}\r\n".encode())
                with suppress(FeedEnded, TimeoutError, ConnectionError):
                    while True:
                        async with asyncio.timeout(STALL_S):
                            await response.write(_part(picture))
                        number, picture = await source.after(number)
        return response


def _part(picture: bytes) -> bytes:
    """One picture and the boundary after it, at which browsers show it."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
    return head.encode() + picture + f"\r\n--{_BOUNDARY}\r\n".encode()


async def _first(source: PictureSource, stream: str) -> tuple[int, bytes]:
    """The first picture and its number.

    Raises:
        web.HTTPException: 503 when none comes.
    """
    try:
        async with asyncio.timeout(FIRST_S):
            return await source.after(0)
    except (TimeoutError, FeedEnded):
        raise refusal(503, f"{stream} sends no picture at the moment") from None
