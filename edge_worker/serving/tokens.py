"""Tokens: what opens one stream, or the page, until the worker starts again.

Nothing is stored. A token is a keyed hash (HMAC-SHA256, RFC 2104) of what it opens, cut to 128
bits, and the key is random and new with every start.
"""

import base64
import hashlib
import hmac
import secrets
from enum import IntEnum

_BYTES = 16


class Scope(IntEnum):
    """What a token opens; each includes the one before."""

    VIEW = 1
    """See and hear one stream."""
    TALK = 2
    """Speak at its door too, and choose its languages."""
    PAGE = 3
    """All of it for every stream."""


class Tokens:
    """Makes and checks them.

    Args:
        page: the token of the page, where the configuration names one; else a new one.
    """

    def __init__(self, page: str = "") -> None:
        self._key = secrets.token_bytes(32)
        self.page = page or self._token(Scope.PAGE, "")

    def of(self, stream: str, scope: Scope) -> str:
        """The token that opens a stream; the page's for ``PAGE``."""
        return self.page if scope is Scope.PAGE else self._token(scope, stream)

    def scope(self, token: str, stream: str = "") -> Scope | None:
        """What ``token`` opens of ``stream``; None for nothing. Takes as long for any token."""
        opened = None
        for scope in Scope:
            if hmac.compare_digest(token.encode(errors="replace"), self.of(stream, scope).encode()):
                opened = scope
        return opened

    def _token(self, scope: Scope, stream: str) -> str:
        digest = hmac.new(self._key, f"{scope.name}/{stream}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:_BYTES]).decode().rstrip("=")
