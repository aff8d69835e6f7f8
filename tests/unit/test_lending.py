import asyncio
import os
import sys
import threading

import pytest

from edge_worker.lending import EngineBusyError, Lent, giving_way


async def test_calls_that_wait_run_in_the_order_of_their_deadlines() -> None:
    gate = threading.Event()
    ran: list[str] = []
    lent = Lent("engine", "engine")
    first = asyncio.create_task(lent.call(lambda _: gate.wait(5), deadline_ns=0))
    await asyncio.sleep(0.01)
    later = [
        asyncio.create_task(lent.call(lambda _, n=name: ran.append(n), deadline_ns=deadline))  # type: ignore[misc] # a default binds the loop's name
        for name, deadline in (("relaxed", 9), ("urgent", 1), ("soon", 5))
    ]
    await asyncio.sleep(0.01)
    gate.set()
    await asyncio.gather(first, *later)
    assert ran == ["urgent", "soon", "relaxed"]
    lent.close()


async def test_call_cancelled_before_its_turn_never_runs() -> None:
    gate = threading.Event()
    ran: list[str] = []
    lent = Lent("engine", "engine")
    first = asyncio.create_task(lent.call(lambda _: gate.wait(5), deadline_ns=0))
    await asyncio.sleep(0.01)
    waiting = asyncio.create_task(lent.call(lambda _: ran.append("cancelled"), deadline_ns=1))
    await asyncio.sleep(0.01)
    waiting.cancel()
    gate.set()
    await first
    await lent.call(lambda _: ran.append("next"), deadline_ns=2)
    assert ran == ["next"]
    lent.close()


async def test_full_queue_refuses_the_call_and_names_the_engine() -> None:
    gate = threading.Event()
    lent = Lent("whisper", "engine", capacity=1)
    running = asyncio.create_task(lent.call(lambda _: gate.wait(5), deadline_ns=0))
    await asyncio.sleep(0.01)
    waiting = asyncio.create_task(lent.call(lambda _: True, deadline_ns=0))
    await asyncio.sleep(0.01)
    with pytest.raises(EngineBusyError, match="whisper"):
        await lent.call(lambda _: True, deadline_ns=0)
    gate.set()
    await asyncio.gather(running, waiting)
    lent.close()


async def test_call_that_fails_gives_its_error_to_the_caller_and_frees_the_engine() -> None:
    lent = Lent("engine", 0)
    with pytest.raises(ZeroDivisionError):
        await lent.call(lambda zero: 1 // zero, deadline_ns=0)
    assert await lent.call(lambda zero: zero + 1, deadline_ns=0) == 1
    lent.close()


async def test_call_whose_caller_gives_up_keeps_the_engine_until_it_has_ended() -> None:
    gate = threading.Event()
    ran: list[str] = []
    lent = Lent("engine", "engine")
    late = asyncio.create_task(lent.call(lambda _: gate.wait(5), deadline_ns=0))
    await asyncio.sleep(0.01)
    late.cancel()
    relaxed = asyncio.create_task(lent.call(lambda _: ran.append("relaxed"), deadline_ns=9))
    await asyncio.sleep(0.01)
    urgent = asyncio.create_task(lent.call(lambda _: ran.append("urgent"), deadline_ns=1))
    await asyncio.sleep(0.01)
    assert lent.waiting == 2
    gate.set()
    await asyncio.gather(relaxed, urgent)
    assert ran == ["urgent", "relaxed"]
    lent.close()


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone gives each thread a niceness")
async def test_engine_when_called_then_its_thread_gives_way_to_all_others() -> None:
    lent = Lent("engine", "engine")
    usual = niceness()
    assert await lent.call(lambda _: niceness(), deadline_ns=0) == min(usual + 5, 19)
    assert niceness() == usual
    lent.close()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone gives each thread a niceness")
def test_models_when_loaded_then_threads_which_they_start_give_way_too() -> None:
    inherited: list[int] = []

    def load() -> str:
        own = threading.Thread(target=lambda: inherited.append(niceness()))
        own.start()
        own.join()
        return "model"

    usual = niceness()
    assert giving_way(load) == "model"
    assert inherited == [min(usual + 5, 19)]
    assert niceness() == usual
