import asyncio
from collections.abc import Sequence

import pytest

from edge_worker.links import Link, LinkClosed, WhenFull, pump


async def test_full_link_that_drops_oldest_keeps_the_newest_and_counts() -> None:
    link: Link[int] = Link("frames", 2, WhenFull.DROP_OLDEST)
    for number in range(4):
        await link.put(number)
    assert [await link.get(), await link.get()] == [2, 3]
    assert link.dropped == 2


async def test_full_link_that_waits_makes_the_writer_wait_and_loses_nothing() -> None:
    link: Link[int] = Link("sound", 1, WhenFull.WAIT)
    await link.put(1)
    writer = asyncio.create_task(link.put(2))
    await asyncio.sleep(0)
    assert not writer.done()
    assert await link.get() == 1
    await writer
    assert await link.get() == 2
    assert link.dropped == 0


async def test_closed_link_gives_what_it_holds_then_ends() -> None:
    link: Link[int] = Link("sound", 4, WhenFull.WAIT)
    await link.put(1)
    await link.close()
    assert await link.get() == 1
    with pytest.raises(LinkClosed):
        await link.get()


async def test_writer_waiting_at_a_link_that_closes_is_told() -> None:
    link: Link[int] = Link("sound", 1, WhenFull.WAIT)
    await link.put(1)
    writer = asyncio.create_task(link.put(2))
    await asyncio.sleep(0)
    await link.close()
    with pytest.raises(LinkClosed):
        await writer


class _Halver:
    async def process(self, item: int) -> Sequence[int]:
        if item % 2:
            raise ValueError(f"{item} is odd")
        return [item // 2, item // 2]


async def test_stage_that_fails_on_one_item_goes_on_with_the_next() -> None:
    link: Link[int] = Link("numbers", 8, WhenFull.WAIT)
    for number in (4, 3, 2):
        await link.put(number)
    await link.close()
    results: list[int] = []
    failures: list[tuple[int, str]] = []

    async def deliver(result: int) -> None:
        results.append(result)

    async def failed(item: int, error: Exception) -> None:
        failures.append((item, str(error)))

    await pump(_Halver(), link, deliver, failed)
    assert results == [2, 2, 1, 1]
    assert failures == [(3, "3 is odd")]
