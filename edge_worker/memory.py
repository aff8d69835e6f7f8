"""What was freed goes back to the system: a worker runs for a year, and others want memory too."""

import asyncio
import ctypes
from contextlib import suppress

_EVERY_S = 60.0


def give_memory_back() -> None:
    """Return what was freed to the system; the C library would keep most of it for itself."""
    with suppress(OSError, AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


async def giving_memory_back() -> None:
    """Do so every minute until cancelled.

    Pictures, sound and tensors come and go in many threads, each with an arena of its own, and what
    is left free between them adds up.
    """
    while True:
        await asyncio.sleep(_EVERY_S)
        await asyncio.to_thread(give_memory_back)
