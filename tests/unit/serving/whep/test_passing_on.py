"""What a viewer receives is what egress encoded, bit by bit."""

import asyncio
from itertools import pairwise

import pytest

from edge_worker.serving.feed import Feed
from edge_worker.serving.whep.programme import Programme
from tests.broker.watching import until
from tests.unit.serving.whep.conftest import House
from tests.unit.serving.whep.door import film, filmed, nals, pictures_of
from tests.unit.serving.whep.viewer import viewing


async def test_picture_when_watched_then_every_nal_unit_is_the_feeds(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with filmed(house.feeds.translated("door")), viewing(monkeypatch) as viewer:
        response = await viewer.ask(house.client, house.url())
        assert response.status == 201, await response.text()
        await until(lambda: len(viewer.frames["H264"]) > 30)
    sent = [nals(unit.data) for unit in pictures_of(film())]
    received = [nals(data) for _, data in viewer.frames["H264"]]
    first = sent.index(received[0])
    expected = (sent * 3)[first : first + len(received)]
    assert received == expected
    assert 5 in {nal[0] & 31 for nal in received[0]}  # it begins with an IDR picture


async def test_segments_when_many_come_at_once_then_all_are_taken_and_sent_when_due() -> None:
    feed = Feed()
    programme = Programme("door", feed)
    segments = film()[:9]
    with programme.received() as reception:
        await asyncio.sleep(0)  # it reads
        for segment in segments:
            feed.publish(segment.data, key=segment.key)
        async with asyncio.timeout(20):
            packets = [await reception.video.recv() for _ in pictures_of(segments)]
    stamps = [one.pts or 0 for one in packets]
    assert {later - earlier for earlier, later in pairwise(stamps)} == {3600}


async def test_clock_when_it_begins_anew_then_no_packet_overtakes_what_is_not_due_yet() -> None:
    feed = Feed()
    programme = Programme("door", feed)
    segments = (*film()[:9], *film(2, 900_000_000_000)[:9])
    with programme.received() as reception:
        await asyncio.sleep(0)  # it reads
        for segment in segments:
            feed.publish(segment.data, key=segment.key)
        async with asyncio.timeout(20):
            packets = [await reception.video.recv() for _ in pictures_of(segments)]
    stamps = [one.pts or 0 for one in packets]
    assert stamps == sorted(stamps)
    assert [bytes(one) for one in packets] == [unit.data for unit in pictures_of(segments)]
