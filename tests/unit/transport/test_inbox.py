"""Routing of topics to subscriptions."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from edge_worker.transport.inbox import Routes, Subscription, matches
from edge_worker.transport.message import Message


async def _ignore(_: Message) -> None:
    pass


@pytest.mark.parametrize(
    ("topic_filter", "topic", "taken"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/b/c", "a/b", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+/c", "a//c", True),
        ("a/#", "a", True),
        ("a/#", "a/b/c", True),
        ("#", "a/b", True),
        ("#", "$SYS/uptime", False),
        ("+/uptime", "$SYS/uptime", False),
        ("$SYS/#", "$SYS/uptime", True),
        ("$share/polylip/a/+", "a/b", True),
        ("$share/polylip/a/+", "b/b", False),
    ],
)
def test_filter_when_compared_with_a_topic_then_the_standard_s_rules_hold(
    topic_filter: str, topic: str, *, taken: bool
) -> None:
    assert matches(topic_filter, topic) is taken


async def test_routes_when_a_subscription_ends_then_its_topics_go_nowhere() -> None:
    routes = Routes()
    first = Subscription("a/+", _ignore, 0, 8)
    second = Subscription("a/+", _ignore, 0, 8)
    routes.add(first)
    routes.add(second)
    assert routes.to("a/b") == (first, second)
    assert not routes.remove(first)
    assert routes.to("a/b") == (second,)
    assert routes.remove(second)
    assert routes.to("a/b") == ()


@contextlib.asynccontextmanager
async def running(subscription: Subscription) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(subscription.run())
    yield task
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_handler_when_what_it_waits_for_is_cancelled_then_the_next_message_is_heard() -> None:
    heard: list[bytes] = []

    async def hear(message: Message) -> None:
        heard.append(message.payload)
        if len(heard) == 1:
            gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            gone.cancel()
            await gone

    subscription = Subscription("a/+", hear, 0, 8)
    async with running(subscription) as task:
        for payload in (b"1", b"2"):
            subscription.offer(Message("a/b", payload, 0))
        await asyncio.sleep(0.01)
        assert not task.done()
    assert heard == [b"1", b"2"]
    assert subscription.failed == 1


async def test_inbox_when_it_is_cancelled_while_a_message_is_handled_then_it_ends() -> None:
    async def hear(_: Message) -> None:
        await asyncio.sleep(60)

    subscription = Subscription("a/+", hear, 0, 8)
    async with running(subscription) as task:
        subscription.offer(Message("a/b", b"", 0))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0.01)
        assert task.cancelled()
    assert subscription.failed == 0
