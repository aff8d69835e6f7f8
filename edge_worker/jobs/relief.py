"""When a call of an engine is worth being done by another worker, and doing it there."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from edge_worker.jobs.remote import Away
from edge_worker.jobs.requester import JobFailedError, JobReply, Requester

Engine = TypeVar("Engine")
Result = TypeVar("Result")

WORTH_NS = 250_000_000
"""Who waits less for the engine that is here does not send its call away."""
_AT_ONCE = 4
_FIRST_REST_S, _LAST_REST_S = 5.0, 300.0


class Relief(Generic[Engine]):
    """Does calls of one engine elsewhere, where that is likely to be sooner.

    Args:
        engine: makes the one elsewhere, for one call.
        away: the way there, of one call.
        requester: sends the jobs.
        others: whether another worker is there that might take one.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        engine: Callable[[Away], Engine],
        away: Callable[[], Away],
        requester: Requester,
        others: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._away = away
        self._requester = requester
        self._others = others
        self._clock = clock
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="jobs")
        self._under_way = 0
        self._rest_s = _FIRST_REST_S
        self._rests_until_s = 0.0

    def wanted(self, wait_ns: int) -> bool:
        """Whether a call that would wait so long here is better done elsewhere."""
        if wait_ns < WORTH_NS or not self._others():
            return False
        has_room = self._requester.has_room and self._under_way < _AT_ONCE
        return has_room and self._clock() >= self._rests_until_s

    async def call(self, work: Callable[[Engine], Result]) -> Result:
        """Run ``work`` with the engine that is elsewhere.

        Where it is cancelled, the thread is free at once and the job is not sent a second time;
        that nobody did it is noted all the same.

        Raises:
            JobFailedError: nobody did it; nobody is asked for a while, longer each time.
        """
        away = self._away()
        self._under_way += 1
        try:
            loop = asyncio.get_running_loop()
            result = await loop.run_in_executor(self._threads, work, self._engine(away))
        except asyncio.CancelledError:
            away.give_up(self._ended)
            raise
        except JobFailedError:
            self._rest()
            raise
        finally:
            self._under_way -= 1
        self._rest_s = _FIRST_REST_S
        return result

    def _ended(self, job: Future[JobReply]) -> None:
        if not job.cancelled() and isinstance(job.exception(), JobFailedError):
            self._rest()

    def _rest(self) -> None:
        """Ask nobody for a while; what was sent before it began does not make it longer."""
        now_s = self._clock()
        if now_s >= self._rests_until_s:
            self._rests_until_s = now_s + self._rest_s
            self._rest_s = min(_LAST_REST_S, self._rest_s * 2)

    def close(self) -> None:
        """End the threads; calls under way end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)
