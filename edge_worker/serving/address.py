"""Under which address others reach what is served here."""

import contextlib
import socket

from edge_worker.config import HttpSection
from edge_worker.transport import BrokerSettings

_ANY = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not bound to


def base_url(config: HttpSection, port: int, broker: BrokerSettings) -> str:
    """The base URL, without a slash at its end.

    Args:
        config: section ``http``; its ``url`` wins.
        port: that is listened on.
        broker: what is bound to every address is reached by the one that leads to the broker.
    """
    if config.url:
        return config.url.rstrip("/")
    host = config.bind if config.bind not in _ANY else _address_towards(broker.host, broker.port)
    scheme = "https" if config.cert_file else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _address_towards(host: str, port: int) -> str:
    """Our address on the way to ``host``; nothing is sent."""
    with contextlib.suppress(OSError):
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0])
    return socket.gethostname()
