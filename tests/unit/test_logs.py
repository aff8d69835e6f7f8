"""The log: for people or machines, about a stream, without a secret."""

import errno
import io
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge_worker.logs import LogFormat, log_as_worker, logged_as, set_up_logs

_log = logging.getLogger("polylip.test")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (tuple(root.handlers), root.level)
    yield io.StringIO()
    root.handlers[:], root.level = list(before[0]), before[1]


def test_line_when_json_is_wanted_names_worker_stream_and_trace(written: io.StringIO) -> None:
    set_up_logs(LogFormat.JSON, to=written)
    log_as_worker("attic")
    with logged_as(stream="door", trace="u7"):
        _log.warning("camera %s", "gone")
    line = json.loads(written.getvalue())
    assert {key: line[key] for key in ("level", "logger", "message", "stream", "trace")} == {
        "level": "WARNING",
        "logger": "polylip.test",
        "message": "camera gone",
        "stream": "door",
        "trace": "u7",
    }
    assert line["worker"] == "attic"
    assert line["time"]


def test_line_when_written_in_a_streams_thread_names_the_stream(written: io.StringIO) -> None:
    set_up_logs(LogFormat.JSON, to=written)
    with ThreadPoolExecutor(1, thread_name_prefix="ingest-front-door") as thread:
        thread.submit(_log.info, "decoded").result()
    assert json.loads(written.getvalue())["stream"] == "front-door"


def test_place_when_its_block_is_over_is_the_one_around_it(written: io.StringIO) -> None:
    set_up_logs(LogFormat.JSON, to=written)
    with logged_as(stream="door"):
        with logged_as(trace="u1"):
            _log.info("inner")
        _log.info("outer")
    inner, outer = map(json.loads, written.getvalue().splitlines())
    assert (inner["stream"], inner["trace"]) == ("door", "u1")
    assert (outer["stream"], outer["trace"]) == ("door", "")


class FullDisk(io.StringIO):
    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_line_when_the_disk_is_full_is_lost_and_nothing_else(written: io.StringIO) -> None:
    set_up_logs(LogFormat.TEXT, to=FullDisk())
    _log.warning("one")
    set_up_logs(LogFormat.TEXT, to=written)
    _log.warning("two")
    assert written.getvalue().endswith("WARNING two\n")


@pytest.mark.parametrize("form", list(LogFormat))
@pytest.mark.parametrize(
    "told",
    [
        "rtsp://user:hunter2@192.168.1.20/stream refused",
        "GET /live/door.ts?token=hunter2&x=1",
        "GET /live/door.ts?token=hunter1%2Fhunter2\xc3hunter2&x=1",
        "Authorization: Bearer hunter2",
        "Authorization: Bearer hunter1\x01hunter2\\x00hunter2",
    ],
)
def test_secret_when_a_library_quotes_it_is_not_written(
    written: io.StringIO, form: LogFormat, told: str
) -> None:
    set_up_logs(form, to=written)
    _log.error("%s", told, exc_info=RuntimeError(told))
    assert "hunter2" not in written.getvalue()
    assert "***" in written.getvalue()
