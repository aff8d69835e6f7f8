"""Answers to a server that asks who is there: Digest (RFC 2617, 7616) and Basic (RFC 7617)."""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_HASHES = {"": "md5", "MD5": "md5", "SHA-256": "sha256"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """How a server wants to be told who is there."""

    scheme: str
    """basic or digest."""
    parameters: Mapping[str, str]

    @property
    def algorithm(self) -> str:
        """Of Digest; empty where the server does not say, which means MD5."""
        return self.parameters.get("algorithm", "").upper()


def best_challenge(headers: Sequence[str]) -> Challenge | None:
    """The safest of the ``WWW-Authenticate`` headers that can be answered."""
    found = [_read(header) for header in headers]
    usable = [
        challenge
        for challenge in found
        if challenge.scheme == "basic"
        or (challenge.scheme == "digest" and challenge.algorithm in _HASHES)
    ]
    order = {"SHA-256": 0, "MD5": 1, "": 1}
    digests = [challenge for challenge in usable if challenge.scheme == "digest"]
    if digests:
        return min(digests, key=lambda challenge: order[challenge.algorithm])
    return usable[0] if usable else None


def authorization(
    challenge: Challenge,
    account: tuple[str, str],
    method: str,
    url: str,
    *,
    count: int = 1,
    cnonce: str | None = None,
) -> str:
    """The ``Authorization`` header of a request.

    Args:
        challenge: the server's.
        account: user and password.
        method: of the request.
        url: of the request.
        count: of the requests answered with this challenge, from 1.
        cnonce: of this client; a random one if it is left out.
    """
    user, password = account
    if challenge.scheme == "basic":
        return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    told = challenge.parameters
    realm, nonce = told.get("realm", ""), told.get("nonce", "")

    def digest(*parts: str) -> str:
        return hashlib.new(_HASHES[challenge.algorithm], ":".join(parts).encode()).hexdigest()

    secret, asked = digest(user, realm, password), digest(method, url)
    said = {"username": user, "realm": realm, "nonce": nonce, "uri": url}
    bare = {}
    if "auth" in re.split(r"[\s,]+", told.get("qop", "")):
        own = cnonce or secrets.token_hex(8)
        said["cnonce"] = own
        bare = {"qop": "auth", "nc": f"{count:08x}"}
        said["response"] = digest(secret, nonce, bare["nc"], own, "auth", asked)
    else:
        said["response"] = digest(secret, nonce, asked)
    if "opaque" in told:
        said["opaque"] = told["opaque"]
    if challenge.algorithm:
        bare["algorithm"] = challenge.algorithm
    pairs = [f'{name}="{_quoted(value)}"' for name, value in said.items()]
    return "Digest " + ", ".join(pairs + [f"{name}={value}" for name, value in bare.items()])


def _read(header: str) -> Challenge:
    scheme, _, rest = header.strip().partition(" ")
    parameters = {
        match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in _PARAMETER.finditer(rest)
    }
    return Challenge(scheme.lower(), parameters)


def _quoted(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"")
