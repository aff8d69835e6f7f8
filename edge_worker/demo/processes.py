"""The demo's worker and camera: processes of their own, as at a user's home."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psutil

from edge_worker.metrics import ProcessMeter

_STOP_S = 15.0


class ProcessFailedError(Exception):
    """A process of the demo ended badly; the message holds its last words."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its children have used so far."""

    cpu_s: float
    memory_mb: float
    """Sum of PSS now."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a process is allowed of the machine."""

    cores: frozenset[int] = frozenset()
    """Numbers of the cores it may run on; empty: those of this process."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Added to this process's."""


class PolylipProcess:
    """``polylip`` run beside this process; ended with the context.

    Args:
        name: for messages, and of its log file.
        arguments: after ``polylip``.
        log: where its output goes.
        confinement: what it is allowed of the machine.
    """

    def __init__(
        self,
        name: str,
        arguments: list[str],
        log: Path,
        confinement: Confinement | None = None,
    ) -> None:
        self.name = name
        self._arguments = arguments
        self._log = log
        self._confinement = confinement or Confinement()
        self._file: IO[bytes] | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._file = self._log.open("wb")
        with _on_cores(self._confinement.cores):
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "edge_worker",
                *self._arguments,
                stdout=self._file,
                stderr=asyncio.subprocess.STDOUT,
                env=os.environ | self._confinement.environment,
            )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()
        if self._file is not None:
            self._file.close()

    async def wait(self) -> None:
        """Wait for its end.

        Raises:
            ProcessFailedError: it ended badly.
        """
        if self._process is not None and await self._process.wait() != 0:
            raise ProcessFailedError(self.last_words())

    async def stop(self) -> None:
        """Ask it to finish; after 15 s, end it."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def kill(self) -> None:
        """End it without a word, as a crash does."""
        process = self._process
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()

    def usage(self) -> Usage:
        """CPU time and memory up to now; zeros once it has ended."""
        if self._process is None:
            return Usage(0.0, 0.0)
        try:
            meter = ProcessMeter(self._process.pid)
            return Usage(meter.cpu_s(), meter.memory_mb())
        except psutil.Error:
            return Usage(0.0, 0.0)

    def last_words(self) -> str:
        """The end of its output."""
        text = self._log.read_text(encoding="utf-8", errors="replace").strip()
        return f"{self.name} ended: " + "\n".join(text.splitlines()[-6:])


@contextmanager
def _on_cores(cores: frozenset[int]) -> Iterator[None]:
    """A process begins on the cores of the thread that starts it."""
    if not cores:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
