"""An RTSP URL taken apart: what is asked for, and the account, which is shown to nobody."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_PORTS = {"rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class RtspLocation:
    """Where an RTSP server is, and who asks."""

    url: str
    """As it stands in requests, without the account."""
    host: str
    port: int
    encrypted: bool
    account: tuple[str, str] | None = field(default=None, repr=False)
    """User and password."""

    @classmethod
    def read(cls, text: str) -> "RtspLocation":
        """Take a URL apart; user and password are percent-decoded.

        Raises:
            ValueError: it is not an RTSP URL with a host; the text is not repeated.
        """
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise ValueError("the RTSP URL cannot be read; is its password encoded?") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("an RTSP URL is written rtsp://user:password@host:port/path")
        account = None
        if parts.username is not None:
            account = (unquote(parts.username), unquote(parts.password or ""))
        return cls(
            url=parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl(),
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            encrypted=parts.scheme == "rtsps",
            account=account,
        )
