"""A web server on loopback that can resume, break off, hang and lie, as real ones do."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Mirror:
    """What the server has and how it behaves."""

    files: dict[str, bytes] = field(default_factory=dict)
    """Content by path."""
    break_off_after: list[int] = field(default_factory=list)
    """Bytes after which the next answers stop, one entry an answer."""
    hang_after: list[int] = field(default_factory=list)
    """Bytes after which the next answers say nothing more and stay open."""
    trickle: bool = False
    """Whether everything comes in single bytes."""
    statuses: list[int] = field(default_factory=list)
    """Errors that the next answers are."""
    ranges: bool = True
    """Whether it can start in the middle."""
    heeds_if_range: bool = True
    """Whether it sends everything when a file is no longer the one that was begun."""
    tags: bool = True
    """Whether it tells versions of a file apart by an ETag."""
    lengths: bool = True
    """Whether it says how long a file is."""
    content_type: str = "application/octet-stream"
    moved: dict[str, str] = field(default_factory=dict)
    """Redirections by path."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """(path, Range header) of every request; a proxy is asked for whole addresses."""
    gone: threading.Event = field(default_factory=threading.Event)
    """Set when the test is over: answers that hang end."""
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    mirror: Mirror

    def do_GET(self) -> None:
        mirror, wanted = self.mirror, self.headers.get("Range", "")
        mirror.asked.append((self.path, wanted))
        if mirror.statuses:
            self.send_error(mirror.statuses.pop(0))
        elif self.path in mirror.moved:
            self.send_response(302)
            self.send_header("Location", mirror.moved[self.path])
            self.end_headers()
        elif (content := self._content()) is None:
            self.send_error(404)
        else:
            self._send(content, self._start(content, wanted))

    def _content(self) -> bytes | None:
        path = self.path.removeprefix("http://far.example")
        return self.mirror.files.get(path)

    def _start(self, content: bytes, wanted: str) -> int:
        other = self.headers.get("If-Range", _tag(content)) != _tag(content)
        if not wanted or not self.mirror.ranges or (other and self.mirror.heeds_if_range):
            return 0
        return int(wanted.removeprefix("bytes=").rstrip("-"))

    def _send(self, content: bytes, start: int) -> None:
        mirror = self.mirror
        if start and start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            place = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", place)
        if mirror.tags:
            self.send_header("ETag", _tag(content))
        if mirror.lengths:
            self.send_header("Content-Length", str(len(content) - start))
        self.send_header("Content-Type", mirror.content_type)
        self.end_headers()
        rest = content[start:]
        limit = mirror.break_off_after.pop(0) if mirror.break_off_after else None
        hang = mirror.hang_after.pop(0) if mirror.hang_after else None
        with suppress(ConnectionError):  # the client may have seen enough
            if mirror.trickle:
                self._trickle(rest)
            self.wfile.write(rest[:limit] if hang is None else rest[:hang])
            self.wfile.flush()
            if hang is not None:
                mirror.gone.wait(20)

    def _trickle(self, content: bytes) -> None:
        for byte in content:
            self.wfile.write(bytes([byte]))
            if self.mirror.gone.wait(0.01):
                return

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has
        pass


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:16]}"'


@contextmanager
def running_mirror() -> Iterator[Mirror]:
    """Serve a Mirror while the block runs."""
    mirror = Mirror()
    handler = type("Handler", (_Handler,), {"mirror": mirror})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    mirror.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield mirror
    finally:
        mirror.gone.set()
        server.shutdown()
        thread.join()
        server.server_close()
