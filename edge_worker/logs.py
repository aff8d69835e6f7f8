"""How the log is written: lines for people, or JSON for machines, each with its stream and trace.

What was said at a door is never logged, nor any secret: a log outlives both.
"""

import logging
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from enum import StrEnum
from typing import TextIO

from pythonjsonlogger.json import JsonFormatter

_OF_A_STREAM = re.compile(r"(?:ingest|render)-([a-z0-9][a-z0-9_-]{0,62})_\d+")
_URL_SECRET = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_TOKEN = re.compile(r"""(?i)((?:[?&]token=|bearer\s+))[^\s&"']+""")

_stream: ContextVar[str] = ContextVar("stream", default="")
_trace: ContextVar[str] = ContextVar("trace", default="")


class LogFormat(StrEnum):
    """How a line of the log looks."""

    TEXT = "text"
    JSON = "json"


@contextmanager
def logged_as(*, stream: str = "", trace: str = "") -> Iterator[None]:
    """Whatever is logged within is about this stream, and part of this trace.

    Args:
        stream: id; empty keeps the one around.
        trace: id of the utterance, transaction or request; empty keeps the one around.
    """
    before = (_stream.get(), _trace.get())
    _stream.set(stream or before[0])
    _trace.set(trace or before[1])
    try:
        yield
    finally:
        _stream.set(before[0])
        _trace.set(before[1])


def set_up_logs(form: LogFormat, *, verbose: bool = False, to: TextIO | None = None) -> None:
    """Write this process's log in one form.

    Args:
        form: of a line.
        verbose: tell more of what happens.
        to: where; None: standard error.
    """
    handler = _Handler(to)
    handler.setFormatter(_formatter(form))
    root = logging.getLogger()
    for before in _ours():
        root.removeHandler(before)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    # Tells each viewer's addresses, check by check.
    logging.getLogger("aioice").setLevel(logging.DEBUG if verbose else logging.WARNING)


def log_as_worker(worker: str) -> None:
    """Every JSON line of this process states the id of its worker from now on."""
    for handler in _ours():
        handler.worker = worker


def _ours() -> "list[_Handler]":
    return [one for one in logging.getLogger().handlers if isinstance(one, _Handler)]


def _formatter(form: LogFormat) -> logging.Formatter:
    if form is LogFormat.TEXT:
        return _Discreet(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    return _Discreet(
        JsonFormatter(
            "%(levelname)s %(name)s %(message)s %(worker)s %(stream)s %(trace)s",
            rename_fields={"levelname": "level", "name": "logger"},
            timestamp="time",
            json_ensure_ascii=False,
        )
    )


class _Handler(logging.Handler):
    """Ours: what whoever embeds us has set up stays."""

    def __init__(self, to: TextIO | None) -> None:
        super().__init__()
        self.worker = ""
        self._to = to

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a full disk or a closed terminal ends nothing."""
        _place(record)
        record.worker = self.worker
        with suppress(OSError, ValueError):
            stream = self._to or sys.stderr
            stream.write(f"{self.format(record)}\n")
            stream.flush()


class _Discreet(logging.Formatter):
    """Another formatter, its lines without passwords in URLs and without tokens.

    No line of ours holds one; libraries quote what they were given.
    """

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """One record as a line."""
        return _TOKEN.sub(r"\1***", _URL_SECRET.sub("***", self._inner.format(record)))


def _place(record: logging.LogRecord) -> None:
    """Say which stream and trace a record belongs to; threads of a stream are known by name."""
    thread = _OF_A_STREAM.fullmatch(threading.current_thread().name)
    record.stream = _stream.get() or (thread[1] if thread else "")
    record.trace = _trace.get()
