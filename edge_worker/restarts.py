"""Work that is begun again whenever it fails, after a pause that grows."""

import asyncio
import time
from collections.abc import Awaitable, Callable

_FIRST_S, _LAST_S = 0.5, 30.0
_GOOD_AFTER_S = 60.0
"""What went on for so long begins with the shortest pause when it fails."""


async def begin_again_and_again(
    work: Callable[[], Awaitable[None]], failed: Callable[[Exception, float], None]
) -> None:
    """Do ``work`` again and again until cancelled.

    Args:
        work: begun again at once when it returns.
        failed: told the error, and how many seconds it pauses.
    """
    pause_s = _FIRST_S
    while True:
        began_s = time.monotonic()
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it was, other streams go on
            if time.monotonic() - began_s > _GOOD_AFTER_S:
                pause_s = _FIRST_S
            failed(error, pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, _LAST_S)
