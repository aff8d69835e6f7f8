"""Find models on this machine, fetch those that are not here, check those that are."""

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from engines import EngineUnavailableError
from engines.catalogue.checking import difference_from
from engines.catalogue.download import Patience, cannot_write
from engines.catalogue.entries import (
    Model,
    PackageSource,
    PathSource,
    Source,
    Task,
    folder_name,
    read_catalogue,
)
from engines.catalogue.fetching import Progress, fetch_files, pins_of
from engines.catalogue.lock import held
from engines.catalogue.packages import PackageFolders, has_size

_BUILT_IN = Path(__file__).with_name("catalogue.toml")
_HUB = "https://huggingface.co"
_PATIENCE = Patience()


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
    """Why the catalogue has no SHA-256 of some of its files."""
    pinned: bool = False
    """Those files are what they were when they first came."""


class Catalogue:
    """The models that Polylip knows.

    Args:
        models: entries by id.
        root: folder for what is fetched.
        hub: address of the Hugging Face hub or of a mirror.
        patience: with servers.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        *,
        root: Path,
        hub: str = _HUB,
        patience: Patience = _PATIENCE,
    ) -> None:
        self._models = dict(models)
        self._root = root
        self._hub = hub.rstrip("/")
        self._patience = patience
        self._packages = PackageFolders()

    @property
    def root(self) -> Path:
        """Folder for what is fetched."""
        return self._root

    @classmethod
    def load(
        cls, extra: Path | None = None, *, root: Path | None = None, hub: str | None = None
    ) -> "Catalogue":
        """The built-in catalogue, entries of ``extra`` added or replacing it.

        Where ``root`` and ``hub`` are not given, ``POLYLIP_MODELS`` names another folder for
        fetched models and ``HF_ENDPOINT`` a hub mirror.

        Raises:
            CatalogueError: a file is wrong.
        """
        models = read_catalogue(_BUILT_IN)
        if extra is not None:
            models.update(read_catalogue(extra))
        chosen = os.environ.get("POLYLIP_MODELS")
        default = Path(chosen) if chosen else platformdirs.user_cache_path("polylip") / "models"
        return cls(models, root=root or default, hub=hub or os.environ.get("HF_ENDPOINT") or _HUB)

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
        self,
        model_id: str,
        progress: Progress | None = None,
        *,
        accepted_licence: str = "",
        waiting: Callable[[], None] = lambda: None,
    ) -> Path:
        """Where the model lies, fetching it first when it is not here.

        Two processes that want the same model take turns: the second finds it there.

        Args:
            model_id: the entry.
            progress: told of every chunk; what it raises ends the fetch, to be gone on from later.
            accepted_licence: for a non-commercial model its licence, as a yes to it.
            waiting: told when another process is fetching it just now.

        Raises:
            LicenceNotAcceptedError: it is non-commercial and its licence was not accepted.
            EngineUnavailableError: no source has it; the message says what each answered.
        """
        self._packages.forget()
        here = self.locate(model_id)
        if here is not None:
            return here
        model = self.model(model_id)
        if model.non_commercial and accepted_licence != model.licence:
            raise LicenceNotAcceptedError(
                f"{model.id} is under {model.licence}, which forbids commercial use; read "
                f"{model.origin} and accept it by naming the licence: "
                f"polylip models pull {model.id} --accept-licence {shlex.quote(model.licence)}"
            )
        if not model.fetchable:
            return self._first(model, progress)
        with self._turn(model, waiting):
            here = self.locate(model_id)
            return self._first(model, progress) if here is None else here

    def mend(
        self,
        model_id: str,
        progress: Progress | None = None,
        *,
        waiting: Callable[[], None] = lambda: None,
    ) -> Path:
        """Where a model of this machine lies, every file as the catalogue says.

        Files that differ are fetched or put together anew, in the models folder only.

        Args:
            model_id: the entry.
            progress: told of every chunk; what it raises ends the fetch, to be gone on from later.
            waiting: told when another process is fetching it just now.

        Raises:
            EngineUnavailableError: it is not on this machine, its source does not answer, or
                what differs is not Polylip's to change.
        """
        self._packages.forget()
        found = self.verify(model_id)
        if found.folder is None:
            raise EngineUnavailableError(f"{model_id} is not on this machine")
        if found.problems:
            with self._turn(found.model, waiting):
                self._mend(found, progress)
        return _entrance(found.model, found.folder)

    def _mend(self, found: Verification, progress: Progress | None) -> None:
        source, folder = next(self._folders(found.model))
        if folder != self._own_folder(found.model, source):
            raise EngineUnavailableError(
                f"{found.model.id}: {'; '.join(found.problems)}; {_remedy(source)}"
            )
        if isinstance(source, PackageSource):
            for file in source.files:
                if difference_from(folder / file.name, file):
                    (folder / file.name).unlink(missing_ok=True)
            self._packages.folder(source, folder)
        else:
            self._fetch_from(found.model, source, progress)

    @contextmanager
    def _turn(self, model: Model, waiting: Callable[[], None]) -> Iterator[None]:
        """One process at a time changes a model."""
        lock = self._root / model.id / "lock"
        try:
            with held(lock, waiting):
                yield
        except OSError as error:
            raise EngineUnavailableError(cannot_write(lock.parent, error)) from error

    def _first(self, model: Model, progress: Progress | None) -> Path:
        """Fetch from the first source that has it."""
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
        pins = pins_of(folder)
        known = [pins.known(file) for file in source.files]
        differences = (difference_from(folder / file.name, file) for file in known)
        hashless = any(file.sha256 is None for file in source.files)
        return Verification(
            model,
            folder,
            tuple(difference for difference in differences if difference),
            model.unverified if hashless else "",
            pinned=hashless and all(file.sha256 is not None for file in known),
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
        return self._packages.folder(source, self._own_folder(model, source))

    def _own_folder(self, model: Model, source: Source) -> Path:
        return self._root / model.id / folder_name(source)

    def _fetch_from(self, model: Model, source: Source, progress: Progress | None) -> Path:
        if isinstance(source, PackageSource):
            raise EngineUnavailableError(f"pip install {source.distribution} would bring it")
        if isinstance(source, PathSource):
            raise EngineUnavailableError(_remedy(source))
        folder = self._own_folder(model, source)
        fetch_files(
            source, folder, self._hub, progress, roughly=model.size, patience=self._patience
        )
        return folder


def _entrance(model: Model, folder: Path) -> Path:
    return folder / model.main if model.main else folder


def _complete(folder: Path, source: Source) -> bool:
    return all(has_size(folder / file.name, file.size) for file in source.files)


def _remedy(source: Source) -> str:
    """How to put right what is not in the models folder."""
    if isinstance(source, PackageSource):
        return f"pip install --force-reinstall {source.distribution} puts it right"
    names = ", ".join(file.name for file in source.files)
    place = source.path if isinstance(source, PathSource) else "its folder"
    return f"put {names} into {place} yourself"
