"""Requests on ``request/<name>``: answered by one worker, once, wherever they want it."""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from edge_worker.ledger import Address, Ledger, asker_of
from edge_worker.peers import Peers
from edge_worker.routing import Hearer
from edge_worker.session.announcer import Announcer
from edge_worker.session.wording import sentence
from edge_worker.streams import Streams
from edge_worker.transport import Message
from mqtt_schemas import (
    RULES,
    Channel,
    MessageRefused,
    Request,
    Response,
    ResponseStatus,
    TopicAddress,
    decode,
    encode,
)

_log = logging.getLogger(__name__)
_AT_ONCE = 32
"""Requests that are worked on; more are refused, and their askers ask again."""
_LONGEST_S = 20.0
_SENTENCE = 512

Answerer = Callable[[Request], Awaitable[object]]
"""Gives a message of the contract, the response's ``data``, or None; raises
`RequestRefusedError`."""


class RequestRefusedError(Exception):
    """It cannot be answered; the message tells the asker why, and what to do."""


class Requests:
    """Answers requests that are this worker's.

    A request about a stream is its owner's. One about no stream, or about one that nobody knows,
    is taken by the worker that a hash of its transaction names: so each is answered once.

    Args:
        announcer: the way out.
        streams: that this worker knows.
        peers: the workers that could answer.
    """

    def __init__(self, announcer: Announcer, streams: Streams, peers: Peers) -> None:
        self._announcer = announcer
        self._streams = streams
        self._peers = peers
        self._answerers: dict[str, Answerer] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def hearers(self) -> Mapping[Channel, Hearer]:
        """Who hears which channel."""
        return {Channel.REQUEST: self.hear}

    def add(self, name: str, answerer: Answerer) -> None:
        """Answer requests of this name with what ``answerer`` gives."""
        self._answerers[name] = answerer
        self._ledgers[name] = Ledger(partial(self._send, name))

    async def hear(self, address: TopicAddress, message: Message) -> None:
        """Take a request; it is answered later, and others are not kept waiting.

        Raises:
            MessageRefused: it breaks the contract, or is retained.
        """
        answerer = self._answerers.get(address.name)
        if answerer is None:
            return  # another worker, of another version, may know it
        request = decode(Request, address, message.payload)
        if message.retain:
            raise MessageRefused(message.topic, "", "is retained: it was meant for another day")
        if not self._mine(request):
            return
        asker = asker_of(message, self._announcer.topics.prefix)
        ledger = self._ledgers[address.name]
        if len(self._under_way) >= _AT_ONCE:
            if not ledger.known(request.transaction):
                busy = f"{_AT_ONCE} requests are being answered: ask again"
                self._send(address.name, asker, _error(request, busy))
        elif ledger.open(request.transaction, asker):
            task = asyncio.create_task(self._work(request, answerer, ledger))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Answer no more."""
        for task in tuple(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _work(self, request: Request, answerer: Answerer, ledger: Ledger) -> None:
        try:
            async with asyncio.timeout(_LONGEST_S):
                given = await answerer(request)
            data = {} if given is None else json.loads(encode(given))
            answer = Response(transaction=request.transaction, status=ResponseStatus.OK, data=data)
        except RequestRefusedError as refused:
            answer = _error(request, str(refused))
        except TimeoutError:
            answer = _error(request, f"not answered within {_LONGEST_S:.0f} s: ask again")
        except Exception as error:  # noqa: BLE001 - whatever it was, others go on
            _log.exception("request failed")
            answer = _error(request, f"failed: {type(error).__name__}; the worker's log tells more")
        ledger.answer(answer)

    def _mine(self, request: Request) -> bool:
        keeper = self._streams.get(request.stream)
        if keeper is not None:
            return keeper.serving
        workers = self._peers.capacities or {self._peers.worker: 0.0}
        return min(workers, key=lambda name: _distance(request.transaction, name)) == (
            self._peers.worker
        )

    def _send(self, name: str, asker: Address, answer: Response) -> None:
        topics, rules = self._announcer.topics, RULES[Channel.RESPONSE]
        topic = asker.topic or topics.response(name)
        self._announcer.link.publish(
            topic,
            encode(answer, topic),
            qos=rules.qos,
            expiry_s=rules.expiry_s or 0,
            correlation_data=asker.correlation,
        )


def watching(streams: Streams) -> Answerer:
    """The answer to ``request/watch``: the stream is watched, and stays awake."""

    async def answer(request: Request) -> None:
        keeper = streams.get(request.stream)
        if keeper is None:
            raise RequestRefusedError(f"there is no stream {request.stream!r}")
        keeper.wake("watcher")

    return answer


async def not_served(_request: Request) -> object:
    """The answer to ``request/view`` of a worker that serves no viewers.

    Raises:
        RequestRefusedError: always.
    """
    raise RequestRefusedError(
        "the worker of this stream serves no viewers: start it with --http, or with --http-bind "
        "ADDRESS for others to reach it"
    )


def _distance(transaction: str, worker: str) -> bytes:
    return hashlib.sha256(f"{transaction}/{worker}".encode()).digest()


def _error(request: Request, reason: str) -> Response:
    return Response(
        transaction=request.transaction,
        status=ResponseStatus.ERROR,
        error=sentence(reason, _SENTENCE),
    )
