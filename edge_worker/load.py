"""How much of the machine this process uses."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from edge_worker.metrics import ProcessMeter

_RECENT = 3
"""Measurements that ``tau`` is the average of."""


@dataclass(frozen=True, slots=True)
class Load:
    """Averages since the measurement before."""

    tau: float = 0.0
    """CPU seconds over (seconds x usable cores)."""
    cpu: float = 0.0
    """Busy cores."""
    memory_bytes: int = 0
    """Sum of PSS of the process and its children."""


class LoadMeter:
    """Measures now and then; ``newest`` is what came of it.

    Args:
        meter: of this process.
    """

    def __init__(self, meter: ProcessMeter) -> None:
        self.newest = Load()
        self._taus: deque[float] = deque(maxlen=_RECENT)
        self._meter = meter
        self._cpu_s, self._at_s = 0.0, time.monotonic()

    @property
    def tau(self) -> float:
        """The average of the newest measurements."""
        return sum(self._taus) / len(self._taus) if self._taus else 0.0

    async def measure(self) -> Load:
        """Measure anew, in a thread.

        Raises:
            psutil.Error: the system does not tell just now.
        """
        at_s, cpu_s = time.monotonic(), await asyncio.to_thread(self._meter.cpu_s)
        memory_mb = await asyncio.to_thread(self._meter.memory_mb)
        # A child that ends between two looks takes its seconds with it for a moment.
        busy = max(0.0, cpu_s - self._cpu_s) / max(at_s - self._at_s, 1e-3)
        self._cpu_s, self._at_s = cpu_s, at_s
        self.newest = Load(
            round(busy / self._meter.cores, 4), round(busy, 3), round(memory_mb * 2**20)
        )
        self._taus.append(self.newest.tau)
        return self.newest
