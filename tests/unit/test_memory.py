"""Freed memory goes back to the system."""

import asyncio
import sys

import psutil
import pytest

from edge_worker import memory
from edge_worker.memory import giving_memory_back
from tests.broker.watching import until

MB = 2**20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the C library is glibc's")
async def test_memory_when_freed_between_what_is_still_used_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "_EVERY_S", 0.01)
    process = psutil.Process()
    pieces = [bytes(4000) for _ in range(50_000)]
    kept = pieces[-1]  # at the end of the heap, which therefore cannot shrink by itself
    pieces.clear()
    before = process.memory_info().rss
    running = asyncio.create_task(giving_memory_back())
    await until(lambda: before - process.memory_info().rss >= 100 * MB)
    running.cancel()
    assert len(kept) == 4000
