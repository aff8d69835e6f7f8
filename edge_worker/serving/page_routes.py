"""The built-in page: its files, and the events that keep it up to date."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from importlib.resources import files
from types import MappingProxyType

from aiohttp import web

from edge_worker.serving.access import Access
from edge_worker.serving.board import Board, Note, StreamCard
from edge_worker.serving.seats import Seats
from edge_worker.serving.tokens import Scope
from mqtt_schemas import (
    StreamEvent,
    StreamInfo,
    StreamMetrics,
    StreamState,
    StreamStatus,
    TalkbackReply,
    UtteranceMessage,
    WorkerInfo,
    encode,
)

_KINDS = MappingProxyType(
    {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": _POLICY,
        "Permissions-Policy": "microphone=(self)",
        "Cache-Control": "no-cache",
    }
)
_NAMES: Mapping[type, str] = MappingProxyType(
    {
        StreamInfo: "info",
        StreamState: "state",
        StreamMetrics: "metrics",
        UtteranceMessage: "utterance",
        StreamEvent: "event",
        TalkbackReply: "reply",
        WorkerInfo: "worker",
    }
)
_ALIVE_S = 15.0
_STALL_S = 10.0


class Page:
    """Serves the page and its events.

    Args:
        access: who may.
        seats: bounds how many pages are open.
        board: what is shown.
    """

    def __init__(self, access: Access, seats: Seats, board: Board) -> None:
        self._access = access
        self._seats = seats
        self._board = board
        self._files = dict(_page_files())

    def routes(self) -> list[web.RouteDef]:
        """Its routes."""
        return [
            web.get("/", self._index),
            web.get("/page/{name:[a-z_]{1,32}\\.(js|css|svg)}", self._file),
            web.get("/events", self._events),
        ]

    async def _index(self, _request: web.Request) -> web.Response:
        return self._answer("index.html")

    async def _file(self, request: web.Request) -> web.Response:
        return self._answer(request.match_info["name"])

    def _answer(self, name: str) -> web.Response:
        body = self._files.get(name)
        if body is None:
            raise web.HTTPNotFound
        kind = _KINDS[name[name.rindex(".") :]]
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=_HEADERS)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events (HTML standard, 9.2): what is known, then what is new."""
        self._access.require(request, Scope.PAGE)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        with self._seats.take(""), self._board.reader() as reader:
            await response.prepare(request)
            told: set[str] = set()
            text = "".join(self._beginning(told))
            try:
                while not reader.behind:
                    async with asyncio.timeout(_STALL_S):
                        await response.write(text.encode() or b": \n\n")
                    try:
                        async with asyncio.timeout(_ALIVE_S):
                            text = "".join(self._news(await reader.next(), told))
                    except TimeoutError:
                        text = ""
            except (TimeoutError, ConnectionError):
                pass  # it went, or takes nothing
        return response

    def _beginning(self, told: set[str]) -> Iterator[str]:
        yield _event("hello", "{}")
        for worker in self._board.workers.values():
            yield _event("worker", encode(worker).decode())
        for stream, card in self._board.streams.items():
            yield self._introduction(stream, told)
            yield from _parts(stream, card)

    def _news(self, note: Note, told: set[str]) -> Iterator[str]:
        if not note.stream:
            if isinstance(note.message, WorkerInfo):
                yield _event("worker", encode(note.message).decode())
            return
        if note.message is None:
            told.discard(note.stream)
            yield _event("gone", json.dumps({"stream": note.stream}))
            return
        if note.stream not in told:
            yield self._introduction(note.stream, told)
        yield from _told(note.stream, note.message)

    def _introduction(self, stream: str, told: set[str]) -> str:
        """A stream's id and tokens for it alone, so that the page's own is in no address."""
        told.add(stream)
        tokens = {
            scope.name.lower(): self._access.tokens.of(stream, scope)
            for scope in (Scope.VIEW, Scope.TALK)
        }
        return _event("stream", json.dumps({"stream": stream, **tokens}))


def _parts(stream: str, card: StreamCard) -> Iterator[str]:
    for kind in (StreamInfo, StreamStatus, StreamState, StreamMetrics):
        said = card.part(kind)
        if said is not None:
            yield from _told(stream, said)


def _told(stream: str, message: object) -> Iterator[str]:
    if isinstance(message, StreamStatus):
        yield _event("status", json.dumps({"stream": stream, "status": message}))
    elif type(message) in _NAMES:
        yield _event(_NAMES[type(message)], encode(message).decode())


def _event(name: str, data: str) -> str:
    """One event; JSON of the contract has no line breaks."""
    return f"event: {name}\ndata: {data}\n\n"


def _page_files() -> Iterator[tuple[str, bytes]]:
    for file in files(__package__).joinpath("page").iterdir():
        if any(file.name.endswith(ending) for ending in _KINDS):
            yield file.name, file.read_bytes()
