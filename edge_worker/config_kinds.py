"""The kinds of value that a setting may have, each with its check."""

import re
from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, StringConstraints
from pydantic_settings import NoDecode

from engines.address import server_address
from mqtt_schemas import (
    AUTO_LANGUAGE,
    VOICE_PATTERN,
    IdRefused,
    PlayoutDelay,
    Role,
    check_id,
    check_language,
    check_prefix,
)

_ENGINE = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def _taken(check: Callable[[str], str]) -> Callable[[str], str]:
    """A check of the wire contract as pydantic wants it: refusal is a ``ValueError``."""

    def checked(text: str) -> str:
        try:
            return check(text)
        except IdRefused as error:
            raise ValueError(str(error)) from error

    return checked


def _language_or_auto(text: str) -> str:
    return text if text == AUTO_LANGUAGE else check_language(text)


def _engine_or_server(text: str) -> str:
    if not _ENGINE.fullmatch(text):
        server_address(text)
    return text


def _server_or_nothing(text: str) -> str:
    if text:
        server_address(text)
    return text


def _one_by_one(value: object) -> object:
    """A text with commas, as an environment variable or ``--set`` gives it, as a list."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Identifier = Annotated[str, AfterValidator(_taken(check_id))]
Prefix = Annotated[str, AfterValidator(_taken(check_prefix))]
Language = Annotated[str, AfterValidator(_taken(check_language))]
LanguageOrAuto = Annotated[str, AfterValidator(_taken(_language_or_auto))]
Voice = Annotated[str, StringConstraints(pattern=VOICE_PATTERN)]
EngineOrServer = Annotated[str, AfterValidator(_engine_or_server)]
ServerOrNothing = Annotated[str, AfterValidator(_server_or_nothing)]
Roles = Annotated[tuple[Role, ...], NoDecode, BeforeValidator(_one_by_one)]
HttpAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
StunAddress = Annotated[str, StringConstraints(pattern=r"^(stun:[^\s?#@]+)?$")]
Delay = Annotated[str, AfterValidator(lambda text: str(PlayoutDelay(text)))]
