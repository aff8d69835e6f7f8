"""Models that installed packages carry: found without importing them, put together from parts."""

import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from engines import EngineUnavailableError
from engines.catalogue.checking import check
from engines.catalogue.download import cannot_write
from engines.catalogue.entries import ModelFile, PackageSource


class PackageFolders:
    """Where packages' models lie.

    Putting one together that failed is not tried again until ``forget``: who looks every few
    seconds would write the same file for ever.
    """

    def __init__(self) -> None:
        self._failures: dict[Path, str] = {}

    def folder(self, source: PackageSource, own: Path) -> Path | None:
        """The folder that holds the files of ``source``; None when its package is not installed.

        Args:
            source: the package.
            own: folder for what is put together.

        Raises:
            EngineUnavailableError: its parts do not fit together or cannot be written.
        """
        package = _package_folder(source.package)
        if package is None:
            return None
        if not any(file.parts for file in source.files):
            return package / source.folder
        lacking = [file for file in source.files if not has_size(own / file.name, file.size)]
        if lacking and own in self._failures:
            raise EngineUnavailableError(self._failures[own])
        try:
            return own if _put_together(lacking, package / source.folder, own) else None
        except EngineUnavailableError as error:
            self._failures[own] = str(error)
            raise

    def forget(self) -> None:
        """Try again what failed: somebody asks for it, or there may be room by now."""
        self._failures.clear()


def has_size(path: Path, size: int | None) -> bool:
    """Whether a file is there, ``size`` bytes long where that is known."""
    return path.is_file() and size in (None, path.stat().st_size)


def _package_folder(package: str) -> Path | None:
    """Folder of an installed package, found without importing it."""
    spec = find_spec(package)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def _resource(path: str) -> Path | None:
    package, _, rest = path.partition("/")
    folder = _package_folder(package)
    return folder / rest if folder else None


def _put_together(files: list[ModelFile], carried: Path, own: Path) -> bool:
    """Join the parts of each file; False when some are not installed."""
    for file in files:
        pieces = [_resource(part) for part in file.parts] or [carried / file.name]
        present = [piece for piece in pieces if piece is not None and piece.is_file()]
        if len(present) < len(pieces):
            return False
        target = own / file.name
        try:
            _concatenate(present, target, file)
        except OSError as error:
            raise EngineUnavailableError(cannot_write(target, error)) from error
    return True


def _concatenate(pieces: list[Path], target: Path, expected: ModelFile) -> None:
    """Join ``pieces`` into ``target``, which appears whole and checked or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as out:
        joined = Path(out.name)
    try:
        with joined.open("wb") as out:
            for piece in pieces:
                with piece.open("rb") as stream:
                    shutil.copyfileobj(stream, out)
        check(joined, expected, f"parts of {target.name}")
        joined.replace(target)
    finally:
        joined.unlink(missing_ok=True)
