"""Write docs/configuration.md from the worker's settings and their descriptions.

With --check nothing is written: the exit status says whether the file is up to date.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from annotated_types import Ge, Gt, Le
from generated import write_or_compare
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from edge_worker.config import StreamSection, WorkerSettings
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

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "configuration.md"

MACHINE_DEFAULTS: Mapping[str, str] = {
    "worker": "the host's name, made an id",
    "engines.asr_threads": "all usable cores but one",
}
"""Defaults that differ from machine to machine, in words."""

TYPES: tuple[tuple[Any, str], ...] = (
    (Identifier, "id"),
    (Prefix, "topic levels"),
    (Language, "language"),
    (LanguageOrAuto, "language or `auto`"),
    (Delay, "delay"),
    (Voice, "id of a voice"),
    (EngineOrServer, "id or address"),
    (ServerOrNothing, "address"),
    (HttpAddress, "address"),
    (StunAddress, "address"),
    (Roles, "`atp`, `rvp` or both, with a comma"),
    (bool, "true or false"),
    (int, "integer"),
    (float, "number"),
    (str, "text"),
    (Path, "path"),
    (SecretStr, "secret text"),
)
"""What people call each type; the first that fits."""

HEADER = """\
<!-- Written by script/configuration from edge_worker/config.py; do not edit. -->
# Configuration of the worker

`polylip worker` runs without any configuration against a broker on the same machine. What it is
told comes from four places; the first that says something counts:

1. **Flags**: `--host`, `--port`, `--username`, `--prefix`, `--worker`, `--to`, `--from`, `--http`,
   `--http-bind`, and `--set section.name=value` for everything below.
2. **Environment**: `POLYLIP_`, then section and name in capitals with two underscores between
   them, such as `POLYLIP_MQTT__HOST`.
3. **File**: a TOML file named by `--config`.
4. **Defaults**, as listed here.

A setting that does not exist or does not fit ends the command with a message that names it.

The settings of a stream live on in its retained `state` on the broker, and a worker that finds one
there takes it instead of all of the above: what somebody changed at the dashboard survives a
restart. To begin with the configuration again, stop the worker and clear the state:
`mosquitto_pub -r -n -t polylip/stream/door/state`. [mqtt.md](mqtt.md) tells how settings are
changed while it runs.

```toml
worker = "attic"

[mqtt]
host = "broker.lan"
username = "polylip"        # the password: POLYLIP_MQTT__PASSWORD

[defaults]
target_language = "en"

[streams.door]              # in place of [defaults], not on top of it
source_language = "pt"
target_language = "en"
playout_delay = "1.5"

[limits]
streams = 2
```

```sh
polylip worker --config polylip.toml --set engines.asr_threads=2
```

An *id* is 1 to 63 characters of `a-z 0-9 _ -`, the first a letter or a digit. A *language* is
BCP-47 in lower case, such as `pt` or `pt-br`. A *delay* is `live`, `dub`, `auto` or seconds as
text, `"0.2"` to `"6"`.
"""

STREAM_NOTE = """\
The same settings as in `[defaults]`, for one stream. A stream with a section of its own takes
nothing from `[defaults]`: what its section leaves out has the default listed above. In the
environment: `POLYLIP_STREAMS__DOOR__TARGET_LANGUAGE`.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as the table shows it."""

    name: str
    type: str
    default: str
    variable: str
    description: str

    def line(self) -> str:
        """The row in Markdown."""
        return (
            f"| `{self.name}` | {self.type} | {self.default} | `{self.variable}` "
            f"| {self.description} |"
        )


def text() -> str:
    """The document as it is written."""
    parts = [HEADER, "## Top level\n", table(rows(WorkerSettings))]
    for name, section in sections():
        parts += [f"## `[{name}]`\n", f"{section.__doc__}\n", table(rows(section, name))]
        if section is StreamSection:
            parts += ["## `[streams.<id>]`\n", STREAM_NOTE]
    return "\n".join(parts)


def sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """The sections of the file, by name."""
    for name, field in WorkerSettings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield name, field.annotation


def rows(section: type[BaseModel], of: str = "") -> Iterator[Row]:
    """The settings of a section that are no sections themselves."""
    hints = get_type_hints(section, include_extras=True)
    below = {name for name, _ in sections()} | {"streams"} if not of else set()
    for name, field in section.model_fields.items():
        if name in below:
            continue
        path = f"{of}.{name}" if of else name
        yield Row(
            name=name,
            type=type_text(hints[name], field),
            default=default_text(path, field),
            variable="POLYLIP_" + path.replace(".", "__").upper(),
            description=(field.description or "").replace("|", "\\|"),
        )


def type_text(hint: Any, field: FieldInfo) -> str:  # noqa: ANN401 - any type annotation
    """A type in words, with its bounds.

    Raises:
        LookupError: nobody has said what people call this type.
    """
    choices = [choice for choice in get_args(hint) if choice is not NoneType]
    if len(choices) == 1 and NoneType in get_args(hint):
        return type_text(choices[0], field)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return " or ".join(f"`{word}`" for word in hint)
    for known, words in TYPES:
        if hint == known:
            return words + bounds(field)
    raise LookupError(f"TYPES has no words for {hint}")


def bounds(field: FieldInfo) -> str:
    """``, 1 to 64``, or nothing."""
    words = ""
    for limit in field.metadata:
        if isinstance(limit, Ge):
            words += f", {limit.ge}"
        elif isinstance(limit, Gt):
            words += f", above {limit.gt}"
        elif isinstance(limit, Le):
            words += f" to {limit.le}"
    return words


def default_text(path: str, field: FieldInfo) -> str:
    """A default as one writes it in TOML, or in words."""
    if path in MACHINE_DEFAULTS:
        return MACHINE_DEFAULTS[path]
    value = field.default
    if value is None:
        return "none"
    if isinstance(value, tuple) and value:
        return f'`"{",".join(value)}"`'
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def table(listed: Iterator[Row]) -> str:
    """Rows under their headings."""
    head = ["| name | type | default | environment | what |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(row.line() for row in listed)]) + "\n"


if __name__ == "__main__":
    sys.exit(
        write_or_compare(
            TARGET, text(), source="edge_worker.config", command="script/configuration"
        )
    )
