"""Who may have what: tokens, host names, origins. Every request passes here first."""

import ipaddress
import logging
from collections.abc import Awaitable, Callable, Collection
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from edge_worker.serving.refusal import JSON, body, refusal
from edge_worker.serving.tokens import Scope, Tokens

_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_MAX_TOKEN = 256
_SAFE_HEADERS = {
    "Server": "Polylip",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Access:
    """Lets in who has a token, and asks under a name of ours.

    Args:
        tokens: that open something.
        hosts: names and addresses that we may be called by; empty: by any. A page of somebody
            else's that has its own name point to this machine (DNS rebinding) calls by another.
        origins: pages of other servers that may use what their visitors' tokens open (CORS).
    """

    def __init__(
        self, tokens: Tokens, hosts: Collection[str] = (), origins: Collection[str] = ()
    ) -> None:
        self.tokens = tokens
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origins)

    def require(self, request: web.Request, scope: Scope, stream: str = "") -> None:
        """Let the request pass if its token opens that much.

        Raises:
            web.HTTPException: 401 without a token or with an unknown one, 403 with a lesser one.
        """
        opened = self.scope(request, stream)
        if opened < scope:
            raise refusal(403, f"this token does not open it: it takes one to {_VERBS[scope]}")

    def scope(self, request: web.Request, stream: str = "") -> Scope:
        """What the request's token opens of ``stream``.

        Raises:
            web.HTTPException: 401 without a token or with an unknown one.
        """
        token = _token(request)
        if not token:
            raise refusal(
                401, "a token is needed: ?token=... or the header Authorization: Bearer ..."
            )
        opened = self.tokens.scope(token, stream) if len(token) <= _MAX_TOKEN else None
        if opened is None:
            raise refusal(
                401, "this token is not known: it may be another stream's, or of an earlier start"
            )
        return opened

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check host and origin, add the headers that every answer has."""
        if self._hosts and _host(request) not in self._hosts:
            raise refusal(421, "this server is not called that; see http.hosts")
        origin = request.headers.get("Origin", "")
        shared = origin in self._origins
        if request.method == "OPTIONS" and shared:
            response: web.StreamResponse = web.Response(status=204)
        else:
            try:
                response = await handler(request)
            except web.HTTPException as answer:
                if answer.content_type != JSON:
                    answer.text, answer.content_type = body(answer.reason), JSON
                _dress(answer, origin if shared else "")
                raise
        if not response.prepared:
            _dress(response, origin if shared else "")
        return response

    async def on_prepare(self, request: web.Request, response: web.StreamResponse) -> None:
        """The same headers for answers that are sent piece by piece."""
        origin = request.headers.get("Origin", "")
        _dress(response, origin if origin in self._origins else "")


_VERBS = {Scope.VIEW: "view", Scope.TALK: "talk", Scope.PAGE: "open the page"}


class AccessLog(AbstractAccessLogger):
    """One line for each answer: no query, so no token, and no header."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        """Write it; what went well only where more is asked for."""
        level = logging.DEBUG if response.status < 400 else logging.INFO
        path = request.rel_url.raw_path[:200]
        _log.log(
            level,
            "%s %s %s %d, %.3f s",
            request.remote,
            request.method,
            path,
            response.status,
            time,
        )


def own_hosts(bind: str, url: str, others: Collection[str]) -> tuple[str, ...]:
    """Names that a server bound to ``bind`` is called by; empty where that cannot be told.

    Only what is bound to loopback knows all of its names.
    """
    if not is_loopback(bind):
        return ()
    named = urlsplit(url).hostname or ""
    return tuple({"localhost", "127.0.0.1", "::1", bind, named, *others} - {""})


def is_loopback(bind: str) -> bool:
    """Whether only this machine reaches what is bound there."""
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return bind == "localhost"


def _dress(response: web.StreamResponse, origin: str) -> None:
    response.headers.update(_SAFE_HEADERS)
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, PATCH, DELETE"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Expose-Headers"] = "Location, Link"


def _host(request: web.Request) -> str:
    try:
        return (urlsplit(f"//{request.host}").hostname or "").lower()
    except ValueError:
        return ""


def _token(request: web.Request) -> str:
    kind, _, word = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return word.strip()
    return request.query.get("token", "")
