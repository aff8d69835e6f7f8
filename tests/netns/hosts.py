"""Hosts for tests: start them, run programs on them, spoil their cables, end all of it."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.netns.cable import PERFECT, Cable
from tests.netns.switch import CLONE_NEWNET, SUBNET

_ROOT = Path(__file__).parents[2]
_END_S = 10.0
_ON_PARENTS_DEATH = ("setpriv", "--pdeathsig", "KILL", "--")


class NoNamespacesError(RuntimeError):
    """This machine does not give us hosts; the message says why."""


def why_not() -> str:
    """Why no hosts can be had here; empty when they can."""
    if not sys.platform.startswith("linux"):
        return f"network namespaces are Linux's; this is {sys.platform}"
    if os.geteuid():
        return "network namespaces need root"
    missing = [program for program in ("nsenter", "setpriv") if shutil.which(program) is None]
    if missing:
        return f"{' and '.join(missing)} of util-linux missing"
    if not Path("/dev/net/tun").exists():
        return "/dev/net/tun is missing"
    probe = ["unshare", "--net", "true"]
    done = subprocess.run(probe, check=False, capture_output=True, text=True, timeout=_END_S)
    return done.stderr.strip() if done.returncode else ""


@dataclass(frozen=True, slots=True)
class Host:
    """One host.

    Attributes:
        name: of the host.
        address: IPv4, on the only network that it has.
        namespace: path of its network namespace.
    """

    name: str
    address: str
    namespace: str

    def start(
        self,
        *command: str | Path,
        env: Mapping[str, str] | None = None,
        stdout: IO[bytes] | int | None = None,
        stderr: IO[bytes] | int | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program on this host; its pid is the program's own.

        Args:
            command: program and arguments; no shell.
            env: its whole environment; this process's without it.
            stdout: as in ``subprocess.Popen``.
            stderr: as in ``subprocess.Popen``.
        """
        entered = (*_ON_PARENTS_DEATH, "nsenter", f"--net={self.namespace}", "--")
        process = subprocess.Popen(
            [*entered, *map(str, command)],
            cwd=_ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
        _wait_until_bound(process)
        return process

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Sockets that this thread opens meanwhile are the host's, and stay so."""
        with Path("/proc/thread-self/ns/net").open("rb") as before:
            _enter(self.namespace)
            try:
                yield
            finally:
                _set_namespace(before.fileno())


def _wait_until_bound(process: subprocess.Popen[bytes]) -> None:
    """It dies with us only once ``setpriv`` has said so, and gone on to what it is to run."""
    deadline = time.monotonic() + _END_S
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(OSError):
            if not Path(f"/proc/{process.pid}/cmdline").read_bytes().startswith(b"setpriv\0"):
                return
        time.sleep(0.001)


class Hosts:
    """Hosts on one network, each with the others in reach.

    ``with Hosts("broker", "worker", "viewer") as hosts: hosts["worker"].start("polylip", ...)``.
    What was started on them is ended with them, by group.

    Args:
        names: of the hosts.
        seed: of the chances that cables take.

    Raises:
        NoNamespacesError: this machine does not give us hosts.
    """

    def __init__(self, *names: str, seed: int = 1) -> None:
        self._names = names
        self._seed = seed
        self._switch: subprocess.Popen[str] | None = None
        self._hosts: dict[str, Host] = {}
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        reason = why_not()
        if reason:
            raise NoNamespacesError(reason)
        command = (sys.executable, "-m", "tests.netns.switch", str(self._seed), *self._names)
        self._switch = switch = subprocess.Popen(
            [*_ON_PARENTS_DEATH, *command],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        told = self._read(switch)
        for number, name in enumerate(self._names, start=1):
            path = f"/proc/{switch.pid}/fd/{json.loads(told)[name]}"
            self._hosts[name] = Host(name, f"{SUBNET}.{number}", path)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in reversed(self._started):
            end(process)
        if self._switch is not None:
            self._end_switch(self._switch)
        self._hosts.clear()

    def __getitem__(self, name: str) -> Host:
        return self._hosts[name]

    def run(
        self,
        name: str,
        *command: str | Path,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program on a host, to be ended with the hosts; its output goes to ``log``."""
        with (log or Path(os.devnull)).open("ab") as written:
            process = self[name].start(*command, env=env, stdout=written, stderr=written)
        self._started.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """End it without a word, as by ``kill -9``; its children as well."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(_END_S)

    def spoil(self, name: str, cable: Cable) -> None:
        """Change a host's cable; it holds when this returns."""
        switch = self._switch
        if switch is None or switch.stdin is None:
            raise RuntimeError("the hosts have not been started")
        switch.stdin.write(json.dumps({"host": name, "cable": asdict(cable)}) + "\n")
        switch.stdin.flush()
        self._read(switch)

    def cut(self, name: str) -> None:
        """Pull a host's cable; it is whole again by ``spoil(name, PERFECT)``."""
        self.spoil(name, Cable(loss=1.0))

    def mend(self, name: str) -> None:
        """Give a host a perfect cable."""
        self.spoil(name, PERFECT)

    def _read(self, switch: subprocess.Popen[str]) -> str:
        assert switch.stdout is not None
        line = switch.stdout.readline()
        if not line:
            told = switch.communicate()[1]
            raise NoNamespacesError(f"the switch ended: {told.strip()[-500:]}")
        return line

    def _end_switch(self, switch: subprocess.Popen[str]) -> None:
        switch.communicate(timeout=_END_S)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask a program to end; it and what it started are killed if they do not."""
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_END_S)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(_END_S)


def _enter(path: str) -> None:
    with Path(path).open("rb") as namespace:
        _set_namespace(namespace.fileno())


def _set_namespace(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")
