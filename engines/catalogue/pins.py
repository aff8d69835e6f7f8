"""Hashes of files whose origin publishes none: kept at the first download, asked for ever after."""

import json
from pathlib import Path

from engines.catalogue.checking import sha256_of
from engines.catalogue.entries import ModelFile


class Pins:
    """What one folder's files hashed to when they first came.

    Args:
        path: a JSON file of SHA-256 by name; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def known(self, file: ModelFile) -> ModelFile:
        """``file`` with the SHA-256 of its first download where the catalogue has none."""
        if file.sha256 is not None:
            return file
        return file.model_copy(update={"sha256": self._read().get(file.name)})

    def keep(self, file: ModelFile, path: Path) -> None:
        """Note what came, unless the catalogue or an earlier download says what it must be."""
        pinned = self._read()
        if file.sha256 is None and file.name not in pinned:
            pinned[file.name] = sha256_of(path)
            self._path.write_text(json.dumps(pinned, indent=1, sort_keys=True), encoding="utf-8")

    def advice(self, file: ModelFile) -> str:
        """How to take what is there now, where only an earlier download forbids it."""
        if self._read().get(file.name) != file.sha256 or file.sha256 is None:
            return ""
        return f"; if you trust what is there now, delete {self._path}"

    def _read(self) -> dict[str, str]:
        try:
            read = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): str(digest) for name, digest in read.items()}
