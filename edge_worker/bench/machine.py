"""The machine that a bench ran on: enough to compare figures by, nothing of whose it is."""

import platform
import re
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from edge_worker.cores import usable_cores

_PACKAGES = ("onnxruntime", "ctranslate2", "av", "opencv-python-headless", "numpy")
_INSTRUCTION_SETS = (
    *("sse4_2", "avx", "avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16"),
    *("amx_int8", "amx_bf16", "asimd", "asimddp", "asimdhp", "i8mm", "bf16", "sve"),
)
"""Flags of ``/proc/cpuinfo`` that the runtimes look for, x86-64 and arm64."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What figures depend on; no host name, no paths."""

    cpu: str
    """Model as the system names it."""
    architecture: str
    """``x86_64``, ``aarch64``, ..."""
    cores: float
    """Cores that this process may use: affinity, and a container's quota."""
    instruction_sets: tuple[str, ...]
    """Those the runtimes look for."""
    memory_mb: int
    """Installed, MiB."""
    system: str
    python: str
    packages: tuple[tuple[str, str], ...]
    """Name and version of each runtime that is installed."""

    def sentence(self) -> str:
        """All of it for people."""
        versions = ", ".join(f"{name} {version}" for name, version in self.packages)
        return (
            f"{self.cpu} ({self.architecture}), {self.cores:g} usable cores, "
            f"{' '.join(self.instruction_sets) or 'no known instruction sets'}; "
            f"{self.memory_mb / 1024:.1f} GiB; {self.system}; Python {self.python}; {versions}."
        )


def this_machine() -> Machine:
    """The machine that this process runs on."""
    cpuinfo = _text(Path("/proc/cpuinfo"))
    return Machine(
        cpu=_cpu_model(cpuinfo),
        architecture=platform.machine(),
        cores=usable_cores(),
        instruction_sets=_instruction_sets(cpuinfo),
        memory_mb=round(psutil.virtual_memory().total / 2**20),
        system=_system(),
        python=platform.python_version(),
        packages=tuple((name, version) for name in _PACKAGES if (version := _version(name))),
    )


def _cpu_model(cpuinfo: str) -> str:
    named = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    if named:
        family, model = (
            found[1]
            if (found := re.search(rf"^{key}\s*:\s*(\d+)$", cpuinfo, re.MULTILINE))
            else "?"
            for key in ("cpu family", "model")
        )
        return f"{named[1].strip()}, family {family} model {model}"
    return platform.processor() or platform.machine()


def _instruction_sets(cpuinfo: str) -> tuple[str, ...]:
    line = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    flags = set(line[1].split()) if line else set()
    return tuple(name for name in _INSTRUCTION_SETS if name in flags)


def _system() -> str:
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", sys.platform)
    except OSError:
        name = platform.system()
    return f"{name}, {platform.system()} {platform.release()}"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
