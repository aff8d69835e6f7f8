"""The HTTP server of a worker: everything it serves, in one place."""

import asyncio
import logging
import ssl
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from edge_worker.serving.access import AccessLog
from edge_worker.serving.doorway import Doorway
from edge_worker.serving.refusal import body

_log = logging.getLogger(__name__)
_MAX_LINE = 4096
_MAX_HEADERS = 64
_IDLE_S = 15.0
"""A connection on which nothing is asked for so long is closed; a slow header as well."""
_LEAVE_S = 1.0
_WHY = body("too many connections").encode()
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
    b"Retry-After: 2\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
) % (len(_WHY), _WHY)


class _ForeignFaults(logging.Filter):
    """What is no HTTP is its sender's fault: told where more is asked for, and not quoted."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell the fault of a client from one of ours."""
        if not record.exc_info or not isinstance(record.exc_info[1], HttpProcessingError):
            return True
        record.levelno, record.levelname = logging.DEBUG, logging.getLevelName(logging.DEBUG)
        record.exc_info = None
        return _log.isEnabledFor(logging.DEBUG)


_log.addFilter(_ForeignFaults())


class _Full(asyncio.Protocol):
    """Answers a connection for which there is no room."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.write(_BUSY)
            transport.close()


class HttpServer:
    """Listens while its context lasts.

    Args:
        application: what it answers with.
        bind: address.
        port: 0 takes any that is free.
        connections: at once; more are turned away.
        certificate: serves HTTPS; None: HTTP.

    Raises:
        OSError: nothing can listen there; says where and what to do.
    """

    def __init__(
        self,
        application: web.Application,
        bind: str,
        port: int,
        connections: int,
        certificate: ssl.SSLContext | None = None,
    ) -> None:
        self.port = port
        self._application = application
        self._bind = bind
        self._connections = connections
        self._certificate = certificate
        self._exits = AsyncExitStack()

    async def __aenter__(self) -> Self:
        runner = web.AppRunner(
            self._application,
            handler_cancellation=True,
            access_log_class=AccessLog,
            logger=_log,
            max_line_size=_MAX_LINE,
            max_field_size=_MAX_LINE,
            max_headers=_MAX_HEADERS,
            keepalive_timeout=_IDLE_S,
            shutdown_timeout=_LEAVE_S,
        )
        await runner.setup()
        self._exits.push_async_callback(runner.cleanup)
        doorway = self._doorway(runner)
        try:
            self.port = await doorway.open(self._bind, self.port)
        except OSError as error:
            await self._exits.aclose()
            raise OSError(
                f"cannot serve HTTP on {self._bind} port {self.port}: {error.strerror or error}; "
                "choose another with --set http.port=... or --http-bind"
            ) from error
        self._exits.push_async_callback(doorway.close)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exits.aclose()

    def _doorway(self, runner: web.AppRunner) -> Doorway:
        server = runner.server
        if server is None:  # not before ``setup``
            raise RuntimeError("the application is not set up")
        return Doorway(
            server, _Full, lambda: len(server.connections), self._connections, self._certificate
        )
