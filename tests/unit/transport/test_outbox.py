"""The line of outgoing messages."""

import asyncio

import pytest

from edge_worker.transport.message import Outgoing
from edge_worker.transport.outbox import Outbox


def _message(name: str, expiry_s: float | None = None, *, retain: bool = False) -> Outgoing:
    return Outgoing(name, b"", qos=1, expiry_s=expiry_s, retain=retain)


async def _taken(outbox: Outbox, count: int) -> list[str]:
    return [(await outbox.take()).message.topic for _ in range(count)]


async def test_outbox_when_full_then_the_oldest_goes() -> None:
    outbox = Outbox(2)
    for name in "abc":
        outbox.put(_message(name))
    assert await _taken(outbox, 2) == ["b", "c"]
    assert outbox.dropped == 1


async def test_message_when_its_life_is_over_then_it_is_not_sent() -> None:
    outbox = Outbox(8)
    outbox.put(_message("stale", 0))
    outbox.put(_message("fresh", 60))
    assert await _taken(outbox, 1) == ["fresh"]
    assert outbox.expired == 1


async def test_connection_when_lost_then_unacknowledged_messages_come_first_and_in_order() -> None:
    outbox = Outbox(8)
    for name in "abcd":
        outbox.put(_message(name))
    first = await outbox.take()
    await outbox.take()
    outbox.done(first)
    outbox.give_back()
    assert await _taken(outbox, 3) == ["b", "c", "d"]


async def test_connection_when_lost_then_retained_messages_go_for_their_owner_tells_them_anew() -> (
    None
):
    outbox = Outbox(8)
    outbox.put(_message("sent", retain=True))
    await outbox.take()
    outbox.put(_message("waiting", retain=True))
    outbox.put(_message("text"))
    outbox.give_back()
    assert await _taken(outbox, 1) == ["text"]


async def test_outbox_when_everything_is_done_then_it_is_idle() -> None:
    outbox = Outbox(8)
    outbox.put(_message("a"))
    queued = await outbox.take()
    waiting = asyncio.create_task(outbox.idle())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.done(queued)
    await waiting


@pytest.mark.parametrize("topic", ["", "a/+", "a/#", "a\0"])
def test_message_when_its_topic_is_no_topic_then_it_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="cannot publish"):
        Outgoing(topic, b"")
