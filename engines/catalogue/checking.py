"""Compare a file with what the catalogue says of it."""

import hashlib
from pathlib import Path

from engines import EngineUnavailableError
from engines.catalogue.entries import ModelFile


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def difference_from(path: Path, expected: ModelFile) -> str:
    """What is wrong with the file at ``path``; empty when it is as the catalogue says."""
    if not path.is_file():
        return f"{expected.name} is missing"
    size = path.stat().st_size
    if expected.size is not None and size != expected.size:
        return f"{expected.name} has {size} bytes instead of {expected.size}"
    if expected.sha256 is not None:
        digest = sha256_of(path)
        if digest != expected.sha256:
            return f"{expected.name} has SHA-256 {digest} instead of {expected.sha256}"
    elif expected.md5 is not None:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, _md5).hexdigest()
        if digest != expected.md5:
            return f"{expected.name} has MD5 {digest} instead of {expected.md5}"
    return ""


def check(path: Path, expected: ModelFile, origin: str) -> None:
    """Compare a fetched file with what the catalogue says; a wrong one is removed.

    Raises:
        EngineUnavailableError: its size or hash differs.
    """
    difference = difference_from(path, expected)
    if difference:
        path.unlink(missing_ok=True)
        raise EngineUnavailableError(
            f"{origin}: {difference}; nothing was kept. Either the file changed at its source "
            "or something on the way altered it"
        )


def _md5() -> "hashlib._Hash":
    return hashlib.md5(usedforsecurity=False)
