"""Bring all files of one source into one folder: addresses, room on the disk, hashes."""

import shutil
from collections.abc import Callable
from pathlib import Path

from engines import EngineUnavailableError
from engines.catalogue.checking import difference_from
from engines.catalogue.download import Patience, Report, download
from engines.catalogue.entries import HubSource, ModelFile, UrlSource
from engines.catalogue.pins import Pins

Progress = Callable[[str, int, int | None], None]
"""Called with (file name, bytes here so far, bytes in all or None)."""

_SPARE_BYTES = 64 << 20
"""Left on the disk for everybody else."""
_UNPACKING = 2
"""A packed file needs room for both its forms, about."""


def fetch_files(
    source: HubSource | UrlSource,
    folder: Path,
    hub: str,
    progress: Progress | None,
    *,
    roughly: int | None,
    patience: Patience,
) -> None:
    """Fetch what is not yet in ``folder``, or is not what it should be.

    Args:
        source: where from.
        folder: where to.
        hub: address of the hub, for its sources.
        progress: told of every chunk.
        roughly: bytes in all, for files whose size is not known.
        patience: with the server.

    Raises:
        EngineUnavailableError: a file cannot be had, or there is no room for them.
    """
    pins = pins_of(folder)
    packed = isinstance(source, UrlSource) and source.packed is not None
    wanted = [
        known
        for known in map(pins.known, source.files)
        if difference_from(folder / known.name, known)
    ]
    _demand_room(folder, _missing(folder, wanted, roughly) * (_UNPACKING if packed else 1))
    for file in wanted:
        url = _address(source, file, hub) + (".gz" if packed else "")
        target = folder / file.name
        try:
            download(
                url, target, file, _reporter(progress, file.name), packed=packed, patience=patience
            )
        except EngineUnavailableError as error:
            raise EngineUnavailableError(f"{error}{pins.advice(file)}") from error
    for file in source.files:
        pins.keep(file, folder / file.name)


def pins_of(folder: Path) -> Pins:
    """The hashes kept for a folder; they lie beside it and outlive it."""
    return Pins(folder.with_name(f"{folder.name}.pins.json"))


def _missing(folder: Path, wanted: list[ModelFile], roughly: int | None) -> int:
    """Bytes that still have to come."""
    if any(file.size is None for file in wanted):
        return roughly or 0
    parts = sum(
        path.stat().st_size for file in wanted if (path := folder / f"{file.name}.part").is_file()
    )
    return sum(file.size or 0 for file in wanted) - parts


def _demand_room(folder: Path, needed: int) -> None:
    if not needed:
        return
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed + _SPARE_BYTES:
        raise EngineUnavailableError(
            f"{needed / 1e6:.0f} MB are to come and {free / 1e6:.0f} MB are free in {existing} "
            f"({_SPARE_BYTES / 1e6:.0f} MB stay free); make room there, or let POLYLIP_MODELS "
            "name another folder"
        )


def _address(source: HubSource | UrlSource, file: ModelFile, hub: str) -> str:
    if isinstance(source, UrlSource):
        return f"{source.url.rstrip('/')}/{file.name}"
    folder = "" if source.folder == "." else f"{source.folder}/"
    return f"{hub}/{source.repo}/resolve/{source.revision}/{folder}{file.name}"


def _reporter(progress: Progress | None, name: str) -> Report:
    def report(here: int, total: int | None) -> None:
        if progress is not None:
            progress(name, here, total)

    return report
