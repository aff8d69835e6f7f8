"""Ids and languages: what may stand in a topic, checked before any use."""

import re

from .errors import IdRefused, shown
from .limits import MAX_NAME

ID_PATTERN = "^[a-z0-9][a-z0-9_-]{0,62}$"
"""Ids of streams, workers, utterances and transactions, and names of requests."""

LANGUAGE_PATTERN = (
    "^[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3})){0,3}$"
)
"""BCP-47 in lower case: language, script, region, variants."""

VOICE_PATTERN = "^[A-Za-z0-9._:+ -]{0,128}$"
"""Ids of voices; empty stands for the language's first."""

AUTO_LANGUAGE = "auto"
"""Stands for a source language that is still to be found out."""

# RFC 5646 section 4.5: the registry's preferred value replaces a deprecated subtag.
_PREFERRED = {"in": "id", "iw": "he", "ji": "yi", "jw": "jv", "mo": "ro"}

_ID = re.compile(ID_PATTERN)
_LANGUAGE = re.compile(LANGUAGE_PATTERN)
_PREFIX = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")


def check_id(value: str, what: str = "id") -> str:
    """Give ``value`` back if it is an id.

    Raises:
        IdRefused: it is none.
    """
    if not _ID.fullmatch(value):
        raise IdRefused(
            f"{what} {shown(value)} refused: use 1 to 63 of a-z 0-9 _ -, "
            "starting with a letter or a digit"
        )
    return value


def check_language(value: str) -> str:
    """Give ``value`` back if it is a language in canonical form (``pt``, ``pt-br``).

    Raises:
        IdRefused: it is no BCP-47 language, or not written canonically.
    """
    canonical = canonical_language(value)
    if canonical != value:
        raise IdRefused(f"language {shown(value)} refused: write {canonical}")
    return value


def canonical_language(value: str) -> str:
    """A language in canonical form: ``pt_BR`` and ``PT-br`` give ``pt-br``, ``iw`` gives ``he``.

    Raises:
        IdRefused: it is no BCP-47 language.
    """
    lower = value.replace("_", "-").lower() if value.isascii() else value
    if len(value) > MAX_NAME or not _LANGUAGE.fullmatch(lower):
        raise IdRefused(
            f"language {shown(value)} refused: use a BCP-47 language such as pt or pt-br"
        )
    primary, dash, rest = lower.partition("-")
    return f"{_PREFERRED.get(primary, primary)}{dash}{rest}"


def primary_language(value: str) -> str:
    """The language without script, region and variants: ``pt-br`` gives ``pt``."""
    return value.partition("-")[0]


def check_prefix(value: str) -> str:
    """Give ``value`` back if it can stand before every topic (``polylip``, ``home/polylip``).

    Raises:
        IdRefused: it cannot.
    """
    if len(value) > MAX_NAME or not _PREFIX.fullmatch(value):
        raise IdRefused(
            f"topic prefix {shown(value)} refused: use levels of A-Z a-z 0-9 _ - with / between "
            f"them, at most {MAX_NAME} characters"
        )
    return value
