import os
from pathlib import Path

import pytest

from edge_worker.cores import all_but_one, usable_cores

HERE = len(os.sched_getaffinity(0))


def machine(root: Path, cgroup: str, files: dict[str, str]) -> Path:
    """A file system that tells of control groups."""
    for name, text in {"proc/self/cgroup": cgroup, **files}.items():
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text + "\n", encoding="ascii")
    return root


def test_cores_when_the_process_is_bound_to_one_then_it_has_one(tmp_path: Path) -> None:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert usable_cores(root=tmp_path) == 1
    finally:
        os.sched_setaffinity(0, before)
    assert usable_cores(root=tmp_path) == len(before)


@pytest.mark.parametrize(
    ("cgroup", "files", "cores"),
    [
        # A container's own namespace: its group is the root.
        ("0::/", {"sys/fs/cgroup/cpu.max": "50000 100000"}, 0.5),
        # Without a namespace, and the tighter limit above.
        (
            "0::/system.slice/polylip.service",
            {
                "sys/fs/cgroup/system.slice/cpu.max": "70000 100000",
                "sys/fs/cgroup/system.slice/polylip.service/cpu.max": "90000 100000",
            },
            0.7,
        ),
        (
            "4:cpu,cpuacct:/docker/x\n0::/",
            {
                "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "25000",
                "sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us": "50000",
            },
            0.5,
        ),
        ("0::/", {"sys/fs/cgroup/cpu.max": "100 100000"}, 0.1),
    ],
)
def test_cores_when_a_container_is_limited_then_its_quota_counts(
    tmp_path: Path, cgroup: str, files: dict[str, str], cores: float
) -> None:
    assert usable_cores(root=machine(tmp_path, cgroup, files)) == cores


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"sys/fs/cgroup/cpu.max": "max 100000"},
        {"sys/fs/cgroup/cpu.max": "6400000 100000"},
        {"sys/fs/cgroup/cpu.max": "nonsense"},
    ],
)
def test_cores_when_no_quota_binds_then_the_scheduler_decides(
    tmp_path: Path, files: dict[str, str]
) -> None:
    assert usable_cores(root=machine(tmp_path, "0::/", files)) == HERE


@pytest.mark.parametrize(("cores", "threads"), [(0.5, 1), (1, 1), (1.5, 1), (2, 1), (4, 3)])
def test_threads_when_an_engine_takes_all_but_one_core_then_one_is_left(
    cores: float, threads: int
) -> None:
    assert all_but_one(cores) == threads
