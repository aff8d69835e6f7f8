"""A process that is told of an older processor believes it, and computes the same."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge_worker.bench import BenchFailedError, instruction_sets
from edge_worker.bench.instruction_sets import InstructionSets, found, limited_to

CPUINFO = Path("/proc/cpuinfo")
FAULTING = CPUINFO.exists() and "cpuid_fault" in CPUINFO.read_text(encoding="utf-8")
here = pytest.mark.skipif(
    platform.machine() != "x86_64" or not FAULTING or shutil.which("cc") is None,
    reason="needs a C compiler and a processor whose CPUID can be made to fault",
)
PRODUCT = """
import cv2, numpy as np
a = np.random.default_rng(1).random((64, 64), np.float32)
print(round(float((a @ a).sum()), 1), cv2.checkHardwareSupport(13), cv2.checkHardwareSupport(11))
"""


def product(environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PRODUCT],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def test_sets_when_all_are_wanted_then_nothing_is_changed(tmp_path: Path) -> None:
    assert limited_to(InstructionSets.ALL, tmp_path) == {}


@here
@pytest.mark.parametrize(
    ("sets", "left"), [(InstructionSets.AVX2, "True"), (InstructionSets.SSE42, "False")]
)
def test_sets_when_limited_then_libraries_find_no_more_and_still_compute(
    tmp_path: Path, sets: InstructionSets, left: str
) -> None:
    environment = dict(limited_to(sets, tmp_path))
    names = found(environment)
    assert str("AVX2" in names) == left
    assert not [name for name in names if name.startswith("AVX512")]
    total, avx512_seen, avx2_seen = product(environment)
    assert total == product({})[0]
    assert (avx512_seen, avx2_seen) == ("False", left)


@here
def test_sets_when_the_mask_does_not_take_then_the_bench_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instruction_sets, "found", lambda _: ("SSE42", "AVX2", "AVX512F"))
    with pytest.raises(BenchFailedError, match=r"limited to avx2: .*\['AVX512F'\]"):
        limited_to(InstructionSets.AVX2, tmp_path)


def test_sets_when_there_is_no_compiler_then_the_bench_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(BenchFailedError, match="C compiler"):
        limited_to(InstructionSets.SSE42, tmp_path)
