"""A thread of a session's own, which may be ended while others still wait for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


async def unless_ended(thread: ThreadPoolExecutor, work: Callable[[], Result]) -> Result | None:
    """Run ``work`` in a thread; its result, or None where the thread has ended before.

    Whoever waits for work of a session from outside it is not cancelled because the session ends.
    """
    try:
        running = asyncio.get_running_loop().run_in_executor(thread, work)
    except RuntimeError:  # it takes nothing any more
        return None
    try:
        return await running
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return None
