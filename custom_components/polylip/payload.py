"""Payloads as Home Assistant hands them over."""


def raw(payload: str | bytes | bytearray) -> bytes:
    """The bytes of a payload; discovery gives text, and an empty payload is always text."""
    return payload.encode() if isinstance(payload, str) else bytes(payload)
