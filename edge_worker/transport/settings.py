"""How to reach the broker; checked when made, so that a mistake is told before anything runs."""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from mqtt_schemas import DEFAULT_PREFIX, check_prefix


class MqttVersion(StrEnum):
    """Protocol spoken with the broker; 3.1.1 works without properties and expiry."""

    V5 = "5"
    V311 = "3.1.1"


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates for an encrypted connection."""

    ca: Path | None = None
    """PEM file of the authority that signed the broker's certificate; None: the system's own."""
    cert: Path | None = None
    """PEM file of this client's certificate, for brokers that ask for one."""
    key: Path | None = None
    """PEM file of the key that belongs to ``cert``."""

    def __post_init__(self) -> None:
        for name, path in (("ca", self.ca), ("cert", self.cert), ("key", self.key)):
            if path is not None and not path.is_file():
                raise ValueError(f"TLS {name}: there is no file {path}")
        if (self.cert is None) != (self.key is None):
            raise ValueError("TLS: a client certificate needs both cert and key")

    def context(self) -> ssl.SSLContext:
        """Build the client side's context, which verifies the broker's name and certificate.

        Raises:
            ValueError: a file holds no usable certificate or key.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.cert is not None:
                context.load_cert_chain(self.cert, self.key)
        except ssl.SSLError as error:
            named = ", ".join(str(path) for path in (self.ca, self.cert, self.key) if path)
            raise ValueError(f"TLS: {named}: not a usable PEM file ({error})") from error
        return context


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Address of the broker and how this client presents itself."""

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    client_id: str | None = None
    """None lets the broker choose; two clients with one id throw each other out."""
    keepalive_s: int = 3
    prefix: str = DEFAULT_PREFIX
    """First level of every topic of ours."""
    version: MqttVersion = MqttVersion.V5

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("broker: the host name is empty")
        if not 0 < self.port < 65536:
            raise ValueError(f"broker: port {self.port} is not within 1-65535")
        if self.keepalive_s < 1:
            raise ValueError(f"broker: a keepalive of {self.keepalive_s} s is below 1 s")
        check_prefix(self.prefix)

    @property
    def address(self) -> str:
        """For messages: ``host:port``."""
        return f"{self.host}:{self.port}"
