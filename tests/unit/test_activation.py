"""When a stream is awake, and what its keeper says of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from edge_worker.activation import Wakefulness, in_force
from edge_worker.admission import FULL_FOR_NS, MEASURED_AFTER_NS, Admission
from edge_worker.command import Command
from edge_worker.session.visit import LASTS_NS, Visit
from edge_worker.stream_keeper import StreamKeeper
from mqtt_schemas import (
    Activation,
    EventType,
    Rung,
    StreamEvent,
    StreamSettings,
    StreamState,
    Topics,
    decode,
)
from tests.unit.house import Broker, IdleSession, idle_sessions, segment, services, settle

EVENT = Topics().event("door")
ON_DEMAND = StreamState(
    stream="door",
    settings=StreamSettings(activation=Activation.ON_DEMAND),
    owner="other",
    term=1,
    revision=1,
    active=False,
)


@dataclass
class Clock:
    now_ns: int = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[IdleSession]:
    monkeypatch.setattr("edge_worker.activation._LOOK_S", 0.001)
    return idle_sessions(monkeypatch)


@dataclass
class Door:
    keeper: StreamKeeper
    broker: Broker
    clock: Clock

    def events(self) -> list[StreamEvent]:
        return [decode(StreamEvent, EVENT, payload) for payload in self.broker.on(EVENT)]

    async def awake(self) -> bool:
        """Whether it is active, once all that is due has happened."""
        for _ in range(10):
            await asyncio.sleep(0.001)
        return self.keeper.active

    async def state(self) -> StreamState:
        """The newest, once it has been said."""
        await asyncio.sleep(0.15)
        return self.broker.states()[-1]


@contextlib.asynccontextmanager
async def door(
    state: StreamState = ON_DEMAND, *, doorbell: bool = True, admission: Admission | None = None
) -> AsyncIterator[Door]:
    broker, clock = Broker(), Clock()
    lent = replace(services(broker), admission=admission)
    keeper = StreamKeeper("door", lent, lambda: 0.0, clock)
    keeper.declare(doorbell=doorbell)
    await keeper.saw(state)
    keeper.elected(is_owner=True)
    await settle()
    yield Door(keeper, broker, clock)
    await keeper.drain()


@pytest.mark.parametrize(
    ("setting", "doorbell", "expected"),
    [
        (Activation.AUTO, True, Activation.ON_DEMAND),
        (Activation.AUTO, False, Activation.ALWAYS),
        (Activation.ALWAYS, True, Activation.ALWAYS),
        (Activation.ON_DEMAND, False, Activation.ON_DEMAND),
        (Activation.OFF, True, Activation.OFF),
    ],
)
def test_activation_when_auto_then_a_doorbell_sleeps_and_others_do_not(
    setting: Activation,
    doorbell: bool,  # noqa: FBT001 - pytest gives parameters by name
    expected: Activation,
) -> None:
    assert in_force(setting, doorbell=doorbell) is expected


async def test_wake_when_it_comes_again_and_again_then_the_first_reason_counts() -> None:
    clock = Clock()
    wakefulness = Wakefulness(Visit(clock), Activation.ON_DEMAND)
    for reason in ("ring", "watcher", "watcher"):
        wakefulness.wake(reason)
        clock.now_ns += LASTS_NS - 1
        assert (wakefulness.wanted, wakefulness.woken_by) == (True, "ring")
    clock.now_ns += 1
    assert not wakefulness.wanted
    wakefulness.wake("talkback")
    assert wakefulness.woken_by == "talkback"


async def test_stream_when_nobody_is_there_then_it_is_owned_and_nothing_is_run_for_it(
    made: list[IdleSession],
) -> None:
    async with door() as here:
        await here.keeper.media(segment())
        state = await here.state()
        assert here.keeper.serving
        assert not await here.awake()
        assert (state.active, state.out_topic) == (False, "")
        assert "ring" in state.sleep_reason
    assert not made


async def test_stream_when_asleep_then_commands_are_obeyed(made: list[IdleSession]) -> None:
    async with door() as here:
        await here.keeper.set(Command("target_language", "pt"))
        assert (await here.state()).settings.target_language == "pt"
        await here.keeper.set(Command("target_language", "nonsense!"))
        assert (await here.state()).last_error is not None
    assert not made


@pytest.mark.parametrize("reason", ["ring", "watcher", "talkback"])
async def test_stream_when_woken_then_it_begins_with_what_came_just_before(
    made: list[IdleSession], reason: str
) -> None:
    async with door() as here:
        await here.keeper.media(segment(payload=b"first word"))
        here.keeper.wake(reason)
        await settle()
        await here.keeper.media(segment(payload=b"next"))
        assert made[0].taken == [b"first word", b"next"]
        assert [(one.type, one.detail) for one in here.events()] == [(EventType.WOKEN, reason)]
        state = await here.state()
        assert (state.active, state.sleep_reason, state.out_topic) == (True, "", "out")
        assert await here.awake()


async def test_stream_when_it_has_been_quiet_for_two_minutes_then_it_sleeps_until_the_next_ring(
    made: list[IdleSession],
) -> None:
    async with door() as here:
        here.keeper.ring()
        await settle()
        here.clock.now_ns += LASTS_NS - 1
        made[0].visit.go_on()
        here.clock.now_ns += LASTS_NS - 1
        assert await here.awake()
        made[0].paused = False
        here.clock.now_ns += 1
        assert await here.awake()
        made[0].paused = True
        await settle()
        assert not await here.awake()
        assert (made[0].finished, made[0].closed) == (True, True)
        assert here.events()[-1].type is EventType.ASLEEP
        assert not (await here.state()).active
        here.keeper.ring()
        await settle()
        assert [one.term for one in made] == [2, 3]
        assert (await here.state()).active


async def test_activation_when_set_then_the_stream_wakes_or_sleeps_at_once(
    made: list[IdleSession],
) -> None:
    async with door() as here:
        for text, active in (("always", True), ("off", False), ("auto", False), ("always", True)):
            await here.keeper.set(Command("activation", text))
            if made:
                made[-1].paused = False
            assert await here.awake() is active
        await here.keeper.set(Command("activation", "off"))
        await settle()
        here.keeper.ring()
        assert not await here.awake()
        assert (await here.state()).sleep_reason == "activation is off"


async def test_stream_when_its_camera_is_a_doorbell_after_all_then_it_sleeps(
    made: list[IdleSession],
) -> None:
    state = replace(ON_DEMAND, settings=StreamSettings())
    async with door(state, doorbell=False) as here:
        assert await here.awake()
        here.keeper.declare(doorbell=True)
        assert not await here.awake()
    assert len(made) == 1


async def test_stream_when_it_was_awake_at_the_worker_before_then_its_visit_goes_on(
    made: list[IdleSession],
) -> None:
    async with door(replace(ON_DEMAND, active=True)) as here:
        assert await here.awake()
        here.clock.now_ns += LASTS_NS
        assert not await here.awake()
    assert made[0].finished


async def test_session_when_it_fails_then_it_starts_again_and_the_visit_goes_on(
    made: list[IdleSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.restarts._FIRST_S", 0.0)
    async with door() as here:
        here.keeper.ring()
        await settle()
        made[0].fails.set()
        await settle(50)
        assert [one.closed for one in made] == [True, False]
        assert [one.type for one in here.events()] == [EventType.WOKEN, EventType.STAGE_FAILED]


async def test_stream_when_the_box_is_full_then_it_says_so_once_and_wakes_when_there_is_room(
    made: list[IdleSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.activation._AGAIN_S", 0.001)
    admission = Admission(lambda: 0.6, 2.0, lambda: 0)
    for number in range(7):
        admission.ask(f"other-{number}", lambda: Rung.FULL)
    assert admission.ask("door", lambda: Rung.FULL)
    async with door(admission=admission) as here:
        here.keeper.ring()
        assert not await here.awake()
        state = await here.state()
        assert (state.active, state.sleep_reason) == (False, "")
        assert "no room" in state.trouble
        assert [one.type for one in here.events()] == [EventType.OVERLOAD]
        admission.leave("other-0")
        assert await here.awake()
        assert (await here.state()).trouble == ""
        assert [one.type for one in here.events()] == [EventType.OVERLOAD, EventType.WOKEN]
        assert admission.ask("late", lambda: Rung.FULL)
    assert len(made) == 1
    assert not admission.ask("late", lambda: Rung.FULL)


async def test_stream_when_it_was_refused_and_its_visit_is_over_then_the_box_is_not_full_for_it(
    made: list[IdleSession], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.activation._AGAIN_S", 0.001)
    now_ns = 0
    admission = Admission(lambda: 0.8, 2.0, lambda: now_ns)
    admission.ask("other", lambda: Rung.FULL)
    now_ns += MEASURED_AFTER_NS
    async with door(admission=admission) as here:
        here.keeper.ring()
        assert not await here.awake()
        assert admission.refused == {"door"}
        here.clock.now_ns += LASTS_NS
        assert not await here.awake()
        state = await here.state()
        assert (state.wanted, state.trouble) == (False, "")
        assert "nobody is there" in state.sleep_reason
        assert (admission.refused, admission.full) == (frozenset(), True)
        now_ns += FULL_FOR_NS
        assert not admission.full
    assert not made


async def test_stream_when_it_was_refused_at_the_worker_before_then_it_wakes_where_it_goes(
    made: list[IdleSession],
) -> None:
    admission = Admission(lambda: 0.8, 2.0)
    admission.ask("other", lambda: Rung.PASS_THROUGH)
    async with door(admission=admission) as full:
        full.keeper.wake("watcher")
        assert not await full.awake()
        state = await full.state()
    assert (state.active, state.wanted) == (False, True)
    assert not made
    async with door(replace(state, owner="other")) as roomy:
        assert await roomy.awake()
        assert (await roomy.state()).wanted is False
    assert len(made) == 1
