"""Fetch one file over HTTP: resumed where it stopped, bounded, and checked before it counts."""

import gzip
import http.client
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from engines import EngineUnavailableError
from engines.catalogue.checking import check, difference_from
from engines.catalogue.entries import ModelFile

MAX_BYTES = 4 << 30
"""Largest file of unknown size that is accepted."""
_CHUNK = 1 << 18
_RANGE_REFUSED = 416
_PASSING = (408, 425, 429, 500, 502, 503, 504)
"""Answers that a server may take back a moment later."""
_PACKED_SLACK = 1 << 16
"""A file that does not compress is this much longer when packed, at most."""

Report = Callable[[int, int | None], None]
"""Called with (bytes here so far, bytes in all or None); what it raises ends the download."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a server may take."""

    silence_s: float = 30.0
    """Without a byte."""
    slow_s: float = 60.0
    slow_bytes: int = 1 << 16
    """Fewer than these in ``slow_s`` is as good as nothing."""
    attempts: int = 3
    pause_s: float = 1.0
    """Before another attempt, and twice as long before the next."""


class _BrokenOffError(Exception):
    """The connection ended before the file did; what came is kept."""


def download(
    url: str,
    target: Path,
    expected: ModelFile,
    report: Report,
    *,
    packed: bool = False,
    patience: Patience = Patience(),
) -> None:
    """Fetch ``url`` to ``target``; what an earlier try left in ``target.part`` is gone on from.

    ``target`` appears only when size and hash are right. Proxies are taken from the environment
    (``http_proxy``, ``https_proxy``, ``no_proxy``).

    Args:
        url: http or https.
        target: where it goes.
        expected: what it must be; of the unpacked file where it is ``packed``.
        report: told of every chunk.
        packed: it comes compressed by gzip and is unpacked.
        patience: with the server.

    Raises:
        EngineUnavailableError: it cannot be fetched, is too large or not what it should be.
    """
    if not url.startswith(("https://", "http://")):
        raise EngineUnavailableError(f"{url}: only http and https addresses are fetched")
    part = target.with_name(f"{target.name}{'.gz' if packed else ''}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        resumed = _fetch(url, part, expected, report, packed=packed, patience=patience)
        if resumed and not packed and difference_from(part, expected):
            # Beginning and end are of two versions of the file.
            part.unlink()
            _fetch(url, part, expected, report, packed=packed, patience=patience)
        _tag_of(part).unlink(missing_ok=True)
        finished = _unpacked(part, expected, url) if packed else part
        check(finished, expected, url)
        finished.replace(target)
    except OSError as error:
        raise EngineUnavailableError(cannot_write(target, error)) from error


def cannot_write(target: Path, error: OSError) -> str:
    """What to say when a model file cannot be written."""
    return f"{target} cannot be written ({error}); POLYLIP_MODELS can name another folder"


class _WebRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a move within the web only, and never from https to what can be read on the way."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """The request for the new place."""
        scheme = newurl.partition(":")[0].lower()
        if scheme != "https" and (scheme != "http" or req.type == "https"):
            raise EngineUnavailableError(
                f"{req.full_url}: it sends on to an address of {scheme}, which is not followed"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(
    url: str, part: Path, expected: ModelFile, report: Report, *, packed: bool, patience: Patience
) -> bool:
    """Complete ``part``; True when part of it had come before."""
    before = part.exists()
    for attempt in range(1, patience.attempts + 1):
        try:
            _fetch_rest(url, part, expected, report, packed=packed, patience=patience)
        except _BrokenOffError as error:
            if attempt == patience.attempts:
                raise EngineUnavailableError(
                    f"{url}: {error}; run the same command again to go on from there"
                ) from error
            time.sleep(patience.pause_s * 2 ** (attempt - 1))
        else:
            return before or attempt > 1
    return before


def _fetch_rest(
    url: str, part: Path, expected: ModelFile, report: Report, *, packed: bool, patience: Patience
) -> None:
    here = part.stat().st_size if part.exists() else 0
    if expected.size is not None and here == expected.size and not packed:
        return
    request = urllib.request.Request(url)  # noqa: S310 - the scheme was checked in download()
    # Else some servers pack on the way what is then no longer as long as they said.
    request.add_header("Accept-Encoding", "identity")
    if here:
        request.add_header("Range", f"bytes={here}-")
        if tag := _read(_tag_of(part)):
            request.add_header("If-Range", tag)
    try:
        # An opener of its own: the shared one keeps the proxies of the first call for ever.
        response = urllib.request.build_opener(_WebRedirects).open(
            request, timeout=patience.silence_s
        )
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _RANGE_REFUSED and here:
            part.unlink()
            raise _BrokenOffError("the server refused to go on; starting over") from error
        if error.code in _PASSING:
            raise _BrokenOffError(f"the server answered {error.code}") from error
        raise EngineUnavailableError(f"{url}: the server answered {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(f"no connection ({error})") from error
    with response:
        _receive(response, part, expected, report, packed=packed, patience=patience)


def _receive(
    response: http.client.HTTPResponse,
    part: Path,
    expected: ModelFile,
    report: Report,
    *,
    packed: bool,
    patience: Patience,
) -> None:
    here = _goes_on_from(response, part)
    _refuse_pages(response, expected)
    total = _total(response, here, None if packed else expected.size)
    limit = MAX_BYTES if expected.size is None else expected.size + _PACKED_SLACK * packed
    if total is not None and total > limit:
        raise EngineUnavailableError(
            f"{response.url}: {total} bytes are offered, at most {limit} are expected"
        )
    here = _append(response, part, here, limit, lambda come: report(come, total), _Pace(patience))
    if here > limit:
        part.unlink()
        raise EngineUnavailableError(f"{response.url}: more than the expected {limit} bytes came")
    if total is not None and here < total:
        raise _BrokenOffError(f"stopped after {here} of {total} bytes")


def _total(response: http.client.HTTPResponse, here: int, expected: int | None) -> int | None:
    """Bytes of the whole file by what the server announces, else as expected."""
    announced = response.headers.get("Content-Length", "")
    return here + int(announced) if announced.isdigit() else expected


def _append(
    response: http.client.HTTPResponse,
    part: Path,
    here: int,
    limit: int,
    report: Callable[[int], None],
    pace: "_Pace",
) -> int:
    """Write what comes behind the first ``here`` bytes of ``part``, up to ``limit``.

    Returns:
        Bytes that came in all; more than ``limit`` where the server sent too many.
    """
    with part.open("ab" if here else "wb") as out:
        _tag_of(part).write_text(_tag(response), encoding="latin-1")
        while chunk := _next_chunk(response):
            here += len(chunk)
            if here > limit:
                break
            out.write(chunk)
            pace.came(len(chunk))
            report(here)
    return here


def _goes_on_from(response: http.client.HTTPResponse, part: Path) -> int:
    """At which byte of the file the answer begins: the end of ``part``, or 0 for all of it."""
    if response.status != http.client.PARTIAL_CONTENT:
        return 0
    here = part.stat().st_size
    place = response.headers.get("Content-Range", f"bytes {here}-")
    before, now = _read(_tag_of(part)), _tag(response)
    if not place.startswith(f"bytes {here}-") or (before and now and before != now):
        part.unlink()
        raise _BrokenOffError("the file is no longer what it was; starting over")
    return here


def _refuse_pages(response: http.client.HTTPResponse, expected: ModelFile) -> None:
    """A login page of a network must not pass for a model that has no hash."""
    page = response.headers.get_content_type() == "text/html"
    if page and expected.sha256 is None and expected.md5 is None:
        raise EngineUnavailableError(f"{response.url}: a web page came in place of the file")


def _tag_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")


def _tag(response: http.client.HTTPResponse) -> str:
    """What tells this version of the file from others; empty where the server gives nothing."""
    tag = response.headers.get("ETag", "")
    # A weak one may not be used for parts (RFC 9110, 13.1.5).
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified", "")


def _read(path: Path) -> str:
    return path.read_text(encoding="latin-1") if path.is_file() else ""


class _Pace:
    """Gives up a connection that only trickles."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since_s, self._bytes = time.monotonic(), 0

    def came(self, size: int) -> None:
        self._bytes += size
        now_s = time.monotonic()
        if now_s - self._since_s < self._patience.slow_s:
            return
        if self._bytes < self._patience.slow_bytes:
            raise _BrokenOffError(f"only {self._bytes} bytes came in {now_s - self._since_s:.0f} s")
        self._since_s, self._bytes = now_s, 0


def _next_chunk(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(f"the connection was lost ({error})") from error


def _unpacked(part: Path, expected: ModelFile, url: str) -> Path:
    """``part`` unpacked beside itself; what cannot be unpacked is removed."""
    limit = expected.size or MAX_BYTES
    unpacked = part.with_name(f"{part.name}.unpacked")
    try:
        _unpack(part, unpacked, limit)
    except (gzip.BadGzipFile, EOFError, zlib.error, _TooLargeError) as error:
        unpacked.unlink(missing_ok=True)
        part.unlink()
        raise EngineUnavailableError(
            f"{url}: cannot be unpacked ({error}); nothing was kept"
        ) from error
    except OSError:
        unpacked.unlink(missing_ok=True)
        raise
    part.unlink()
    return unpacked


class _TooLargeError(Exception):
    """More came out than may."""


def _unpack(part: Path, unpacked: Path, limit: int) -> None:
    with gzip.open(part) as packed, unpacked.open("wb") as out:
        while chunk := packed.read(_CHUNK):
            if out.tell() + len(chunk) > limit:
                raise _TooLargeError(f"it grows beyond {limit} bytes")
            out.write(chunk)
