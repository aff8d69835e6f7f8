"""When a stream is let go, and how its successor goes on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from edge_worker.handover import Handover
from edge_worker.peers import Peers
from edge_worker.standby import Succession
from edge_worker.stream_keeper import StreamKeeper
from edge_worker.streams import Streams
from mqtt_schemas import StreamSettings, StreamState, WorkerInfo, WorkerStatus
from tests.broker.watching import until
from tests.unit.house import (
    ME,
    Broker,
    IdleSession,
    idle_sessions,
    segment,
    services,
    settle,
)

THEIRS = StreamState(
    stream="door", settings=StreamSettings(target_language="pt"), owner="other", term=6, revision=9
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[IdleSession]:
    monkeypatch.setattr("edge_worker.handover._LOOK_S", 0.005)
    monkeypatch.setattr("edge_worker.handover._PAUSE_S", 0.02)
    return idle_sessions(monkeypatch)


class Door:
    """Whether somebody speaks there, and what is told of a handover."""

    def __init__(self) -> None:
        self.paused = True
        self.told: list[tuple[str, bool]] = []
        self.handover = Handover(lambda: self.paused, self._tell)

    def _tell(self) -> None:
        self.told.append((self.handover.successor, self.handover.yields))


async def test_owner_when_nobody_speaks_then_it_names_its_successor_and_yields(
    made: list[IdleSession],
) -> None:
    door = Door()
    door.handover.offer("heir")
    await until(lambda: door.handover.yields)
    assert door.told == [("heir", False), ("heir", True)]
    door.handover.withdraw()
    assert door.told[-1] == ("", False)
    assert not made


async def test_owner_when_somebody_speaks_then_it_yields_at_the_pause_and_takes_it_back_after(
    made: list[IdleSession],
) -> None:
    door = Door()
    door.paused = False
    door.handover.offer("heir")
    await asyncio.sleep(0.1)
    assert not door.handover.yields
    door.paused = True
    await until(lambda: door.handover.yields)
    door.paused = False
    await until(lambda: not door.handover.yields)
    door.handover.withdraw()
    assert not made


async def test_owner_when_a_speaker_never_pauses_then_it_yields_when_its_patience_ends(
    made: list[IdleSession],
) -> None:
    door = Door()
    door.paused = False
    door.handover.offer("heir", within_s=0.1)
    await until(lambda: door.handover.yields)
    door.handover.withdraw()
    assert not made


async def test_owner_when_it_offers_to_another_then_the_first_does_not_get_it(
    made: list[IdleSession],
) -> None:
    door = Door()
    door.handover.offer("heir")
    await until(lambda: door.handover.yields)
    door.handover.offer("other")
    assert door.told[-2:] == [("", False), ("other", False)]
    door.handover.withdraw()
    assert not made


@contextlib.asynccontextmanager
async def keeping(broker: Broker) -> AsyncIterator[StreamKeeper]:
    keeper = StreamKeeper("door", services(broker), lambda: 0.0)
    keeper.declare()
    yield keeper
    await keeper.drain()


async def test_successor_when_named_then_it_stands_by_unheard_and_says_nothing(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await keeper.saw(replace(THEIRS, successor=ME))
        await settle()
        await keeper.media(segment(payload=b"one"))
        assert [one.settings.enabled for one in made] == [False]
        assert made[0].taken == [b"one"]
        assert not made[0].services.announcer.audible
        assert not keeper.taken
        assert not broker.said
        await keeper.saw(THEIRS)
        await settle()
        assert made[0].closed


async def test_successor_when_it_is_ready_and_the_owner_yields_then_it_goes_on_one_term_later(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await keeper.saw(replace(THEIRS, successor=ME))
        await settle()
        await keeper.saw(replace(THEIRS, successor=ME, yields=True))
        await asyncio.sleep(0.1)
        assert not keeper.taken
        made[0].services.announcer.segments = 1
        await until(lambda: keeper.serving)
        made[0].services.announcer.segments = 2
        await until(lambda: bool(broker.states()))
        state = broker.states()[-1]
        assert (state.owner, state.term, state.successor) == (ME, 7, "")
        assert len(made) == 1
        assert (made[0].term, made[0].settings) == (7, THEIRS.settings)
        assert made[0].services.announcer.audible


async def test_successor_when_the_stream_sleeps_then_it_takes_it_without_a_session(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        asleep = THEIRS.settings.apply("activation", "off")
        await keeper.saw(replace(THEIRS, settings=asleep, active=False, successor=ME, yields=True))
        await until(lambda: keeper.serving)
        await until(lambda: bool(broker.states()))
        assert not broker.states()[-1].active
        assert not made


async def test_successor_when_it_cannot_make_itself_ready_then_it_takes_the_stream_all_the_same(
    made: list[IdleSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no more threads")

    monkeypatch.setattr("edge_worker.standby.Session", fail)
    async with keeping(Broker()) as keeper:
        await keeper.saw(replace(THEIRS, successor=ME))
        await settle()
        await keeper.saw(replace(THEIRS, successor=ME, yields=True))
        await until(lambda: keeper.serving)
        await until(lambda: [one.term for one in made] == [7])


async def test_successor_when_it_could_not_take_over_then_it_does_when_it_is_named_again() -> None:
    taken: list[object] = []

    def take_over(standby: object) -> None:
        taken.append(standby)
        if len(taken) == 1:
            raise RuntimeError("not yet")

    succession = Succession(lambda: None, take_over)
    for times in (1, 2):
        succession.named(yields=True)
        await until(lambda: len(taken) == times)  # noqa: B023 - is called at once
    assert taken == [None, None]


async def test_successor_when_the_owner_is_lost_then_it_goes_on_with_what_it_has_made_ready(
    made: list[IdleSession],
) -> None:
    async with keeping(Broker()) as keeper:
        await keeper.saw(replace(THEIRS, successor=ME))
        await settle()
        made[0].services.announcer.segments = 1
        keeper.elected(is_owner=True)
        await until(lambda: keeper.serving)
        await until(lambda: made[0].term == 7)
        assert len(made) == 1


async def test_owner_when_it_outranks_what_it_sees_then_it_says_its_state_again(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await keeper.saw(THEIRS)
        keeper.elected(is_owner=True)
        await until(lambda: bool(broker.states()))
        await asyncio.sleep(0.15)
        before = len(broker.states())
        await keeper.saw(replace(THEIRS, term=3))
        await until(lambda: len(broker.states()) > before)
        assert broker.states()[-1].term == 7
        assert not made[0].closed


class Clock:
    """Monotonic seconds, as the test says."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


async def test_worker_when_it_comes_and_goes_again_and_again_then_its_streams_do_not_follow_it(
    made: list[IdleSession],
) -> None:
    clock, broker = Clock(), Broker()
    peers = Peers(ME, 4.0, clock)
    streams = Streams(services(broker), peers, lambda: 0.0)
    streams.declare("door")
    streams.declare("gate")
    await settle()
    for _ in range(6):
        peers.hear_info(WorkerInfo(worker="flapping", capacity=4.0))
        peers.hear_status("t", "flapping", WorkerStatus.READY)
        for _ in range(12):
            clock.now_s += 0.7
            streams.elect()
        await settle()
        peers.hear_status("t", "flapping", WorkerStatus.LOST)
        streams.elect()
    assert set(streams.owned) == {"door", "gate"}
    assert len(made) == 2
    assert not any(state.successor for name in ("door", "gate") for state in broker.states(name))
    await streams.drain()
