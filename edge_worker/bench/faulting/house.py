"""A broker and a worker that can be killed, and come back as a supervisor brings them back."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from edge_worker.bench import BenchFailedError
from edge_worker.bench.mosquitto import Mosquitto
from edge_worker.cores import usable_cores
from edge_worker.transport import BrokerSettings

_DUTY_S = 0.04


class WorkerProcess:
    """``polylip worker``, which its supervisor starts again when it ends.

    Args:
        broker: where it connects.
        log: file for what it says; ``/dev/full`` for a full disk.
        worker: id.
    """

    def __init__(self, broker: BrokerSettings, log: Path, worker: str = "box") -> None:
        self._arguments = [
            *(sys.executable, "-m", "edge_worker", "worker", f"--worker={worker}"),
            *(f"--host={broker.host}", f"--port={broker.port}", "--to=en", "--from=pt"),
        ]
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    def log_to(self, log: Path) -> None:
        """From its next start on."""
        self._log = log

    async def start(self) -> None:
        """Start it."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._arguments, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        """End it at once, as a power cut does."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), 15)
            except TimeoutError:
                await self.kill()

    async def starve(self, seconds: float, cores: float) -> None:
        """Let it have so many cores on average, in turns of 40 ms."""
        process = self._process
        if process is None or process.returncode is not None:
            raise BenchFailedError("the worker has ended; see worker.log")
        share = min(1.0, cores / usable_cores())
        until = asyncio.get_running_loop().time() + seconds
        try:
            while asyncio.get_running_loop().time() < until:
                os.kill(process.pid, signal.SIGSTOP)
                await asyncio.sleep(_DUTY_S * (1 - share))
                os.kill(process.pid, signal.SIGCONT)
                await asyncio.sleep(_DUTY_S * share)
        finally:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)


class MortalBroker(Mosquitto):
    """A mosquitto that can be killed and comes back on the same port."""

    async def fall(self, seconds: float) -> None:
        """Kill it at once; start it again after so long."""
        self.kill()
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self.__enter__)
