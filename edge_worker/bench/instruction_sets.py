"""Run a process as on an older processor: every library finds fewer instruction sets.

Most runtimes have a switch of their own for this and some have none (onnxruntime, FFmpeg, x264), so
the processor's answer itself is changed, for all of them at once: see ``cpuid_mask.c``.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from edge_worker.bench import BenchFailedError

_SOURCE = Path(__file__).with_name("cpuid_mask.c")
_GLIBC = ("AVX512F", "AVX512VL", "AVX512BW", "AVX512DQ", "AVX512CD", "AVX512ER")
_GLIBC_AVX = ("AVX", "AVX2", "FMA", "BMI1", "BMI2")
_PROBE = (
    "from numpy._core._multiarray_umath import __cpu_features__ as f;"
    "print(*(name for name, here in f.items() if here))"
)


class InstructionSets(StrEnum):
    """What the libraries are left with."""

    ALL = "all"
    """Whatever the processor has."""
    AVX2 = "avx2"
    """A Haswell of 2013: AVX2 and FMA, no AVX-512, VNNI or AMX."""
    SSE42 = "sse4.2"
    """No AVX at all: Celeron and Pentium boxes before 2023."""


def limited_to(sets: InstructionSets, folder: Path) -> Mapping[str, str]:
    """Environment in which a process finds no more than ``sets``; checked that it does so.

    Args:
        sets: what is left.
        folder: for the compiled mask.

    Raises:
        BenchFailedError: this machine cannot; the message says why.
    """
    if sets is InstructionSets.ALL:
        return {}
    environment = {
        "LD_PRELOAD": str(_compiled(folder).resolve()),
        "POLYLIP_BENCH_ISA": sets.value,
        # The C library chooses before anything is preloaded.
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=" + ",".join(f"-{name}" for name in _glibc(sets)),
    }
    left = found(environment)
    unwanted = [name for name in left if name.startswith("AVX512")]
    if sets is InstructionSets.SSE42:
        unwanted += [name for name in left if name in {"AVX", "AVX2"}]
    if unwanted:
        raise BenchFailedError(
            f"instruction sets cannot be limited to {sets}: libraries still find {unwanted}. "
            "Linux on a processor with CPUID faulting is needed (flag cpuid_fault in /proc/cpuinfo)"
        )
    return environment


def found(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Features of the processor that numpy finds in a process with ``environment``."""
    probe = subprocess.run(  # noqa: S603 - this interpreter, words of our own
        [sys.executable, "-c", _PROBE],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if probe.returncode != 0:
        raise BenchFailedError(
            f"a process limited by {dict(environment)} ended with {probe.returncode}: "
            f"{probe.stderr[-300:]}"
        )
    return tuple(probe.stdout.split())


def _glibc(sets: InstructionSets) -> tuple[str, ...]:
    return (*_GLIBC, *_GLIBC_AVX) if sets is InstructionSets.SSE42 else _GLIBC


def _compiled(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or not sys.platform.startswith("linux"):
        raise BenchFailedError("instruction sets can be limited only on Linux with a C compiler")
    library = folder / "cpuid_mask.so"
    made = subprocess.run(  # noqa: S603 - the machine's own compiler on our own source
        [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise BenchFailedError(f"{_SOURCE.name} cannot be compiled here: {made.stderr[-300:]}")
    return library
