"""How many cores a process may really use: its affinity, and the quota of its container."""

import os
from collections.abc import Iterator
from pathlib import Path

_CGROUPS = "sys/fs/cgroup"
_LEAST = 0.1


def usable_cores(pid: int | None = None, root: Path = Path("/")) -> float:
    """Cores that a process may use, a tenth of one at least.

    A container that is limited to one and a half cores still sees all of the machine's. The kernel
    tells of the limit only in the control groups that the process is in, each bound by those above
    it: ``cpu.max`` (cgroup v2), ``cpu.cfs_quota_us`` over ``cpu.cfs_period_us`` (v1).

    Args:
        pid: of the process; None for this one.
        root: of the file system; another one in tests.
    """
    return max(_LEAST, min([float(_scheduled(pid)), *_quotas(pid, root)]))


def all_but_one(cores: float) -> int:
    """Threads for an engine that leaves one of the cores to everything else; one at least."""
    return max(1, round(cores) - 1)


def _scheduled(pid: int | None) -> int:
    """Cores that the scheduler may use; macOS cannot tell, and has them all."""
    if hasattr(os, "sched_getaffinity"):
        try:
            return len(os.sched_getaffinity(pid or 0))
        except OSError:
            return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(pid: int | None, root: Path) -> Iterator[float]:
    for line in _text(root / "proc" / str(pid or "self") / "cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        unified = number == "0"
        if not unified and "cpu" not in controllers.split(","):
            continue
        mount = root / _CGROUPS / controllers
        group = mount / path.strip("/")
        for place in (group, *group.parents):
            if not place.is_relative_to(mount):
                break
            quota = _unified(place) if unified else _legacy(place)
            if quota is not None:
                yield quota


def _unified(group: Path) -> float | None:
    quota, _, period = _text(group / "cpu.max").strip().partition(" ")
    return _ratio(quota, period)


def _legacy(group: Path) -> float | None:
    return _ratio(_text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us"))


def _ratio(quota: str, period: str) -> float | None:
    """Quota over period, both microseconds; None where there is no limit (``max``, -1)."""
    try:
        allowed, length = int(quota), int(period)
    except ValueError:
        return None
    return allowed / length if allowed > 0 and length > 0 else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
