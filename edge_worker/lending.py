"""Engines belong to the worker and are lent to sessions, one call at a time, most urgent first."""

import asyncio
import heapq
import itertools
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, TypeVar

Engine = TypeVar("Engine")
Result = TypeVar("Result")

_NICENESS = 5
"""Added to that of engines' threads: where a core is short they get a third of another's time."""


class EngineBusyError(Exception):
    """An engine's queue is full: the caller passes its item through and is counted."""


class Lent(Generic[Engine]):
    """One engine behind one queue: calls run in threads, in the order of their deadlines.

    Args:
        name: for messages and metrics.
        engine: the loaded engine.
        width: how many calls may run at once (1 for engines that use several threads themselves).
        capacity: how many calls may wait.
    """

    def __init__(self, name: str, engine: Engine, *, width: int = 1, capacity: int = 64) -> None:
        self.name = name
        self.engine = engine
        self._capacity = capacity
        self._width = width
        self._running = 0
        self._order = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._threads = ThreadPoolExecutor(
            width, thread_name_prefix=f"engine-{name}", initializer=_give_way
        )

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn."""
        return len(self._waiting)

    async def call(self, work: Callable[[Engine], Result], *, deadline_ns: int) -> Result:
        """Run ``work(engine)`` in a thread when its turn comes; the earliest deadline goes first.

        Cancelling the caller before its turn takes the call out of the queue; later, the work runs
        to its end and the next call waits for it.

        Raises:
            EngineBusyError: as many calls as ``capacity`` already wait.
        """
        await self._turn(deadline_ns)
        loop = asyncio.get_running_loop()
        running = self._threads.submit(work, self.engine)
        running.add_done_callback(lambda _: self._ended(loop))
        return await asyncio.wrap_future(running)

    def _ended(self, loop: asyncio.AbstractEventLoop) -> None:
        # The loop may be closed by the time that work nobody waits for comes to its end.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        self._running -= 1
        self._admit()

    async def _turn(self, deadline_ns: int) -> None:
        if self._running < self._width and not self._waiting:
            self._running += 1
            return
        if len(self._waiting) >= self._capacity:
            raise EngineBusyError(
                f"{self.name}: {self._capacity} calls already wait; this one was not taken"
            )
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (deadline_ns, next(self._order), admitted))
        try:
            await admitted
        except asyncio.CancelledError:
            if admitted.done() and not admitted.cancelled():
                self._release()
            raise

    def _admit(self) -> None:
        while self._waiting and self._running < self._width:
            _, _, admitted = heapq.heappop(self._waiting)
            if not admitted.done():
                self._running += 1
                admitted.set_result(None)

    def close(self) -> None:
        """End the threads; calls under way are allowed to finish."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def giving_way(work: Callable[[], Result]) -> Result:
    """Run ``work`` in a thread that gives way to others, as do all threads which it starts.

    Runtimes start threads of their own when a model is loaded; those inherit this. The thread does
    not keep the process from ending.
    """
    done: Future[Result] = Future()

    def run() -> None:
        try:
            _give_way()
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller
            done.set_exception(error)

    threading.Thread(target=run, name="engines", daemon=True).start()
    return done.result()


def _give_way() -> None:
    """Let pictures, sound and the event loop go first where cores are few.

    What they do is short and due now, what an engine computes is long and due soon; and a thread
    that waits for its turn while it holds the interpreter's lock makes all others wait. Linux alone
    gives each thread a niceness of its own.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        before = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(before + _NICENESS, 19))
