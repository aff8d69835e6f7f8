"""One stream: taking over, obeying, standing aside, and starting again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from edge_worker.command import Command
from edge_worker.stream_keeper import StreamKeeper
from mqtt_schemas import MAX_TERM, StreamSettings, StreamState, Topics
from tests.broker.watching import until
from tests.unit.house import ME, Broker, IdleSession, idle_sessions, segment, services, settle

RETAINED = StreamState(
    stream="door", settings=StreamSettings(target_language="pt"), owner="other", term=6, revision=9
)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[IdleSession]:
    monkeypatch.setattr("edge_worker.restarts._FIRST_S", 0.0)
    return idle_sessions(monkeypatch)


@contextlib.asynccontextmanager
async def keeping(broker: Broker, read_state_s: float = 0.0) -> AsyncIterator[StreamKeeper]:
    keeper = StreamKeeper("door", services(broker), lambda: read_state_s)
    yield keeper
    await keeper.drain()


async def owned(keeper: StreamKeeper) -> None:
    keeper.elected(is_owner=True)
    await settle()
    assert keeper.serving


async def test_set_when_the_state_is_still_being_read_then_it_is_obeyed_on_top_of_it(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker, 0.05) as keeper:
        keeper.elected(is_owner=True)
        await keeper.set(Command("captions", "off"))
        await keeper.set(Command("colour", "red"))
        await keeper.saw(RETAINED)
        await asyncio.sleep(0.3)
        settings = made[0].settings
        assert (settings.target_language, settings.captions) == ("pt", False)
        state = broker.states()[-1]
        assert (state.owner, state.term) == (ME, 7)
        assert state.last_error is not None
        assert state.revision == RETAINED.revision + 3


async def test_set_when_another_owns_the_stream_then_not_a_word_is_said(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        for retained in (True, False):
            await keeper.set(Command("captions", "off", retained=retained))
        await keeper.set(Command("captions", fault="is not UTF-8"))
        await settle()
    assert not made
    assert not broker.said


async def test_set_when_many_come_at_once_then_one_state_answers_for_all(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await owned(keeper)
        before = broker.states()[-1]
        for _ in range(100):
            await keeper.set(Command("colour", "red"))
        await asyncio.sleep(0.3)
        states = broker.states()
    assert made
    assert len(states) <= 3
    assert states[-1].revision == before.revision + 100


async def test_session_when_it_fails_then_the_next_has_a_term_of_its_own(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await owned(keeper)
        keeper.ring()
        made[0].fails.set()
        await settle(50)
        await asyncio.sleep(0.3)
        assert [one.term for one in made] == [1, 2]
        assert made[0].visit is made[1].visit
        assert made[1].visit.lasts
        assert made[0].closed
        assert broker.states()[-1].term == 2


async def test_segments_when_the_stream_went_elsewhere_meanwhile_then_they_are_not_played_later(
    made: list[IdleSession],
) -> None:
    async with keeping(Broker(), 0.02) as keeper:
        keeper.elected(is_owner=True)
        await keeper.media(segment(payload=b"stale"))
        keeper.elected(is_owner=False)
        keeper.elected(is_owner=True)
        await keeper.media(segment(payload=b"fresh"))
        await asyncio.sleep(0.2)
        assert made[-1].taken == [b"fresh"]


async def test_state_when_the_connection_came_back_then_it_waits_for_what_was_retained(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await owned(keeper)
        before = len(broker.states())
        keeper.reconnected(0.1)
        made[0].changed()
        await settle()
        assert len(broker.states()) == before
        await keeper.saw(RETAINED)
        await asyncio.sleep(0.3)
        assert not keeper.serving
        assert len(broker.states()) == before
        keeper.elected(is_owner=True)
        await settle()
        assert made[-1].settings == RETAINED.settings
        assert made[-1].term == RETAINED.term + 1


async def test_state_when_the_connection_came_back_and_nothing_was_retained_then_it_is_said_again(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await owned(keeper)
        broker.said.clear()
        keeper.reconnected(0.05)
        await asyncio.sleep(0.3)
        assert [state.term for state in broker.states()] == [1]
    assert len(made) == 1


async def test_state_when_the_term_is_as_high_as_can_be_then_the_stream_is_served(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await keeper.saw(replace(RETAINED, term=MAX_TERM, revision=MAX_TERM))
        await owned(keeper)
        assert made[0].term == MAX_TERM
        assert broker.states()[-1].term == MAX_TERM


async def test_state_when_the_contract_refuses_it_then_the_session_goes_on(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await owned(keeper)
        made[0].epoch = "NOT AN EPOCH"
        made[0].changed()
        await asyncio.sleep(0.2)
        assert keeper.serving
        assert not made[0].closed


async def test_state_when_the_worker_leaves_at_once_then_the_newest_has_been_said(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await owned(keeper)
        await keeper.set(Command("label", "off"))
        await keeper.set(Command("captions", "off"))
    assert made[0].finished
    settings = broker.states()[-1].settings
    assert (settings.label, settings.captions) == (False, False)


async def test_stream_when_it_is_forgotten_then_its_state_is_not_said_while_it_ends(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await owned(keeper)
        broker.said.clear()
        keeper.forget()
        made[0].changed()
        await asyncio.sleep(0.2)
    assert not broker.on(Topics().state("door"))


async def test_source_when_nobody_declared_it_then_it_is_gone_after_a_while_without_a_segment(
    made: list[IdleSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(Broker()) as keeper:
        seen = [keeper.present]
        await keeper.media(segment())
        seen.append(keeper.present)
        monkeypatch.setattr("edge_worker.sighting._GONE_S", 0.0)
        seen.append(keeper.present)
        keeper.declare()
        seen.append(keeper.present)
    assert seen == [False, True, False, True]
    assert not made


async def test_state_when_it_is_an_echo_from_before_another_took_over_then_it_counts_for_nothing(
    made: list[IdleSession],
) -> None:
    broker = Broker()
    async with keeping(broker) as keeper:
        await owned(keeper)
        ours = broker.states()[-1]
        french = replace(ours.settings, target_language="fr")
        theirs = replace(ours, owner="other", term=ours.term + 1, revision=9, settings=french)
        await keeper.saw(theirs)
        await settle()
        assert (keeper.owner, keeper.serving) == ("other", False)
        await keeper.saw(replace(ours, successor=ME, yields=True))
        await settle(50)
        assert (keeper.owner, keeper.serving) == ("other", False)
        assert len(made) == 1
        keeper.elected(is_owner=True)
        await until(lambda: broker.states()[-1].term == ours.term + 2)
        assert broker.states()[-1].settings == french


async def test_stream_when_taking_it_over_fails_then_it_is_tried_again(
    made: list[IdleSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.restarts._FIRST_S", 0.0)
    broker, failures = Broker(), [ValueError("first"), ValueError("second")]
    async with keeping(broker) as keeper:
        begin = keeper.talkback.begin

        def begin_at_last() -> None:
            if failures:
                raise failures.pop()
            begin()

        monkeypatch.setattr(keeper.talkback, "begin", begin_at_last)
        keeper.declare()
        keeper.elected(is_owner=True)
        await settle(50)
        assert keeper.serving
        assert [one.term for one in made] == [3]
