"""The servers that a Home Assistant user runs: wyoming-faster-whisper and wyoming-piper."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.broker.conftest import free_port

_WAIT_S = 60.0


class WyomingProgram:
    """One server process; it may be stopped and started again on the same port.

    Args:
        module: what is run.
        arguments: without the address.
        folder: for its log.
    """

    def __init__(self, module: str, arguments: Sequence[str], folder: Path) -> None:
        port = free_port()
        self.uri = f"tcp://127.0.0.1:{port}"
        self._address = ("127.0.0.1", port)
        self._command = [sys.executable, "-m", module, "--uri", self.uri, *arguments]
        self._log = folder / f"{module}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens."""
        offline = {**os.environ, "HF_HUB_OFFLINE": "1"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, env=offline, cwd=self._log.parent
            )
        deadline = time.monotonic() + _WAIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(self._address, 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        self.stop()
        pytest.fail(f"the server does not start:\n{self._log.read_text()[-2000:]}", pytrace=False)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running(server: WyomingProgram) -> Iterator[WyomingProgram]:
    """The server, started, ended afterwards."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


def whisper_server(model: Path, folder: Path) -> WyomingProgram:
    """wyoming-faster-whisper with a CTranslate2 Whisper on disk."""
    options = ["--model", str(model), "--data-dir", str(folder), "--language", "auto"]
    options += ["--compute-type", "int8", "--beam-size", "1", "--cpu-threads", "2"]
    return WyomingProgram("wyoming_faster_whisper", [*options, "--local-files-only"], folder)


def piper_server(voice: Path, folder: Path) -> WyomingProgram:
    """wyoming-piper with a voice on disk, saying the same thing the same way each time."""
    options = [
        "--voice",
        voice.stem,
        "--data-dir",
        str(voice.parent),
        "--download-dir",
        str(folder),
    ]
    return WyomingProgram(
        "wyoming_piper", [*options, "--noise-scale", "0", "--noise-w-scale", "0"], folder
    )
