"""A real mosquitto on a free loopback port, for every test that asks for one."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_worker.transport import BrokerSettings, MqttLink, Will

_WAIT_S = 10.0


def free_port() -> int:
    """A TCP port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """One broker process; it may be stopped and started again on the same port."""

    def __init__(self, folder: Path, *, anonymous: bool = True, extra: str = "") -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} {self.host}\n"
            f"allow_anonymous {str(anonymous).lower()}\n"
            "persistence false\n"
            f"user {getpass.getuser()}\n"  # started by root it would become somebody else
            "set_tcp_nodelay true\n"
            "log_dest stderr\n"
            f"{extra}\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> BrokerSettings:
        """How a client of ours reaches it."""
        return BrokerSettings(host=self.host, port=self.port)

    def start(self) -> None:
        """Start it and wait until it listens."""
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        if program is None:
            pytest.fail(
                "these tests need a real mosquitto: install it with `apt install mosquitto` or "
                "`brew install mosquitto`",
                pytrace=False,
            )
        with self._config.with_suffix(".log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", self._config], stderr=log)
        deadline = time.monotonic() + _WAIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection((self.host, self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        told = self._config.with_suffix(".log").read_text()
        self.stop()
        pytest.fail(f"mosquitto did not start: {told}", pytrace=False)

    def stop(self) -> None:
        """End it; clients see a closed connection."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_WAIT_S)
            self._process = None

    def link(self, will: Will | None = None) -> MqttLink:
        """A client of ours, not yet connected."""
        return MqttLink(self.settings, will)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()
