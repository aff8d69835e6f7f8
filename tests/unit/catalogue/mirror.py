"""A web server on loopback that can resume, break off and lie, as real ones do."""

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
    ranges: bool = True
    """Whether it can start in the middle."""
    asked: list[tuple[str, str]] = field(default_factory=list)
    """(path, Range header) of every request."""
    address: str = ""


@contextmanager
def running_mirror() -> Iterator[Mirror]:
    """Serve a Mirror while the block runs."""
    mirror = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            mirror.asked.append((self.path, wanted))
            content = mirror.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            start = start if mirror.ranges else 0
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if wanted and mirror.ranges else 200)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            limit = mirror.break_off_after.pop(0) if mirror.break_off_after else None
            with suppress(ConnectionError):  # the client may have seen enough
                self.wfile.write(content[start:][:limit])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mirror.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield mirror
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
