"""Addresses of servers of the user's own."""

from urllib.parse import urlsplit

SCHEME = "tcp://"


def server_address(uri: str) -> tuple[str, int]:
    """Host and port of ``tcp://host:port``; an IPv6 address stands in brackets.

    Raises:
        ValueError: ``uri`` is not of that form, or there can be no such host or port.
    """
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port or 0
        host.encode("idna")  # as the resolver will: no empty label, none over 63 characters
    except ValueError:
        host, port = "", 0
    else:
        written = f"{SCHEME}{parts.netloc}"
        if uri != written or "@" in written or not written.isprintable() or " " in written:
            host = ""
    if not host or not port:
        raise ValueError(f"{uri!r} is no address of a Wyoming server; write tcp://host:port")
    return host, port
