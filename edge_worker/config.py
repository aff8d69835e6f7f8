"""The worker's configuration: one validated tree from file, environment and flags.

Flags win over the environment (``POLYLIP_MQTT__HOST``), which wins over the TOML file, which wins
over the defaults. ``docs/configuration.md`` is generated from the descriptions here.
"""

import os
import socket
from pathlib import Path

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from edge_worker.config_kinds import (
    Delay,
    EngineOrServer,
    HttpAddress,
    Identifier,
    Language,
    LanguageOrAuto,
    Prefix,
    Roles,
    ServerOrNothing,
    StunAddress,
    Voice,
)
from edge_worker.cores import all_but_one, usable_cores
from mqtt_schemas import (
    DEFAULT_PREFIX,
    Activation,
    DownloadPolicy,
    PlayoutDelay,
    Role,
    StreamSettings,
)

_PREFIX, _NESTED = "POLYLIP_", "__"


class ConfigurationError(Exception):
    """The configuration is wrong; the message names each setting, what is wrong and what fits."""


def _listed(text: str) -> frozenset[str]:
    """What stands between the commas."""
    return frozenset(filter(None, (name.strip() for name in text.split(","))))


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MqttSection(_Section):
    """The broker."""

    host: str = Field("localhost", description="Broker's host name or address.")
    port: int = Field(1883, ge=1, le=65535, description="Broker's port; 8883 is usual with TLS.")
    username: str | None = Field(None, description="User name, where the broker asks for one.")
    password: SecretStr | None = Field(None, description="Password; better given by environment.")
    tls: bool = Field(default=False, description="Speak TLS to the broker.")
    ca_file: Path | None = Field(None, description="Certificate authority, when not the system's.")
    cert_file: Path | None = Field(None, description="Client certificate.")
    key_file: Path | None = Field(None, description="Key of the client certificate.")
    prefix: Prefix = Field(DEFAULT_PREFIX, description="First part of every topic.")
    keepalive_s: int = Field(
        3,
        ge=1,
        le=60,
        description="A worker silent for 1.5 times this long is lost and taken over from.",
    )


class StreamSection(_Section):
    """Settings of a stream that nobody has changed over MQTT yet."""

    enabled: bool = Field(default=True, description="Translate; off passes the original through.")
    activation: Activation = Field(
        Activation.AUTO,
        description="`always`, `on_demand` (woken by a ring, a watcher or a reply), `off`, or "
        "`auto`: on demand for a doorbell, else always.",
    )
    source_language: LanguageOrAuto = Field("auto", description="`auto` or a language id.")
    target_language: Language = Field("en", description="Language to translate to.")
    lip_sync: bool = Field(default=True, description="Re-render the lips.")
    playout_delay: Delay = Field(
        "live", description="`live` (0.5 s), `dub` (4 s), `auto`, or seconds from 0.2 to 6."
    )
    voice: Voice = Field("", description="Voice id; empty takes the language's first.")
    original_volume: float = Field(
        0.18, ge=0, le=1, description="How loud the original stays under the translation."
    )
    captions: bool = Field(default=True, description="Publish the texts as captions.")
    label: bool = Field(
        default=True,
        description="Show `AI-translated` in altered pictures, and tell visitors that replies "
        "are spoken by an artificial voice.",
    )

    def effective(self) -> StreamSettings:
        """These settings as the wire contract names them."""
        return StreamSettings(
            enabled=self.enabled,
            activation=self.activation,
            source_language=self.source_language,
            target_language=self.target_language,
            lip_sync=self.lip_sync,
            playout_delay=PlayoutDelay(self.playout_delay),
            voice=self.voice,
            original_volume=self.original_volume,
            captions=self.captions,
            label=self.label,
        )


class EngineSection(_Section):
    """Which models are loaded, and how much of the machine they take."""

    asr: EngineOrServer = Field(
        "whisper-base",
        description="Recognition: an id of `polylip models`, or a Wyoming server's `tcp://host:10300`.",
    )
    asr_threads: int = Field(
        default_factory=lambda: min(64, all_but_one(usable_cores())),
        ge=1,
        le=64,
        description="Threads of the recognizer.",
    )
    tts: ServerOrNothing = Field(
        "",
        description="A Wyoming server, `tcp://host:10200`, whose voices come before those here.",
    )
    tts_threads: int = Field(1, ge=1, le=16, description="Threads of the synthesizer.")
    voices_loaded: int = Field(
        3, ge=1, le=64, description="Voices that stay loaded at most; one takes some 170 MB."
    )
    pairs_loaded: int = Field(
        6,
        ge=1,
        le=64,
        description="Translation models that stay loaded at most; one takes some 100 MB.",
    )
    lips: str = Field("mouth-warp", description="Lip renderer.")
    min_confidence: float = Field(
        0.45, ge=0, le=1, description="Below it an utterance passes with a caption, undubbed."
    )
    shared: bool = Field(
        default=True,
        description="Whether the workers of one broker do calls for each other while one has a "
        "long queue; what is said at a door is then read by another of them.",
    )


class DownloadSection(_Section):
    """Models that a stream lacks: whether and from where a worker fetches them."""

    policy: DownloadPolicy = Field(
        DownloadPolicy.ASK,
        description="`ask` fetches what `worker/<worker>/fetch` names, `allow` whatever a stream "
        "lacks, `never` nothing. The recognition model, without which a worker cannot start, is "
        "fetched at the start unless this is `never`.",
    )
    accept_licences: str = Field(
        "", description="Non-commercial licences that you accept, by name, with commas between."
    )
    hub: HttpAddress | None = Field(
        None, description="Mirror of the Hugging Face hub; else `HF_ENDPOINT`, else the hub."
    )
    folder: Path | None = Field(
        None, description="Where models go; else `POLYLIP_MODELS`, else the user's cache."
    )
    catalogue: Path | None = Field(
        None, description="TOML file with further models, or other sources for known ones."
    )

    @property
    def accepted(self) -> frozenset[str]:
        """``accept_licences`` one by one."""
        return _listed(self.accept_licences)


class HttpSection(_Section):
    """Live streams, the built-in page and figures over HTTP; see docs/serving.md."""

    enabled: bool = Field(default=False, description="Serve HTTP; `--http` says the same.")
    bind: str = Field(
        "127.0.0.1",
        description="Address to listen on; beyond this machine only where you say so here.",
    )
    port: int = Field(8090, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    url: HttpAddress | None = Field(
        None, description="Address under which others reach it, where a proxy stands before it."
    )
    token: SecretStr | None = Field(
        None,
        min_length=22,
        description="Opens the page and all streams; without one, a new one at every start.",
    )
    clients: int = Field(32, ge=1, le=1024, description="Viewers at once, of all streams.")
    clients_per_stream: int = Field(8, ge=1, le=1024, description="Viewers of one stream at once.")
    picture_rate: float = Field(
        10.0, gt=0, le=30, description="Pictures a second of MJPEG, at most."
    )
    origins: str = Field(
        "",
        description="Pages of other servers that may use it, such as `https://ha.example`, with "
        "commas between.",
    )
    hosts: str = Field(
        "",
        description="Further names that a server bound to loopback may be called by, with commas "
        "between.",
    )
    cert_file: Path | None = Field(None, description="Certificate chain: serve HTTPS.")
    key_file: Path | None = Field(None, description="Its private key, where it is not in there.")
    stun: StunAddress = Field(
        "", description="STUN server, `stun:host:3478`, for WebRTC beyond the local network."
    )
    turn: SecretStr | None = Field(
        None,
        description="TURN server, `turn:user:password@host:3478`, where WebRTC needs a relay.",
    )

    @property
    def allowed_origins(self) -> frozenset[str]:
        """``origins`` one by one."""
        return _listed(self.origins)

    @property
    def further_hosts(self) -> frozenset[str]:
        """``hosts`` one by one."""
        return _listed(self.hosts)


class LimitSection(_Section):
    """Bounds on what one worker takes on."""

    streams: int = Field(
        4,
        ge=1,
        le=256,
        description="Streams served at once, and this worker's weight in sharing them.",
    )
    debt_s: float = Field(
        4.0, gt=0, le=30, description="Speech waiting longer than this becomes caption only."
    )
    video_kbps: int = Field(2000, ge=100, le=20000, description="Bit rate of the output picture.")


class WorkerSettings(BaseSettings):
    """Everything `polylip worker` can be told."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter=_NESTED, extra="forbid", frozen=True
    )

    worker: Identifier = Field(
        default_factory=lambda: slug(socket.gethostname()), description="This worker's id."
    )
    roles: Roles = Field(
        (Role.ATP, Role.RVP),
        min_length=1,
        description="What this worker does: `atp` hears, translates and speaks, `rvp` shows. Of a "
        "stream either may be another worker's work; see docs/roles.md.",
    )
    share_speech: bool = Field(
        default=False,
        description="Publish the sound of translated speech, also where this worker shows it.",
    )
    mqtt: MqttSection = Field(default_factory=MqttSection)
    defaults: StreamSection = Field(default_factory=StreamSection)
    streams: dict[Identifier, StreamSection] = Field(
        default_factory=dict,
        description="Settings by stream id; what one leaves out is taken from `defaults`.",
    )
    engines: EngineSection = Field(default_factory=EngineSection)
    downloads: DownloadSection = Field(default_factory=DownloadSection)
    limits: LimitSection = Field(default_factory=LimitSection)
    http: HttpSection = Field(default_factory=HttpSection)

    def settings_of(self, stream: str) -> StreamSettings:
        """What holds for ``stream`` until MQTT says otherwise."""
        own = self.streams.get(stream)
        if own is None:
            return self.defaults.effective()
        stated = {name: getattr(own, name) for name in own.model_fields_set}
        return self.defaults.model_copy(update=stated).effective()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic names them
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags, then environment, then the TOML file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def slug(name: str) -> str:
    """A host name as an id: lower case, other characters as dashes."""
    kept = "".join(char if char.isascii() and char.isalnum() else "-" for char in name.lower())
    return kept.strip("-")[:63] or "worker"


def load_settings(file: Path | None, flags: dict[str, object]) -> WorkerSettings:
    """Read the configuration.

    Args:
        file: TOML file, or None.
        flags: values from the command line, nested like the tree.

    Raises:
        ConfigurationError: names every wrong setting.
    """
    if file is not None and not file.is_file():
        raise ConfigurationError(f"{file}: no such file; give --config an existing TOML file")

    class _WithFile(WorkerSettings):
        model_config = SettingsConfigDict(toml_file=file)

    unknown = _unknown_variables()
    if unknown:
        raise ConfigurationError(
            "wrong configuration:\n"
            + "\n".join(f"  {name}: no such setting (environment)" for name in unknown)
        )
    try:
        return _WithFile(**flags)  # type: ignore[arg-type] # pydantic validates what flags hold
    except ValidationError as error:
        lines = [
            f"  {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors()
        ]
        where = f" ({file})" if file else ""
        raise ConfigurationError(f"wrong configuration{where}:\n" + "\n".join(lines)) from error
    except ValueError as error:
        raise ConfigurationError(f"{file}: not valid TOML: {error}") from error


def _unknown_variables() -> list[str]:
    """Variables meant for a section that does not exist; pydantic would pass over them."""
    known = {f"{_PREFIX}{name.upper()}" for name in WorkerSettings.model_fields}
    meant = (name for name in os.environ if name.startswith(_PREFIX) and _NESTED in name)
    return sorted(name for name in meant if name.partition(_NESTED)[0] not in known)
