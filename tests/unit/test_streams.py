"""Which streams are known, served, given up and forgotten."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from edge_worker.admission import Admission
from edge_worker.ownership import share_out
from edge_worker.peers import Peers
from edge_worker.streams import Streams
from mqtt_schemas import (
    MAX_STREAMS,
    Rung,
    StreamSettings,
    StreamState,
    Topics,
    WorkerInfo,
    WorkerStatus,
)
from tests.broker.watching import until
from tests.unit.house import ME, Broker, IdleSession, idle_sessions, segment, services, settle

STATE = Topics().state("door")


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[IdleSession]:
    return idle_sessions(monkeypatch)


@contextlib.asynccontextmanager
async def sharing(
    broker: Broker, peers: Peers | None = None, limit: int = 4
) -> AsyncIterator[Streams]:
    lent = services(broker, limits={"streams": limit})
    streams = Streams(lent, peers or Peers(ME, 4.0), lambda: 0.0)
    yield streams
    await streams.drain()


def remembered(stream: str, owner: str = ME) -> StreamState:
    settings = StreamSettings(target_language="pt")
    return StreamState(stream=stream, settings=settings, owner=owner, term=3, revision=3)


def served(streams: Streams) -> set[str]:
    return set(streams.owned)


async def recall(streams: Streams, stream: str, owner: str = ME) -> None:
    """A retained state comes."""
    keeper = streams.meet(stream)
    assert keeper is not None
    await keeper.saw(remembered(stream, owner))


async def test_streams_when_only_old_states_are_known_then_they_take_no_place(
    made: list[IdleSession],
) -> None:
    async with sharing(Broker(), limit=2) as streams:
        for number in range(10):
            await recall(streams, f"renamed-{number}")
        streams.elect()
        streams.declare("front")
        await settle()
        assert served(streams) == {"front"}
    assert [one.stream for one in made] == ["front"]


async def test_stream_when_segments_come_without_a_word_then_it_is_served_as_it_was_set(
    made: list[IdleSession],
) -> None:
    async with sharing(Broker()) as streams:
        await recall(streams, "stranger")
        keeper = streams.source("stranger")
        assert keeper is not None
        await keeper.media(segment("stranger"))
        await settle()
        assert served(streams) == {"stranger"}
        assert made[0].settings.target_language == "pt"
        assert made[0].taken == [b"G"]


async def test_stream_when_given_up_then_its_state_is_cleared_and_echoes_do_not_bring_it_back(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with sharing(broker) as streams:
        streams.declare("door")
        streams.declare("gate")
        await settle()
        made[0].quiet = False
        streams.give_up("door")
        streams.declare("later")
        await settle()
        assert broker.on(STATE)[-1] == b""
        assert [one.closed for one in made] == [False] * 3
        assert served(streams) == {"gate", "later"}
        assert streams.source("door") is None
        assert streams.meet("door") is None
        made[0].quiet = True
        await asyncio.sleep(0.2)
        assert made[0].closed
        assert broker.on(STATE)[-1] == b""


async def test_stream_when_declared_again_while_it_ends_then_it_begins_anew(
    made: list[IdleSession],
) -> None:
    async with sharing(Broker()) as streams:
        streams.declare("door")
        await settle()
        made[0].quiet = False
        streams.give_up("door")
        await settle()
        streams.declare("door")
        await settle()
        assert served(streams) == {"door"}
        assert [one.closed for one in made] == [True, False]


async def test_limit_when_reached_then_it_is_said_once_and_the_next_gets_a_place_that_is_freed(
    made: list[IdleSession], caplog: pytest.LogCaptureFixture
) -> None:
    async with sharing(Broker(), limit=1) as streams:
        with caplog.at_level(logging.WARNING):
            streams.declare("door")
            streams.declare("gate")
            for _ in range(5):
                streams.elect()
        assert [record.message for record in caplog.records] == [
            "gate is not served: limits.streams is 1"
        ]
        await settle()
        assert served(streams) == {"door"}
        streams.give_up("door")
        streams.elect()
        await settle()
        assert served(streams) == {"gate"}
    assert len(made) == 2


async def test_streams_when_full_then_one_without_a_source_makes_room_else_it_is_said_once(
    made: list[IdleSession], caplog: pytest.LogCaptureFixture
) -> None:
    async with sharing(Broker()) as streams:
        await recall(streams, "idle")
        for number in range(MAX_STREAMS - 1):
            streams.declare(f"stream-{number}")
        streams.declare("one-more")
        assert "idle" not in streams
        assert "one-more" in streams
        with caplog.at_level(logging.WARNING):
            assert streams.source("too-many") is None
            assert streams.source("too-many") is None
        assert sum("no further stream" in record.message for record in caplog.records) == 1
    assert len(made) <= 4


async def test_source_when_silent_for_long_and_never_declared_then_its_place_is_free(
    made: list[IdleSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sharing(Broker()) as streams:
        keeper = streams.source("stranger")
        assert keeper is not None
        await settle()
        assert served(streams) == {"stranger"}
        monkeypatch.setattr("edge_worker.sighting._GONE_S", 0.0)
        streams.elect()
        await settle()
        assert not served(streams)
        assert made[0].closed


async def test_stream_when_its_owner_drains_then_it_is_taken_over_once_the_owner_is_gone(
    made: list[IdleSession],
) -> None:
    peers = Peers(ME, 4.0)
    peers.hear_info(WorkerInfo(worker="other", capacity=4.0))
    peers.hear_status("t", "other", WorkerStatus.READY)
    theirs = next(
        name for name in "abcdefgh" if share_out({name}, peers.capacities)[name] == "other"
    )
    async with sharing(Broker(), peers) as streams:
        streams.declare(theirs)
        await recall(streams, theirs, "other")
        peers.hear_status("t", "other", WorkerStatus.DRAINING)
        streams.elect()
        await settle()
        assert not served(streams)
        assert peers.hear_status("t", "other", WorkerStatus.DISCONNECTED)
        streams.elect()
        await settle()
        assert served(streams) == {theirs}
    assert made[0].term == 4


async def test_streams_when_the_worker_drains_then_what_plays_ends_and_nothing_is_taken(
    made: list[IdleSession],
) -> None:
    async with sharing(Broker()) as streams:
        streams.declare("door")
        await settle()
        made[0].quiet = False
        draining = asyncio.create_task(streams.drain())
        await asyncio.sleep(0.1)
        streams.elect()
        streams.declare("gate")
        assert served(streams) == {"door"}
        assert "gate" not in streams
        made[0].quiet = True
        await draining
        assert made[0].finished
        assert not served(streams)


async def test_stream_when_there_is_no_room_for_it_then_it_is_offered_to_whoever_has_some(
    made: list[IdleSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.streams._ELECT_S", 0.1)
    monkeypatch.setattr("edge_worker.stream_keeper._DRAIN_LOOKS", 2)  # the other never takes it
    broker, filled = Broker(), []
    admission = Admission(lambda: 1.0, 2.0)
    for number in range(7):
        admission.ask(f"elsewhere-{number}", lambda: Rung.FULL)
    now_s = 0.0
    peers = Peers(ME, 4.0, lambda: now_s)
    lent = replace(services(broker), admission=admission)
    streams = Streams(lent, peers, lambda: 0.0, lambda: filled.append(admission.full))
    streams.declare("door")
    await settle()
    assert served(streams) == {"door"}
    assert not made
    running = asyncio.create_task(streams.run(lambda: True))
    peers.hear_info(WorkerInfo(worker="other", capacity=4.0))
    peers.hear_status("t", "other", WorkerStatus.READY)
    now_s = 60.0
    await until(lambda: any(one.successor == "other" for one in broker.states()), 10.0)
    assert filled == [True]
    running.cancel()
    await streams.drain()


async def test_streams_when_the_broker_kept_ready_of_a_worker_that_is_no_more_then_they_are_ours(
    made: list[IdleSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.streams._LOOK_S", 0.001)
    now_s = 0.0

    def passing() -> float:
        nonlocal now_s
        now_s += 0.1
        return now_s

    peers = Peers(ME, 8.0, passing)
    peers.hear_info(WorkerInfo(worker="dead", capacity=8.0))
    peers.hear_status("t", "dead", WorkerStatus.READY)
    async with sharing(Broker(), peers, limit=8) as streams:
        for name in "abcdefgh":
            streams.declare(name)
        await streams.saw(remembered("a", "dead"))
        await settle()
        assert "a" not in served(streams)
        running = asyncio.create_task(streams.run(lambda: True))
        await until(lambda: served(streams) == set("abcdefgh"))
        peers.hear_status("t", "dead", WorkerStatus.READY)  # all that is retained comes again
        streams.elect()
        assert served(streams) == set("abcdefgh")
        await until(lambda: len(made) == 8)
        running.cancel()


async def test_stream_when_an_old_state_of_ours_comes_late_then_the_owner_keeps_it(
    made: list[IdleSession],
) -> None:
    broker, peers = Broker(), Peers(ME, 8.0)
    peers.hear_info(WorkerInfo(worker="other", capacity=8.0))
    peers.hear_status("t", "other", WorkerStatus.READY)
    async with sharing(broker, peers) as streams:
        await streams.saw(remembered("door"))
        streams.declare("door")
        await settle()
        ours = broker.states()[-1]
        await streams.saw(replace(ours, owner="other", term=ours.term + 1))
        await settle()
        assert not served(streams)
        await streams.saw(ours)
        await settle(50)
        assert not served(streams)
    assert len(made) == 1
