"""Find models on this machine, fetch those that are not here, check those that are."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import platformdirs

from engines import EngineUnavailableError
from engines.catalogue.download import cannot_write, check, difference_from, download
from engines.catalogue.entries import (
    HubSource,
    Model,
    ModelFile,
    PackageSource,
    PathSource,
    Source,
    Task,
    UrlSource,
    folder_name,
    read_catalogue,
)

_BUILT_IN = Path(__file__).with_name("catalogue.toml")
_HUB = "https://huggingface.co"

Progress = Callable[[str, int, int | None], None]
"""Called with (file name, bytes here so far, bytes in all or None)."""


class LicenceNotAcceptedError(EngineUnavailableError):
    """A non-commercial model was asked for without saying yes to its licence."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking a model on disk found."""

    model: Model
    folder: Path | None
    """None: the model is not on this machine."""
    problems: tuple[str, ...] = ()
    unverified: str = ""
    """Why some of its files could not be checked by hash."""


class Catalogue:
    """The models that Polylip knows.

    Args:
        models: entries by id.
        root: folder for what is fetched.
        hub: address of the Hugging Face hub or of a mirror.
    """

    def __init__(self, models: Mapping[str, Model], *, root: Path, hub: str = _HUB) -> None:
        self._models = dict(models)
        self._root = root
        self._hub = hub.rstrip("/")

    @classmethod
    def load(cls, extra: Path | None = None, *, root: Path | None = None) -> "Catalogue":
        """The built-in catalogue, entries of ``extra`` added or replacing it.

        ``POLYLIP_MODELS`` names another folder for fetched models, ``HF_ENDPOINT`` a hub mirror.

        Raises:
            CatalogueError: a file is wrong.
        """
        models = read_catalogue(_BUILT_IN)
        if extra is not None:
            models.update(read_catalogue(extra))
        chosen = os.environ.get("POLYLIP_MODELS")
        default = Path(chosen) if chosen else platformdirs.user_cache_path("polylip") / "models"
        return cls(models, root=root or default, hub=os.environ.get("HF_ENDPOINT", _HUB))

    def models(self, task: Task | None = None) -> list[Model]:
        """All models, or those for one task, in the order of the catalogue."""
        return [model for model in self._models.values() if task in (None, model.task)]

    def model(self, model_id: str) -> Model:
        """The entry of a model.

        Raises:
            EngineUnavailableError: there is no such entry.
        """
        try:
            return self._models[model_id]
        except KeyError:
            raise EngineUnavailableError(
                f"No model is called {model_id!r}; `polylip models list` shows all"
            ) from None

    def locate(self, model_id: str) -> Path | None:
        """Where the model lies: its main file, or its folder where a loader wants that.

        Never touches the network. A model that packages carry in parts is put together in the
        models folder the first time. None when it is not on this machine.

        Raises:
            EngineUnavailableError: there is no such entry, or its parts do not fit together or
                cannot be written.
        """
        model = self.model(model_id)
        found = next(self._folders(model), None)
        return None if found is None else _entrance(model, found[1])

    def fetch(
        self, model_id: str, progress: Progress | None = None, *, accepted_licence: str = ""
    ) -> Path:
        """Where the model lies, fetching it first when it is not here.

        Args:
            model_id: the entry.
            progress: told of every chunk.
            accepted_licence: for a non-commercial model its licence, as a yes to it.

        Raises:
            LicenceNotAcceptedError: it is non-commercial and its licence was not accepted.
            EngineUnavailableError: no source has it; the message says what each answered.
        """
        here = self.locate(model_id)
        if here is not None:
            return here
        model = self.model(model_id)
        if model.non_commercial and accepted_licence != model.licence:
            raise LicenceNotAcceptedError(
                f"{model.id} is under {model.licence}, which forbids commercial use; read "
                f"{model.origin} and accept it by naming the licence"
            )
        refusals = []
        for source in model.sources:
            try:
                folder = self._fetch_from(model, source, progress)
            except EngineUnavailableError as error:
                refusals.append(str(error))
            else:
                return _entrance(model, folder)
        raise EngineUnavailableError(f"{model.id} cannot be had: {'; '.join(refusals)}")

    def verify(self, model_id: str) -> Verification:
        """Check size and SHA-256 of every file of a model that is on this machine.

        Raises:
            EngineUnavailableError: there is no such entry.
        """
        model = self.model(model_id)
        found = next(self._folders(model), None)
        if found is None:
            return Verification(model, None)
        source, folder = found
        differences = (difference_from(folder / file.name, file) for file in source.files)
        hashless = any(file.sha256 is None for file in source.files)
        return Verification(
            model,
            folder,
            tuple(difference for difference in differences if difference),
            model.unverified if hashless else "",
        )

    def _folders(self, model: Model) -> Iterator[tuple[Source, Path]]:
        """Sources of the model that are on this machine, with their folders."""
        for source in model.sources:
            folder = self._folder(model, source)
            if folder is not None and _complete(folder, source):
                yield source, folder

    def _folder(self, model: Model, source: Source) -> Path | None:
        if isinstance(source, PathSource):
            return Path(source.path).expanduser()
        if not isinstance(source, PackageSource):
            return self._own_folder(model, source)
        package = _package_folder(source.package)
        if package is None:
            return None
        if not any(file.parts for file in source.files):
            return package / source.folder
        return self._put_together(model, source, package)

    def _own_folder(self, model: Model, source: Source) -> Path:
        return self._root / model.id / folder_name(source)

    def _put_together(self, model: Model, source: PackageSource, package: Path) -> Path | None:
        folder = self._own_folder(model, source)
        for file in source.files:
            target = folder / file.name
            if _has_size(target, file.size):
                continue
            pieces = [_resource(part) for part in file.parts] or [
                package / source.folder / file.name
            ]
            present = [piece for piece in pieces if piece is not None and piece.is_file()]
            if len(present) < len(pieces):
                return None
            try:
                _concatenate(present, target, file)
            except OSError as error:
                raise EngineUnavailableError(cannot_write(target, error)) from error
        return folder

    def _fetch_from(self, model: Model, source: Source, progress: Progress | None) -> Path:
        if isinstance(source, PackageSource):
            raise EngineUnavailableError(f"pip install {source.distribution} would bring it")
        if isinstance(source, PathSource):
            names = ", ".join(file.name for file in source.files)
            raise EngineUnavailableError(f"put {names} into {source.path} yourself")
        folder = self._own_folder(model, source)
        for file in source.files:
            if difference_from(folder / file.name, file):
                download(
                    self._address(source, file),
                    folder / file.name,
                    file,
                    _reporter(progress, file.name),
                )
        return folder

    def _address(self, source: HubSource | UrlSource, file: ModelFile) -> str:
        if isinstance(source, UrlSource):
            return f"{source.url.rstrip('/')}/{file.name}"
        folder = "" if source.folder == "." else f"{source.folder}/"
        return f"{self._hub}/{source.repo}/resolve/{source.revision}/{folder}{file.name}"


def _entrance(model: Model, folder: Path) -> Path:
    return folder / model.main if model.main else folder


def _complete(folder: Path, source: Source) -> bool:
    return all(_has_size(folder / file.name, file.size) for file in source.files)


def _has_size(path: Path, size: int | None) -> bool:
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


def _concatenate(pieces: list[Path], target: Path, expected: ModelFile) -> None:
    """Join ``pieces`` into ``target``, which appears whole and checked or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as out:
        for piece in pieces:
            with piece.open("rb") as stream:
                shutil.copyfileobj(stream, out)
    joined = Path(out.name)
    try:
        check(joined, expected, f"parts of {target.name}")
        joined.replace(target)
    finally:
        joined.unlink(missing_ok=True)


def _reporter(progress: Progress | None, name: str) -> Callable[[int, int | None], None]:
    def report(here: int, total: int | None) -> None:
        if progress is not None:
            progress(name, here, total)

    return report
