"""Engines belong to the worker and are lent to sessions, one call at a time, most urgent first."""

import asyncio
import heapq
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

Engine = TypeVar("Engine")
Engine_co = TypeVar("Engine_co", covariant=True)
Result = TypeVar("Result")

_SMOOTHING = 4
"""Calls that the usual length of one is mostly made of."""
_NICENESS = 5
"""Added to that of engines' threads: where a core is short they get a third of another's time."""


class EngineBusyError(Exception):
    """An engine's queue is full: the caller passes its item through and is counted."""


class Reliever(Protocol[Engine_co]):
    """Does calls of an engine elsewhere."""

    def wanted(self, wait_ns: int) -> bool:
        """Whether a call that would wait so long here is better done elsewhere."""
        ...

    async def call(self, work: Callable[[Engine_co], Result]) -> Result:
        """Run ``work`` with an engine that is elsewhere."""
        ...


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
        self._usual_ns = 0
        """How long a call takes, smoothed."""
        self.relief: Reliever[Engine] | None = None
        """Does calls elsewhere while the queue is long."""
        self._order = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._threads = ThreadPoolExecutor(
            width, thread_name_prefix=f"engine-{name}", initializer=_give_way
        )

    @property
    def waiting(self) -> int:
        """Calls that wait for their turn."""
        return len(self._waiting)

    @property
    def wait_ns(self) -> int:
        """How long a call would wait for its turn, by how long calls took lately."""
        ahead = len(self._waiting) + self._running
        return max(0, ahead - self._width + 1) * self._usual_ns // self._width

    async def call(self, work: Callable[[Engine], Result], *, deadline_ns: int) -> Result:
        """Run ``work(engine)`` in a thread when its turn comes; the earliest deadline goes first.

        Where the queue is long and there is relief, the call is sent there too; it keeps its turn
        here, and whichever is done first counts.

        Cancelling the caller before its turn takes the call out of the queue; later, the work runs
        to its end and the next call waits for it.

        Raises:
            EngineBusyError: as many calls as ``capacity`` already wait.
        """
        if self.relief is None or not self.relief.wanted(self.wait_ns):
            return await self.call_here(work, deadline_ns=deadline_ns)
        here = asyncio.ensure_future(self.call_here(work, deadline_ns=deadline_ns))
        return await first_done(here, asyncio.ensure_future(self.relief.call(work)))

    async def call_here(self, work: Callable[[Engine], Result], *, deadline_ns: int) -> Result:
        """As ``call``, but never sent anywhere.

        Raises:
            EngineBusyError: as many calls as ``capacity`` already wait.
        """
        await self._turn(deadline_ns)
        loop = asyncio.get_running_loop()
        running = self._threads.submit(self._timed, work)
        running.add_done_callback(lambda _: self._ended(loop))
        return await asyncio.wrap_future(running)

    def _timed(self, work: Callable[[Engine], Result]) -> Result:
        began_ns = time.monotonic_ns()
        try:
            return work(self.engine)
        finally:
            self._usual_ns += (time.monotonic_ns() - began_ns - self._usual_ns) // _SMOOTHING

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


async def first_done(here: "asyncio.Future[Result]", there: "asyncio.Future[Result]") -> Result:
    """The result of whichever is done first; the other is cancelled.

    Raises:
        Exception: what ``here`` raised, where neither has a result.
    """
    try:
        await asyncio.wait({here, there}, return_when=asyncio.FIRST_COMPLETED)
        if there.done() and there.exception() is None:
            return there.result()
        if here.done() and here.exception() is not None:
            with suppress(Exception):
                return await there
        return await here
    finally:
        here.cancel()
        there.cancel()


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
