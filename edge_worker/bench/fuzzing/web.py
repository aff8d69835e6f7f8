"""The HTTP server and the WebRTC offers: requests made bad, sent over a real socket."""

import asyncio
import random
import socket
import threading
from collections.abc import Callable

from aiortc import RTCPeerConnection

from edge_worker.bench.fuzzing.mutation import mutated
from edge_worker.config import load_settings
from edge_worker.serving import Serving
from edge_worker.serving.whep.offer import OfferMalformedError, OfferRefusedError, read_offer
from edge_worker.session.announcer import Announcer
from edge_worker.transport import BrokerSettings, MqttLink
from mqtt_schemas import Topics

_TOKEN = "fuzzing-opens-everything"  # noqa: S105 - of a server that lives for this bench
_WITHIN_S = 5.0
_UNFINISHED_S = 0.2
"""What was made bad may look unfinished, and is waited for."""
_READ = 4096
_PATHS = (
    *("/", "/health", "/metrics", "/events", "/page/page.js", "/live/door.ts", "/live/door.jpg"),
    *("/original/door.ts", "/original/door.mjpeg", "/whep/door", "/streams/door/set/enabled"),
    *("/streams/door/say", "/streams/door/cancel", "/../../etc/passwd", "/live/%2e%2e/x.ts"),
)
_BODIES = (b"on", b'{"text": "Good morning", "language": "en"}', b'{"transaction": "t1"}')
_METHODS = ("GET", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD")


def http_requests() -> Callable[[random.Random], bool]:
    """Feeds requests to a server of its own.

    A status of 500 is an exception that nobody meant: it counts as a fault, as does a server that
    no longer answers.
    """
    port = _serve()
    offer = _offer().encode()

    def feed(chance: random.Random) -> bool:
        request = _request(chance, port, offer)
        if chance.random() < 0.7:
            request = mutated(request, chance)
        answer = _ask(port, request, _UNFINISHED_S)
        if answer.startswith((b"HTTP/1.1 500", b"HTTP/1.0 500")):
            raise RuntimeError(f"500 for {request[:300]!r}")
        if chance.random() < 0.02 and not _ask(port, _health(port), _WITHIN_S).startswith(
            b"HTTP/1.1"
        ):
            raise RuntimeError(f"no answer any more after {request[:300]!r}")
        return answer.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2"))

    return feed


def offers() -> Callable[[random.Random], bool]:
    """Feeds session descriptions to the check that every offer goes through."""
    good = _offer().encode()

    def feed(chance: random.Random) -> bool:
        try:
            read_offer(mutated(good, chance).decode("utf-8", "replace"))
        except (OfferMalformedError, OfferRefusedError):
            return False
        return True

    return feed


def _serve() -> int:
    """A server in a thread that ends with this process; the port it listens on."""
    listening: list[int] = []
    ready = threading.Event()

    async def serve() -> None:
        settings = load_settings(None, {"http": {"enabled": True, "port": 0, "token": _TOKEN}})
        serving = Serving(settings)
        link = MqttLink(BrokerSettings(host="127.0.0.1", port=9))  # never connected
        url = await serving.start(Announcer(link, Topics()))
        listening.append(int(url.rpartition(":")[2]))
        ready.set()
        await asyncio.Event().wait()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    if not ready.wait(_WITHIN_S):
        raise RuntimeError("the HTTP server did not start")
    return listening[0]


def _request(chance: random.Random, port: int, offer: bytes) -> bytes:
    method, path = chance.choice(_METHODS), chance.choice(_PATHS)
    body = chance.choice((*_BODIES, offer, b"")) if method in {"POST", "PATCH"} else b""
    token = f"?token={_TOKEN}" if chance.random() < 0.7 else ""
    kind = "application/sdp" if body is offer else "application/json"
    head = (
        f"{method} {path}{token} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def _health(port: int) -> bytes:
    return f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()


def _ask(port: int, request: bytes, within_s: float) -> bytes:
    """The beginning of the answer; empty where there is none in time."""
    try:
        with socket.create_connection(("127.0.0.1", port), _WITHIN_S) as asking:
            asking.sendall(request)
            asking.settimeout(within_s)
            return asking.recv(_READ)
    except (ConnectionResetError, BrokenPipeError, TimeoutError):
        return b""


def _offer() -> str:
    async def make() -> str:
        viewer = RTCPeerConnection()
        viewer.addTransceiver("video", direction="recvonly")
        viewer.addTransceiver("audio", direction="sendrecv")
        viewer.createDataChannel("talk")
        await viewer.setLocalDescription(await viewer.createOffer())
        sdp = viewer.localDescription.sdp
        await viewer.close()
        return sdp

    return asyncio.run(make())
