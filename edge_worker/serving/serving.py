"""What a worker serves over HTTP, put together; starts before the engines load."""

import asyncio
import logging
import ssl
import sys
from contextlib import AsyncExitStack

from aiohttp import web

from edge_worker.config import HttpSection, WorkerSettings
from edge_worker.media.segments import MediaSegment
from edge_worker.requests import Requests
from edge_worker.serving.access import Access, is_loopback, own_hosts
from edge_worker.serving.address import base_url
from edge_worker.serving.attendance import Attendance
from edge_worker.serving.board import Board
from edge_worker.serving.commands import Commands
from edge_worker.serving.feeds import Feeds
from edge_worker.serving.live import LiveStreams, Stage
from edge_worker.serving.page_routes import Page
from edge_worker.serving.pictures import Pictures
from edge_worker.serving.prometheus import Prometheus
from edge_worker.serving.seats import Seats
from edge_worker.serving.server import HttpServer
from edge_worker.serving.stills import Stills
from edge_worker.serving.tokens import Tokens
from edge_worker.serving.view import ViewDesk
from edge_worker.serving.vitals import Vitals
from edge_worker.serving.whep import (
    Ice,
    Sessions,
    WhepRoutes,
    addresses_of,
    over_mqtt,
    servers_of,
)
from edge_worker.session.announcer import Announcer
from edge_worker.stream_keeper import StreamKeeper
from edge_worker.streams import Streams
from edge_worker.transport import Message, MqttLink

_log = logging.getLogger(__name__)
_MAX_BODY = 64_000
"""Bytes of a request; sound has a limit of its own."""


class Serving:
    """Serves viewers beside MQTT; the worker's front.

    Args:
        settings: of the worker.

    Attributes:
        feeds: of every stream.
        tokens: that open something.
        url: base address for viewers; empty before the start.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        config = settings.http
        self.feeds = Feeds()
        self.tokens = Tokens(config.token.get_secret_value() if config.token else "")
        self._worker = settings.worker
        self._config = config
        self._board = Board()
        self._pictures = Pictures(config.picture_rate)
        self._streams: Streams | None = None
        self.url = ""
        self._exits = AsyncExitStack()

    async def start(self, announcer: Announcer) -> str:
        """Begin to serve what is there: original streams, and the page.

        Returns:
            The base address for viewers.

        Raises:
            OSError: the address cannot be listened on.
        """
        config = self._config
        app = self._application(announcer)
        server = HttpServer(app, config.bind, config.port, 2 * config.clients + 32, _tls(config))
        await self._exits.enter_async_context(server)
        announcer.also = self._put_out
        await self._board.listen(announcer.link, announcer.topics)
        attendance = Attendance(self.feeds, self._board, announcer, self._keeper)
        looking = asyncio.create_task(attendance.run(), name="attendance")
        looking.add_done_callback(_observe)
        self._exits.callback(looking.cancel)
        self.url = base_url(config, server.port, announcer.link.settings)
        self._tell()
        return self.url

    def add(self, requests: Requests, streams: Streams) -> None:
        """The engines are loaded: answer what viewers ask, wake what they watch."""
        self._streams = streams
        requests.add("view", ViewDesk(self.tokens, self.url, self._knows).answer)

    def take_in(self, stream: str, message: Message) -> None:
        """A segment came from a camera."""
        self.feeds.take_in(stream, message.payload)

    async def stop(self) -> None:
        """Send everybody home."""
        self.feeds.end()
        self._board.end()
        await self._exits.aclose()

    def _put_out(self, stream: str, segment: MediaSegment) -> None:
        self.feeds.put_out(stream, segment.data, key=segment.key)

    def _application(self, announcer: Announcer) -> web.Application:
        config, board = self._config, self._board
        hosts = own_hosts(config.bind, config.url or "", config.further_hosts)
        access = Access(self.tokens, hosts, config.allowed_origins)
        seats = Seats(config.clients, config.clients_per_stream)
        stage = Stage(self.feeds, access, seats, self._knows)
        figures = Prometheus(self._worker, board, self.feeds, seats)
        guarded = None if is_loopback(config.bind) else access
        app = web.Application(client_max_size=_MAX_BODY, middlewares=[access.middleware])
        app.on_response_prepare.append(access.on_prepare)
        for room in (
            LiveStreams(stage),
            Stills(stage, self._pictures),
            WhepRoutes(stage, self._webrtc(stage, announcer)),
            Page(access, seats, board),
            Commands(access, board, announcer),
            Vitals(guarded, figures, lambda: self._trouble(announcer.link)),
        ):
            app.add_routes(room.routes())
        self._exits.callback(self._pictures.close)
        return app

    def _trouble(self, link: MqttLink) -> str:
        """What keeps this worker from serving; empty: nothing."""
        if self._streams is None:
            return "the engines are being loaded"
        return "" if link.connected else "there is no connection to the broker"

    def _webrtc(self, stage: Stage, announcer: Announcer) -> Sessions:
        config = self._config
        turn = config.turn.get_secret_value() if config.turn else ""
        ice = Ice(addresses_of(config.bind), servers_of(config.stun, turn))
        sessions = Sessions(self.feeds, stage.seats, ice, over_mqtt(announcer))
        self._exits.push_async_callback(sessions.close)
        return sessions

    def _knows(self, stream: str) -> bool:
        return stream in self.feeds or stream in self._board.streams

    def _keeper(self, stream: str) -> StreamKeeper | None:
        keeper = self._streams.get(stream) if self._streams else None
        return keeper if keeper is not None and keeper.serving else None

    def _tell(self) -> None:
        """Where the page is, for whoever started the worker.

        Its token is told to a terminal alone: whatever else takes standard error (the journal, a
        container's log) keeps it, and others read it.
        """
        if self._config.token:
            _log.info("page: %s/#token=<http.token>", self.url)
        elif sys.stderr.isatty():
            sys.stderr.write(f"page: {self.url}/#token={self.tokens.page}\n")
        else:
            _log.info(
                "page: %s; its token is not told where it would be kept: choose one, http.token "
                "(POLYLIP_HTTP__TOKEN), or start the worker in a terminal",
                self.url,
            )


def _observe(looking: asyncio.Task[None]) -> None:
    if not looking.cancelled() and (error := looking.exception()) is not None:
        _log.error("nobody wakes or fetches watched streams any more", exc_info=error)


def _tls(config: HttpSection) -> ssl.SSLContext | None:
    if config.cert_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(config.cert_file, config.key_file)
    except OSError as error:
        files = f"http.cert_file {config.cert_file}, http.key_file {config.key_file or 'none'}"
        raise OSError(f"{files}: no usable certificate with its key: {error}") from error
    return context
