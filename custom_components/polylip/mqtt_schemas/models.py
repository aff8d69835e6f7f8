"""Models: what a worker has of them, what it could fetch, and how far a fetch is."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from .fields import SCHEMA, Count, Few, Id, Language, Many, Schema, Sentence, Token


class DownloadPolicy(StrEnum):
    """Whether a worker fetches models that a stream lacks."""

    NEVER = "never"
    """It tells what lacks; somebody puts it there."""
    ASK = "ask"
    """When somebody says so, on ``worker/<worker>/fetch``."""
    ALLOW = "allow"
    """By itself, where the licence is free or was accepted in the configuration."""


class ModelStatus(StrEnum):
    """How far a model is."""

    HERE = "here"
    ABSENT = "absent"
    WAITING = "waiting"
    """It is fetched after others."""
    FETCHING = "fetching"
    FAILED = "failed"
    """The last fetch failed, nobody has accepted its licence, or it is here and cannot be loaded;
    ``detail`` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """One model of the catalogue."""

    id: Token
    """As in the catalogue."""
    kind: Token
    """asr, mt or tts."""
    languages: Annotated[tuple[Language, ...], Few] = ()
    """BCP-47, lower case; source and target of a translation model."""
    licence: Sentence = ""
    """SPDX expression or ``LicenseRef-...``."""
    non_commercial: bool = False
    """Fetching it takes a yes to its licence by name."""
    size_bytes: Count = 0
    """Roughly, for some; 0 where it is not known."""
    status: ModelStatus = ModelStatus.ABSENT
    fetched_bytes: Count = 0
    """While it is fetched: how much has come."""
    loaded: bool = False
    """In memory, because a stream uses it."""
    detail: Sentence = ""
    """For people: why it failed and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerModels:
    """The models of one worker; retained, at most every 2 s while one is fetched."""

    schema: Schema = SCHEMA
    worker: Id
    download: DownloadPolicy = DownloadPolicy.ASK
    models: Annotated[tuple[ModelInfo, ...], Many] = ()
    free_bytes: Count = 0
    """On the disk that they are fetched to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchModels:
    """Fetch models now, in this order; never retained."""

    schema: Schema = SCHEMA
    worker: Id
    models: Annotated[tuple[Token, ...], Few]
    """Ids of the catalogue."""
    accept_licences: Annotated[tuple[Sentence, ...], Few] = ()
    """Non-commercial licences that somebody has read and accepts, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelNeed:
    """What must be fetched before a stream's languages can be served in full."""

    models: Annotated[tuple[Token, ...], Few]
    """Ids of the catalogue; ``worker/<worker>/models`` has more on each."""
    size_bytes: Count = 0
    """Of all of them, roughly; 0 where it is not known."""
    licences: Annotated[tuple[Sentence, ...], Few] = ()
    status: ModelStatus = ModelStatus.ABSENT
    """Of the one that is furthest from being here."""
    detail: Sentence = ""
    """For people: what lacks, and the command that fetches it."""
