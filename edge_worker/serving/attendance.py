"""Who is watched here: keeps those streams awake, and fetches what other workers serve of them."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from functools import partial

from edge_worker.serving.board import Board
from edge_worker.serving.feeds import Feeds
from edge_worker.serving.key_scan import KeyScan
from edge_worker.session.announcer import Announcer
from edge_worker.stream_keeper import StreamKeeper
from edge_worker.transport import Message, TransportError
from edge_worker.transport.inbox import Subscription
from mqtt_schemas import Channel, Request, StreamState

_log = logging.getLogger(__name__)
_LOOK_S = 0.5
_WAKE_S = 30.0
"""A stream that is watched is woken again so often; it stays awake for two minutes."""

_AGAIN_S = 5.0
"""After a refusal of the broker it is not asked again for so long."""


class Attendance:
    """Looks after the streams that somebody watches.

    Args:
        feeds: of all streams.
        board: tells whose they are.
        announcer: the way to their owners.
        keeper: of a stream that this worker owns; None for others.
    """

    def __init__(
        self,
        feeds: Feeds,
        board: Board,
        announcer: Announcer,
        keeper: Callable[[str], StreamKeeper | None],
    ) -> None:
        self._feeds = feeds
        self._board = board
        self._announcer = announcer
        self._keeper = keeper
        self._woken_s: dict[str, float] = {}
        self._refused_s: dict[str, float] = {}
        self._relays: dict[str, Subscription] = {}
        self._came = asyncio.Event()
        feeds.on_watch = self._came.set

    async def run(self) -> None:
        """Look after them until cancelled."""
        while True:
            for stream in self._feeds.streams:
                await self._look_safely(stream)
            self._feeds.tidy()
            self._came.clear()
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._came.wait()
            except TimeoutError:
                continue

    async def _look_safely(self, stream: str) -> None:
        """What the broker refuses of one stream keeps no other waiting."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._refused_s.get(stream, -_AGAIN_S) < _AGAIN_S:
            return
        try:
            await self._look(stream)
        except TransportError as error:
            if stream not in self._refused_s:
                _log.warning("%s: another worker owns it, and cannot be heard: %s", stream, error)
            self._refused_s[stream] = now_s
        else:
            self._refused_s.pop(stream, None)

    async def _look(self, stream: str) -> None:
        if not self._feeds.viewers(stream):
            self._woken_s.pop(stream, None)
            await self._let_go(stream)
            return
        keeper = self._keeper(stream)
        if self._due(stream):
            if keeper is not None:
                keeper.wake("watcher")
            else:
                self._ask_owner(stream)
        if keeper is None and self._owned(stream):
            await self._fetch(stream)
        else:
            await self._let_go(stream)

    def _due(self, stream: str) -> bool:
        now_s = asyncio.get_running_loop().time()
        due = now_s - self._woken_s.get(stream, -_WAKE_S) >= _WAKE_S
        if due:
            self._woken_s[stream] = now_s
        return due

    def _owned(self, stream: str) -> bool:
        card = self._board.streams.get(stream)
        state = card.part(StreamState) if card else None
        return state is not None and bool(state.owner)

    def _ask_owner(self, stream: str) -> None:
        """Tell the stream's owner that it is watched."""
        request = Request(transaction=secrets.token_hex(8), stream=stream)
        self._announcer.say(Channel.REQUEST, request, name="watch")

    async def _fetch(self, stream: str) -> None:
        if stream in self._relays:
            return
        topic_filter = self._announcer.topics.filter(Channel.OUT_AV, stream=stream)
        relay = partial(self._relay, stream, KeyScan())
        self._relays[stream] = await self._announcer.link.subscribe(topic_filter, relay, media=True)

    async def _let_go(self, stream: str) -> None:
        subscription = self._relays.pop(stream, None)
        if subscription is not None:
            await self._announcer.link.unsubscribe(subscription)

    async def _relay(self, stream: str, scan: KeyScan, message: Message) -> None:
        if self._keeper(stream) is not None:
            return  # our own words, on their way back
        for piece in scan.feed(message.payload):
            self._feeds.put_out(stream, piece.data, key=piece.key, tables=piece.tables)
