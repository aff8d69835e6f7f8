import asyncio
from contextlib import closing

import pytest

from edge_worker.serving.feed import GROUP_BYTES, STALE_NS, VIEWER_BYTES, Feed, FeedEnded


async def test_watch_when_a_group_is_under_way_then_reading_begins_at_its_keyframe() -> None:
    feed = Feed()
    for data, key in ((b"old", True), (b"key", True), (b"then", False)):
        feed.publish(data, key=key)
    with closing(feed.watch()) as viewer:
        feed.publish(b"now", key=False)
        assert [await viewer.next() for _ in range(3)] == [b"key", b"then", b"now"]


async def test_watch_when_nothing_was_fed_then_reading_begins_at_the_next_keyframe() -> None:
    feed = Feed()
    with closing(feed.watch()) as viewer:
        feed.publish(b"middle", key=False)
        feed.publish(b"key", key=True)
        assert await viewer.next() == b"key"


async def test_watch_when_the_group_is_old_then_it_is_no_beginning() -> None:
    now = [0]
    feed = Feed(lambda: now[0])
    feed.publish(b"key", key=True)
    now[0] = STALE_NS + 1
    with closing(feed.watch()) as viewer:
        feed.publish(b"anew", key=True)
        assert await viewer.next() == b"anew"


async def test_next_when_tables_are_apart_then_only_the_beginning_is_led_by_them() -> None:
    feed = Feed()
    feed.publish(b"key", key=True, tables=b"tables-")
    with closing(feed.watch()) as viewer:
        feed.publish(b"key2", key=True, tables=b"tables-")
        assert [await viewer.next(), await viewer.next()] == [b"tables-key", b"key2"]


async def test_offer_when_a_viewer_is_too_slow_then_it_skips_to_a_keyframe_and_others_do_not() -> (
    None
):
    feed = Feed()
    feed.publish(b"key", key=True)
    with closing(feed.watch()) as slow, closing(feed.watch()) as quick:
        heavy = bytes(VIEWER_BYTES // 4)
        for _ in range(6):
            feed.publish(heavy, key=False)
            assert quick.skips == 0
            while quick.waiting_bytes:
                await quick.next()
        feed.publish(b"again", key=True, tables=b"tables-")
        assert slow.skips == 1
        assert await slow.next() == b"tables-again"
        assert slow.waiting_bytes == 0
        assert await quick.next() == b"again"


async def test_publish_when_no_keyframe_comes_for_long_then_memory_stays_bounded() -> None:
    feed = Feed()
    feed.publish(b"key", key=True)
    heavy = bytes(1 << 20)
    for _ in range(GROUP_BYTES // len(heavy) + 2):
        feed.publish(heavy, key=False)
        assert feed.group_bytes <= GROUP_BYTES
    assert feed.group == ()


async def test_next_when_the_feed_ends_then_what_waits_is_read_first() -> None:
    feed = Feed()
    feed.publish(b"key", key=True)
    viewer = feed.watch()
    feed.end()
    assert await viewer.next() == b"key"
    with pytest.raises(FeedEnded):
        await viewer.next()
    assert feed.viewers == 0


async def test_next_when_nothing_is_there_then_it_waits_for_what_comes() -> None:
    feed = Feed()
    with closing(feed.watch()) as viewer:
        waiting = asyncio.create_task(viewer.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        feed.publish(b"key", key=True)
        assert await waiting == b"key"


async def test_close_when_a_viewer_leaves_then_the_feed_forgets_it() -> None:
    feed = Feed()
    viewer = feed.watch()
    assert feed.viewers == 1
    viewer.close()
    viewer.close()
    assert feed.viewers == 0
    feed.publish(b"key", key=True)
    assert viewer.waiting_bytes == 0
