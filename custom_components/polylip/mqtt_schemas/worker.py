"""What a worker says of itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from mashumaro.jsonschema.annotations import Maximum, Minimum, Pattern

from .fields import (
    SCHEMA,
    Count,
    Few,
    Id,
    Language,
    Many,
    Name,
    NonNegative,
    OptionalLanguage,
    Positive,
    Schema,
    Streams,
    Token,
    Url,
    Voice,
)
from .version import PROTOCOL_VERSION


class Role(StrEnum):
    """What a worker takes on."""

    ATP = "atp"
    """Audio translation."""
    RVP = "rvp"
    """Real-time video: lips, timeline, egress; owns streams."""


class WorkerStatus(StrEnum):
    """Bare text on ``worker/<worker>/status``."""

    INIT = "init"
    """Starting; loads its engines."""
    READY = "ready"
    """Takes streams."""
    DRAINING = "draining"
    """Finishes what it has, takes nothing new."""
    DISCONNECTED = "disconnected"
    """Left in good order."""
    LOST = "lost"
    """Its last will: the broker lost sight of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguagePair:
    """A direction that can be translated."""

    source: Language
    """BCP-47, lower case."""
    target: Language
    """BCP-47, lower case."""
    via: OptionalLanguage = ""
    """The language that it goes through; empty where one model translates it."""


class Reach(StrEnum):
    """How far a language is."""

    READY = "ready"
    DOWNLOAD = "download"
    """After a download."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageOffer:
    """What a worker does with a language, and could do after a download."""

    language: Language
    """BCP-47, lower case."""
    source: Reach = Reach.NONE
    """As the language that is spoken at the door."""
    target: Reach = Reach.NONE
    """As the language to translate to."""
    models: Annotated[tuple[Token, ...], Few] = ()
    """What would have to be fetched for all of it, its voice included."""
    size_bytes: Count = 0
    """Of these, roughly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceInfo:
    """A voice that can be chosen by the setting ``voice``."""

    id: Voice
    language: Language
    """BCP-47, lower case."""
    name: Name = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """A model that is loaded, or is when a stream wants it."""

    kind: Token
    """vad, turn, asr, mt, tts, face or lipsync."""
    id: Token
    """As in the catalogue."""
    device: Token = "cpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What the worker runs on."""

    cpu: Name = ""
    cores: Annotated[int, Minimum(1), Maximum(4_096)] = 1
    """Usable ones."""
    memory_bytes: Count = 0
    gpu: Name = ""
    """Empty when none is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """Who a worker is; retained, and changed only when models or servers have come or gone."""

    schema: Schema = SCHEMA
    worker: Id
    name: Name = ""
    version: Token = ""
    """Of the software."""
    protocol: Annotated[str, Pattern(r"^(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})$")] = (
        PROTOCOL_VERSION
    )
    """Of this contract, ``major.minor``."""
    roles: Annotated[tuple[Role, ...], Few] = (Role.ATP, Role.RVP)
    pairs: Annotated[tuple[LanguagePair, ...], Many] = ()
    """What can be translated now."""
    languages: Annotated[tuple[LanguageOffer, ...], Many] = ()
    """What could be translated after a download, by language."""
    voices: Annotated[tuple[VoiceInfo, ...], Many] = ()
    engines: Annotated[tuple[EngineInfo, ...], Many] = ()
    hardware: Hardware = Hardware()
    capacity: Positive = 1.0
    """Weight in choosing owners: how many streams at once, roughly."""
    full: bool = False
    """It refused a stream lately for lack of room: it is given none that another one serves."""
    http_url: Url = ""
    """Base address of live HTTP and WebRTC, empty when not served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerMetrics:
    """How a worker is doing, every 5 s."""

    schema: Schema = SCHEMA
    worker: Id
    uptime_s: NonNegative = 0.0
    """Seconds since its start."""
    tau: NonNegative = 0.0
    """CPU seconds / (media seconds x usable cores); below 1 it keeps up."""
    cpu: NonNegative = 0.0
    """Busy cores, averaged over the last 5 s."""
    memory_bytes: Count = 0
    """Sum of PSS of the worker and its children."""
    streams: Annotated[tuple[Id, ...], Streams] = ()
    """Streams it owns."""
    engine_queue: Count = 0
    """Calls that wait for an engine."""
    refused: Count = 0
    """Messages refused since its start."""
