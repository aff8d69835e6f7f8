import asyncio

from edge_worker.pacing import Paced


async def test_paced_when_wished_for_in_a_burst_then_the_first_is_at_once_the_rest_one() -> None:
    done: list[int] = []
    wishes = 0
    paced = Paced(lambda: done.append(wishes), 0.02)
    for wishes in range(1, 101):  # noqa: B007 - read by the lambda
        paced.wish()
    assert done == [1]
    await asyncio.sleep(0.1)
    assert done == [1, 100]


async def test_paced_when_held_then_nothing_is_done_before_and_once_after() -> None:
    done: list[str] = []
    paced = Paced(lambda: done.append("x"), 0.0)
    paced.hold(0.02)
    paced.wish()
    paced.wish()
    paced.flush()
    assert done == []
    paced.wish()
    await asyncio.sleep(0.1)
    assert done == ["x"]


async def test_paced_when_flushed_or_dropped_then_what_is_due_is_done_now_or_never() -> None:
    done: list[str] = []
    paced = Paced(lambda: done.append("x"), 0.02)
    paced.wish()
    paced.wish()
    paced.flush()
    assert done == ["x", "x"]
    paced.wish()
    paced.drop()
    await asyncio.sleep(0.1)
    assert done == ["x", "x"]
