"""A real mosquitto on loopback, for benches of what goes over a broker."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from edge_worker.bench import BenchFailedError
from edge_worker.transport import BrokerSettings

_HOST = "127.0.0.1"
_WAIT_S = 10.0
_CONFIG = """\
listener {port} {host}
allow_anonymous true
persistence false
user {user}
set_tcp_nodelay true
log_dest stderr
"""


class Mosquitto:
    """One broker process, ended with the context.

    Args:
        folder: for its configuration and its log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind((_HOST, 0))
            self._port = int(probe.getsockname()[1])

    @property
    def settings(self) -> BrokerSettings:
        """How a client reaches it."""
        return BrokerSettings(host=_HOST, port=self._port)

    def __enter__(self) -> Self:
        """Start it and wait until it listens.

        Raises:
            BenchFailedError: it is not installed, or did not start.
        """
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
        if program is None:
            raise BenchFailedError(
                "this bench needs a real mosquitto: install it with `apt install mosquitto` or "
                "`brew install mosquitto`"
            )
        config, log = self._folder / "mosquitto.conf", self._folder / "mosquitto.log"
        # Started by root it would become somebody else, who cannot read this folder.
        text = _CONFIG.format(port=self._port, host=_HOST, user=getpass.getuser())
        config.write_text(text, encoding="utf-8")
        with log.open("wb") as file:
            command = [program, "-c", str(config)]
            self._process = subprocess.Popen(command, stderr=file)  # noqa: S603 - found by name, no shell
        if not self._listens():
            self._stop()
            told = log.read_text(encoding="utf-8", errors="replace")
            raise BenchFailedError(f"mosquitto did not start: {told}")
        return self

    def kill(self) -> None:
        """End it at once, as a power cut does; it may be entered again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_WAIT_S)
            self._process = None

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End it."""
        self._stop()

    def _listens(self) -> bool:
        deadline = time.monotonic() + _WAIT_S
        while self._process is not None and time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            try:
                socket.create_connection((_HOST, self._port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return True
        return False

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_WAIT_S)
            self._process = None
