"""What is measured while it runs: latencies by stage, process time against media time, memory."""

from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np
import psutil

from edge_worker.cores import usable_cores

_KEPT = 512


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Median and 95th percentile of the newest measurements."""

    p50: float
    p95: float
    count: int


class Measurements:
    """Named series of the newest values, in the unit that the name says."""

    def __init__(self) -> None:
        self._series: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))

    def add(self, name: str, value: float) -> None:
        """Add one value."""
        self._series[name].append(value)

    def summary(self) -> dict[str, Percentiles]:
        """Every series that has values."""
        return {
            name: Percentiles(
                round(float(np.percentile(values, 50)), 3),
                round(float(np.percentile(values, 95)), 3),
                len(values),
            )
            for name, values in self._series.items()
            if values
        }


class ProcessMeter:
    """CPU time and memory of a process and its children.

    Args:
        pid: of the process; None for this one.

    Raises:
        psutil.Error: it does not exist.
    """

    def __init__(self, pid: int | None = None) -> None:
        self._process = psutil.Process(pid)
        self.cores = usable_cores(pid)

    def cpu_s(self) -> float:
        """CPU seconds so far, all threads, children that have ended included."""
        times = self._process.cpu_times()
        children = sum(self._child_cpu_s(child) for child in self._process.children(recursive=True))
        return float(
            times.user + times.system + times.children_user + times.children_system + children
        )

    def memory_mb(self) -> float:
        """Sum of PSS of the process and its children, in MiB."""
        processes = [self._process, *self._process.children(recursive=True)]
        return sum(self._pss(process) for process in processes) / 2**20

    @staticmethod
    def _child_cpu_s(child: psutil.Process) -> float:
        try:
            times = child.cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    @staticmethod
    def _pss(process: psutil.Process) -> int:
        try:
            full = process.memory_full_info()
        except psutil.Error:
            return 0
        return int(getattr(full, "pss", full.rss))
