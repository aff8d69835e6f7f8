"""Waiting for a session's thread from outside the session."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import cast

import pytest

from edge_worker.media.clock import ClockAnchor
from edge_worker.session.intake import Intake
from edge_worker.session.source import Source, Strain, Witness
from edge_worker.session.thread import unless_ended


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    opened = threading.Event()
    yield opened
    opened.set()


async def test_work_when_its_turn_comes_then_its_result_or_error_is_given() -> None:
    with ThreadPoolExecutor(1) as thread:
        assert await unless_ended(thread, lambda: "done") == "done"
        with pytest.raises(ZeroDivisionError):
            await unless_ended(thread, lambda: 1 // 0)


async def test_work_when_the_thread_ends_before_its_turn_then_the_caller_goes_on(
    gate: threading.Event,
) -> None:
    thread = ThreadPoolExecutor(1)
    thread.submit(gate.wait, 10)
    waiting = asyncio.create_task(unless_ended(thread, lambda: "done"))
    await asyncio.sleep(0.01)
    thread.shutdown(wait=False, cancel_futures=True)
    gate.set()
    assert await waiting is None
    assert await unless_ended(thread, lambda: "done") is None


async def test_caller_when_it_is_cancelled_itself_then_it_ends(gate: threading.Event) -> None:
    thread = ThreadPoolExecutor(1)
    thread.submit(gate.wait, 10)
    waiting = asyncio.create_task(unless_ended(thread, lambda: "done"))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    thread.shutdown(wait=False)


async def test_anchor_when_the_source_closes_before_it_is_taken_then_nobody_is_cancelled(
    gate: threading.Event,
) -> None:
    anchored: list[ClockAnchor] = []
    ingest = SimpleNamespace(stream="door", poll=lambda: gate.wait(10))
    intake = cast("Intake", SimpleNamespace(ingest=ingest, anchor=anchored.append))
    source = Source(intake, cast("Witness", None), cast("Strain", None), lambda: 0)
    source._thread.submit(ingest.poll)
    waiting = asyncio.create_task(source.anchor(ClockAnchor("e", 0, 0, "ntp")))
    await asyncio.sleep(0.01)
    source.close()
    gate.set()
    await waiting
    assert not anchored
