"""``request/view``: who may watch a stream over HTTP or WebRTC, and where."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from mashumaro.jsonschema.annotations import Pattern

from .fields import SCHEMA, Id, Schema, Url

AccessToken = Annotated[str, Pattern("^[A-Za-z0-9._~+/=-]{1,256}$")]


class ViewScope(StrEnum):
    """What a grant opens."""

    VIEW = "view"
    """See and hear."""
    TALK = "talk"
    """Speak to the visitor too, and choose the languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewRequest:
    """The ``data`` of ``request/view``, which names the stream beside it."""

    schema: Schema = SCHEMA
    scope: ViewScope = ViewScope.VIEW


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewGrant:
    """The ``data`` of its response. Never retained; good until the worker starts again."""

    schema: Schema = SCHEMA
    stream: Id
    scope: ViewScope
    token: AccessToken
    """128 bits; as ``?token=`` or as ``Authorization: Bearer``."""
    live_url: Url
    """MPEG-TS, translated. The addresses are without the token."""
    original_url: Url
    """MPEG-TS, the camera's own bytes, undelayed."""
    mjpeg_url: Url
    snapshot_url: Url
    """JPEG."""
    whep_url: Url = ""
    """WebRTC (WHEP); empty when not served."""
