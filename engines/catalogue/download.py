"""Fetch one file over HTTP: resumed where it stopped, bounded, and checked before it counts."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from engines import EngineUnavailableError
from engines.catalogue.entries import ModelFile

MAX_BYTES = 4 << 30
"""Largest file of unknown size that is accepted."""
_CHUNK = 1 << 18
_TIMEOUT_S = 30.0
_ATTEMPTS = 3
_RANGE_REFUSED = 416

Report = Callable[[int, int | None], None]
"""Called with (bytes here so far, bytes in all or None)."""


class _BrokenOffError(Exception):
    """The connection ended before the file did; what came is kept."""


def download(url: str, target: Path, expected: ModelFile, report: Report) -> None:
    """Fetch ``url`` to ``target``; what an earlier try left in ``target.part`` is gone on from.

    ``target`` appears only when size and SHA-256 are right.

    Raises:
        EngineUnavailableError: it cannot be fetched, is too large or not what it should be.
    """
    if not url.startswith(("https://", "http://")):
        raise EngineUnavailableError(f"{url}: only http and https addresses are fetched")
    try:
        _download(url, target, expected, report)
    except OSError as error:
        raise EngineUnavailableError(cannot_write(target, error)) from error


def cannot_write(target: Path, error: OSError) -> str:
    """What to say when a model file cannot be written."""
    return f"{target} cannot be written ({error}); POLYLIP_MODELS can name another folder"


def _download(url: str, target: Path, expected: ModelFile, report: Report) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            _fetch_rest(url, part, expected, report)
            break
        except _BrokenOffError as error:
            if attempt == _ATTEMPTS:
                raise EngineUnavailableError(
                    f"{url}: {error}; run the same command again to go on from there"
                ) from error
    check(part, expected, url)
    part.replace(target)


def check(path: Path, expected: ModelFile, origin: str) -> None:
    """Compare a fetched file with what the catalogue says; a wrong one is removed.

    Raises:
        EngineUnavailableError: its size or SHA-256 differs.
    """
    difference = difference_from(path, expected)
    if difference:
        path.unlink(missing_ok=True)
        raise EngineUnavailableError(
            f"{origin}: {difference}; nothing was kept. Either the file changed at its source "
            "or something on the way altered it"
        )


def difference_from(path: Path, expected: ModelFile) -> str:
    """What is wrong with the file at ``path``; empty when it is as the catalogue says."""
    if not path.is_file():
        return f"{expected.name} is missing"
    size = path.stat().st_size
    if expected.size is not None and size != expected.size:
        return f"{expected.name} has {size} bytes instead of {expected.size}"
    if expected.sha256 is not None:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != expected.sha256:
            return f"{expected.name} has SHA-256 {digest} instead of {expected.sha256}"
    return ""


def _fetch_rest(url: str, part: Path, expected: ModelFile, report: Report) -> None:
    here = part.stat().st_size if part.exists() else 0
    if expected.size is not None and here == expected.size:
        return
    request = urllib.request.Request(url)  # noqa: S310 - the scheme was checked in download()
    if here:
        request.add_header("Range", f"bytes={here}-")
    try:
        response = urllib.request.urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _RANGE_REFUSED and here:
            part.unlink()
            raise _BrokenOffError("the server refused to go on; starting over") from error
        raise EngineUnavailableError(f"{url}: the server answered {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(f"no connection ({error})") from error
    with response:
        _receive(response, part, here, expected, report)


def _receive(
    response: http.client.HTTPResponse, part: Path, here: int, expected: ModelFile, report: Report
) -> None:
    resumed = response.status == http.client.PARTIAL_CONTENT
    here = here if resumed else 0
    announced = response.headers.get("Content-Length", "")
    total = here + int(announced) if announced.isdigit() else expected.size
    limit = expected.size if expected.size is not None else MAX_BYTES
    if total is not None and total > limit:
        raise EngineUnavailableError(
            f"{response.url}: {total} bytes are offered, at most {limit} are expected"
        )
    with part.open("ab" if resumed else "wb") as out:
        while chunk := _next_chunk(response):
            here += len(chunk)
            if here > limit:
                break
            out.write(chunk)
            report(here, total)
    if here > limit:
        part.unlink()
        raise EngineUnavailableError(f"{response.url}: more than the expected {limit} bytes came")
    if total is not None and here < total:
        raise _BrokenOffError(f"stopped after {here} of {total} bytes")


def _next_chunk(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(f"the connection was lost ({error})") from error
