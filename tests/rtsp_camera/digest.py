"""Digest (RFC 2617) and Basic authentication (RFC 7617) from the camera's side."""

import base64
import re
from hashlib import md5

REALM, NONCE = "door", "6f1f4d0b9a4e706f"
CHALLENGE = f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}"'

BASIC_CHALLENGE = f'WWW-Authenticate: Basic realm="{REALM}"'


def admits_basic(account: tuple[str, str], authorization: str) -> bool:
    """Whether an Authorization header has the password in it."""
    return authorization == "Basic " + base64.b64encode(":".join(account).encode()).decode()


def admits(account: tuple[str, str], method: str, authorization: str) -> bool:
    """Whether an Authorization header proves that its sender knows the password."""
    said = dict(re.findall(r'(\w+)="([^"]*)"', authorization))
    user, password = account
    secret = _md5(f"{user}:{REALM}:{password}")
    asked = _md5(f"{method}:{said.get('uri', '')}")
    wanted = _md5(f"{secret}:{NONCE}:{asked}")
    return said.get("username") == user and said.get("response") == wanted


def _md5(text: str) -> str:
    return md5(text.encode()).hexdigest()  # noqa: S324 - what RFC 2617 prescribes
