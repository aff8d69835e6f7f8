"""Text of any origin in the form that the contract's fields take."""

from engines.text import within_bytes
from mqtt_schemas.limits import MAX_NAME, MAX_TEXT


def sentence(text: str, limit: int = MAX_NAME) -> str:
    """One line without control characters, at most ``limit`` characters."""
    kept = (char if char.isprintable() else " " for char in _writable(text[: 4 * limit]))
    return " ".join("".join(kept).split())[:limit]


def passage(text: str) -> str:
    """An utterance's text within the contract's length in bytes, cut between two characters."""
    return within_bytes(text, MAX_TEXT)


def _writable(text: str) -> str:
    """Without lone surrogates, which UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode()
