"""A broker of our own for the demo, where none is installed: loopback only, nothing kept on disk.

Not a replacement for a real one: no access control, no persistence, one machine.
"""

import logging
import socket
import tempfile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from edge_worker.transport.settings import BrokerSettings

if TYPE_CHECKING:
    from iotcore import Broker

_log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_PAYLOAD_LIMIT = 4 * 1024 * 1024

# rumqttd's own defaults listen on all interfaces, speak MQTT 3.1.1 and refuse more than 20 KB.
_CONFIG = """\
id = 0
[router]
id = 0
max_connections = 1024
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
[v5.1]
name = "v5"
listen = "{host}:{port}"
next_connection_delay_ms = 1
[v5.1.connections]
connection_timeout_ms = 60000
max_payload_size = {limit}
max_inflight_count = 100
dynamic_filters = true
"""


class BrokerUnavailableError(Exception):
    """The embedded broker could not be started; the message says what to do."""


class EmbeddedBroker:
    """An MQTT 5 broker in a child process that ends with this one.

    Args:
        port: where to listen on loopback; 0 takes a free one.
    """

    host = _HOST

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._broker: Broker | None = None

    @property
    def settings(self) -> BrokerSettings:
        """How a client reaches it."""
        return BrokerSettings(host=self.host, port=self.port)

    def start(self) -> None:
        """Start it and wait until it listens (well under a second).

        Raises:
            BrokerUnavailableError: the package is missing, the port is taken, or it did not start.
        """
        try:
            from iotcore import Broker  # noqa: PLC0415 - only the demo has it
        except ImportError as error:
            raise BrokerUnavailableError(
                "the embedded broker is not installed: install polylip[demo], or name a broker "
                "with --host and --port"
            ) from error
        self.port = self.port or _free_port()
        self._folder = tempfile.TemporaryDirectory(prefix="polylip-broker-")
        config = Path(self._folder.name) / "broker.toml"
        config.write_text(_CONFIG.format(host=self.host, port=self.port, limit=_PAYLOAD_LIMIT))
        try:
            self._broker = Broker(config_path=str(config)).start()
        except (OSError, RuntimeError) as error:
            self.stop()
            raise BrokerUnavailableError(
                f"the embedded broker did not start on {self.host}:{self.port}: {error}"
            ) from error
        _log.info("embedded MQTT broker listens on %s:%d", self.host, self.port)

    def stop(self) -> None:
        """End it; may be called twice."""
        if self._broker is not None:
            self._broker.stop()
            self._broker = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
