"""The machine: processor, memory, disk, clock, graphics processor."""

import ctypes
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from edge_worker.bench.machine import this_machine
from edge_worker.cores import usable_cores
from edge_worker.doctor.findings import Finding, ill, warning, well

_GIB = 2**30
_MEMORY, _DISK = 2 * _GIB, 2 * _GIB
"""A worker with the default engines takes 0.9 GiB, the models 0.4."""
_CORES = 2.0
_UNSYNCHRONISED = 0x40  # STA_UNSYNC of adjtimex(2)


def examine_machine(models: Path) -> Iterator[Finding]:
    """Look at the machine.

    Args:
        models: where models are kept.
    """
    yield _processor()
    yield _memory(psutil.virtual_memory().available)
    yield _disk(models)
    yield _clock(_synchronised())
    yield _graphics()


def _processor() -> Finding:
    machine, cores = this_machine(), usable_cores()
    found = f"{machine.cpu} ({machine.architecture}), {cores:g} usable cores"
    if cores < _CORES:
        return warning(
            "processor",
            found,
            "lips are rendered on two cores and more; on one, expect sound and captions "
            "(docs/boxes.md)",
        )
    fast = {"avx2", "asimd"} & set(machine.instruction_sets)
    if machine.instruction_sets and not fast:
        return warning("processor", f"{found}; neither AVX2 nor NEON", "expect captions only")
    return well("processor", found)


def _memory(available: int) -> Finding:
    found = f"{available / _GIB:.1f} GiB free"
    if available < _MEMORY:
        return warning(
            "memory", found, f"a worker with the default engines wants {_MEMORY / _GIB:.0f} GiB"
        )
    return well("memory", found)


def _disk(folder: Path) -> Finding:
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return ill("disk", f"{folder}: {error.strerror}", "name another one in downloads.folder")
    found = f"{free / _GIB:.1f} GiB free for models in {folder}"
    if free < _DISK:
        return warning(
            "disk", found, "make room, or name another place in the setting downloads.folder"
        )
    return well("disk", found)


def _synchronised() -> bool | None:
    """Whether the kernel's clock is disciplined by NTP or the like; None where it does not tell."""
    if not sys.platform.startswith("linux"):
        return None
    buffer = ctypes.create_string_buffer(512)  # struct timex, whose `modes` of 0 only reads
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.adjtimex(buffer) < 0:
            return None
        # modes (int, padded to a long), offset, freq, maxerror, esterror, then status (int).
        longs = ctypes.sizeof(ctypes.c_long)
        return not int.from_bytes(buffer.raw[5 * longs :][:4], sys.byteorder) & _UNSYNCHRONISED
    return None


def _clock(synchronised: bool | None) -> Finding:  # noqa: FBT001 - three-valued, asked of the kernel
    if synchronised:
        return well("clock", "synchronised")
    return warning(
        "clock",
        "the kernel does not say that its clock is synchronised",
        "run chrony or systemd-timesyncd on every machine that takes part: latencies are "
        "reckoned across them, and messages of another day are refused",
    )


def _graphics() -> Finding:
    nothing = "no GPU is used; all default engines run on the processor"
    try:
        import ctranslate2  # noqa: PLC0415 - a camera box has none
    except ImportError:
        return well("GPU", nothing)
    try:
        count = ctranslate2.get_cuda_device_count()
    except RuntimeError as error:
        return warning("GPU", f"its driver answers: {error}", "see the driver's installation")
    return well("GPU", f"{count} CUDA devices, for recognition" if count else nothing)
