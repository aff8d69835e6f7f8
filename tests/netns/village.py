"""A broker, a worker and a camera as processes of their own on hosts of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_worker.transport import BrokerSettings
from tests.netns import Hosts

SAMPLE = Path(__file__).parents[2] / "edge_worker" / "demo" / "sample" / "visitor.mp4"
MQTT_PORT = 1883
HTTP_PORT = 8090

Process = subprocess.Popen[bytes]


class Village:
    """Hosts with something to do.

    Args:
        hosts: among them ``broker``.
        folder: for logs and configuration.
    """

    def __init__(self, hosts: Hosts, folder: Path) -> None:
        self.hosts = hosts
        self._folder = folder
        self._environment = os.environ | {"PYTHONUNBUFFERED": "1"}

    @property
    def broker_settings(self) -> BrokerSettings:
        """How a client of ours on any host reaches the broker."""
        return BrokerSettings(host=self.hosts["broker"].address, port=MQTT_PORT)

    def log(self, name: str) -> str:
        """What a process has said."""
        path = self._folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def broker(self) -> Process:
        """A mosquitto that everybody may use."""
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.fail("mosquitto is missing: apt install mosquitto", pytrace=False)
        config = self._folder / "mosquitto.conf"
        config.write_text(
            f"listener {MQTT_PORT} {self.hosts['broker'].address}\nallow_anonymous true\n"
            "persistence false\nuser root\nset_tcp_nodelay true\nlog_dest stderr\n"
        )
        return self._run("broker", "mosquitto", program, "-c", config)

    def worker(self, *options: str, host: str = "worker") -> Process:
        """``polylip worker``, named as its host."""
        return self._polylip(host, "worker", "--worker", host, *options)

    def camera(self, stream: str, *options: str, host: str = "camera") -> Process:
        """``polylip camera`` with the sample's visitor, again and again."""
        command = ("camera", str(SAMPLE), "--stream", stream, "--loop", *options)
        return self._polylip(host, *command)

    def _polylip(self, host: str, *arguments: str) -> Process:
        broker = ("--host", self.hosts["broker"].address, "--port", str(MQTT_PORT))
        return self._run(host, host, sys.executable, "-m", "edge_worker", *arguments, *broker)

    def _run(self, host: str, name: str, *command: str | Path) -> Process:
        log = self._folder / f"{name}.log"
        return self.hosts.run(host, *command, env=self._environment, log=log)
