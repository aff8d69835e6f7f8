from contextlib import closing

import pytest

from edge_worker.serving import feeds as feeds_module
from edge_worker.serving.feeds import Feeds
from mqtt_schemas import MAX_STREAMS


async def test_take_in_when_a_camera_sends_then_its_bytes_are_the_original(foreign: bytes) -> None:
    feeds = Feeds()
    with closing(feeds.original("door").watch()) as viewer:
        for at in range(0, len(foreign), 1316):
            feeds.take_in("door", foreign[at : at + 1316])
        seen = b""
        while viewer.waiting_bytes:
            seen += await viewer.next()
    assert foreign.endswith(seen)
    assert len(seen) > len(foreign) - 3 * 188


async def test_put_out_when_the_output_comes_then_it_is_another_feed() -> None:
    feeds = Feeds()
    feeds.put_out("door", b"key", key=True)
    assert feeds.original("door").group == ()
    assert [segment.data for segment in feeds.translated("door").group] == [b"key"]


async def test_viewers_when_the_original_is_watched_then_nobody_is_counted() -> None:
    feeds = Feeds()
    came: list[str] = []
    feeds.on_watch = lambda: came.append("somebody")
    with closing(feeds.original("door").watch()):
        assert feeds.viewers("door") == 0
        assert came == []
    with closing(feeds.translated("door").watch()):
        assert feeds.viewers("door") == 1
        assert came == ["somebody"]


async def test_publish_when_all_groups_are_too_large_then_the_newest_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feeds_module, "TOTAL_BYTES", 1000)
    feeds = Feeds()
    feeds.put_out("one", bytes(600), key=True)
    feeds.put_out("two", bytes(600), key=True)
    assert feeds.translated("one").group_bytes == 600
    assert feeds.translated("two").group_bytes == 0
    feeds.put_out("one", b"", key=True)
    feeds.put_out("two", bytes(600), key=True)
    assert feeds.translated("two").group_bytes == 600


async def test_take_in_when_there_are_too_many_streams_then_further_ones_are_passed_by() -> None:
    feeds = Feeds()
    for number in range(MAX_STREAMS):
        feeds.put_out(f"s{number}", b"key", key=True)
    feeds.take_in("more", bytes(188))
    assert "more" not in feeds
    feeds.translated("s0").forget()
    feeds.take_in("more", bytes(188))
    assert "more" in feeds
    assert "s0" not in feeds
