"""WHEP over HTTP (draft-ietf-wish-whep): offer in, answer out, and the session's end."""

import asyncio

from aiohttp import StreamReader, web

from edge_worker.serving.access import Access
from edge_worker.serving.live import STREAM, Stage
from edge_worker.serving.refusal import refusal
from edge_worker.serving.tokens import Scope
from edge_worker.serving.whep.offer import (
    MAX_BYTES,
    OfferMalformedError,
    OfferRefusedError,
    read_offer,
)
from edge_worker.serving.whep.sessions import Sessions

SDP = "application/sdp"
_BODY_S = 10.0
_SESSION = "{session:[A-Za-z0-9_-]{22}}"


class WhepRoutes:
    """``/whep/<stream>`` takes offers, ``/whep/<stream>/<session>`` is what they become.

    Candidates are not trickled: the answer has all of ours, and a viewer's connectivity checks
    show its own, so that ``PATCH`` is not needed and not allowed.

    Args:
        stage: what the handlers of streams share.
        sessions: of all viewers.
    """

    def __init__(self, stage: Stage, sessions: Sessions) -> None:
        self._stage = stage
        self._access: Access = stage.access
        self._sessions = sessions

    def routes(self) -> list[web.RouteDef]:
        """Its routes."""
        endpoint, session = f"/whep/{STREAM}", f"/whep/{STREAM}/{_SESSION}"
        return [
            web.options(endpoint, self._options),
            web.post(endpoint, self._offer),
            web.delete(session, self._end),
            web.route("*", session, self._not_allowed),
        ]

    async def _options(self, _request: web.Request) -> web.Response:
        headers = {"Accept-Post": SDP, "Allow": "OPTIONS, POST"}
        return web.Response(status=204, headers=headers)

    async def _offer(self, request: web.Request) -> web.Response:
        stream = request.match_info["stream"]
        self._access.require(request, Scope.VIEW, stream)
        if not self._stage.known(stream):
            raise refusal(404, f"there is no stream {stream}")
        if request.content_type != SDP:
            raise refusal(415, f"an offer is {SDP}, not {request.content_type}")
        may_speak = self._access.scope(request, stream) >= Scope.TALK
        try:
            offer = read_offer(await _body(request))
            session, answer = await self._sessions.open(stream, offer, may_speak=may_speak)
        except OfferMalformedError as error:
            raise refusal(400, f"the offer is not usable: {error}") from error
        except OfferRefusedError as error:
            raise refusal(422, f"the offer cannot be answered: {error}") from error
        return web.Response(
            status=201,
            text=answer,
            content_type=SDP,
            headers={
                "Location": f"/whep/{stream}/{session}",
                "ETag": f'"{offer.ice_user}"',
                "Cache-Control": "no-store",
            },
        )

    async def _end(self, request: web.Request) -> web.Response:
        stream, session = request.match_info["stream"], request.match_info["session"]
        self._access.require(request, Scope.VIEW, stream)
        if self._sessions.stream_of(session) != stream or not await self._sessions.end(session):
            raise refusal(404, "there is no such session; it may have ended")
        return web.Response(status=200)

    async def _not_allowed(self, request: web.Request) -> web.Response:
        raise web.HTTPMethodNotAllowed(request.method, ["DELETE"])


async def _body(request: web.Request) -> str:
    """The body, bounded before it is read.

    Raises:
        web.HTTPException: too long, or it does not come.
        OfferMalformedError: it is not UTF-8.
    """
    try:
        async with asyncio.timeout(_BODY_S):
            data = await _bytes(request.content)
    except TimeoutError:
        raise refusal(408, f"the offer did not come within {_BODY_S:.0f} s") from None
    if len(data) > MAX_BYTES:
        raise refusal(413, f"an offer has at most {MAX_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise OfferMalformedError("it is not UTF-8") from error


async def _bytes(content: StreamReader) -> bytes:
    """One byte too many at most."""
    data = b""
    while len(data) <= MAX_BYTES and not content.at_eof():
        data += await content.read(MAX_BYTES + 1 - len(data))
    return data
