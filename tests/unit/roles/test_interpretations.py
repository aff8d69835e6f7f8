import asyncio
from dataclasses import dataclass, field, replace

import pytest

from edge_worker.roles.interpretations import Interpretations
from edge_worker.session.services import Services
from edge_worker.transport import Message
from mqtt_schemas import StreamSettings, StreamState
from tests.broker.watching import until
from tests.unit.house import ME, Broker, segment, services, settle


@dataclass
class Idle:
    """An interpretation that does nothing until it is told to fail."""

    state: StreamState
    services: Services
    taken: list[bytes] = field(default_factory=list)
    quiet: bool = True
    busy: bool = False
    left: bool = False
    ended: bool = False

    def __post_init__(self) -> None:
        self.fails = asyncio.Event()

    async def take(self, message: Message) -> None:
        self.taken.append(message.payload)

    def obey(self, state: StreamState) -> None:
        self.state = state

    def leave(self) -> None:
        self.left = True

    async def run(self) -> None:
        try:
            await self.fails.wait()
            raise RuntimeError("told to fail")
        finally:
            self.ended = True


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Idle]:
    """Every interpretation that is begun from now on; pauses are short."""
    idle: list[Idle] = []

    def make(state: StreamState, lent: Services) -> Idle:
        idle.append(Idle(state, lent))
        return idle[-1]

    where = "edge_worker.roles.interpretations"
    monkeypatch.setattr(f"{where}.Interpretation", make)
    for name in ("_LOOK_S", "_FIRST_RESTART_S", "_LEAVE_LOOK_S"):
        monkeypatch.setattr(f"{where}.{name}", 0.001)
    monkeypatch.setattr(f"{where}._ORPHANED_S", 0.01)
    return idle


def state(interpreter: str | None = ME, term: int = 1, **changes: object) -> StreamState:
    whole = StreamState(
        stream="door", settings=StreamSettings(), owner="eyes", interpreter=interpreter,
        term=term, revision=1,
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type] # fields by name


def interpretations(alive: bool = True) -> Interpretations:  # noqa: FBT001, FBT002 - a test's
    return Interpretations(services(Broker()), lambda _: alive, reads=False)


async def test_state_when_it_names_this_worker_then_its_stream_is_interpreted(
    made: list[Idle],
) -> None:
    known = interpretations()
    known.saw(state("other"))
    known.saw(state(None))
    known.saw(state(owner=ME))
    await settle()
    assert made == []
    known.saw(state())
    await settle()
    await known.take_in("door", segment(payload=b"a"))
    await known.take_in("gate", segment("gate", payload=b"b"))
    assert [one.taken for one in made] == [[b"a"]]
    await known.drain()


async def test_state_when_it_changes_then_the_interpretation_goes_on_with_it(
    made: list[Idle],
) -> None:
    known = interpretations()
    known.saw(state())
    await settle()
    known.saw(state(term=2, owner="successor"))
    assert (len(made), made[0].state.owner) == (1, "successor")
    known.saw(state("other", term=1))  # of the owner before
    assert known.streams == ("door",)
    await known.drain()


async def test_state_when_it_names_another_then_what_was_said_is_sent_before_the_end(
    made: list[Idle],
) -> None:
    known = interpretations()
    known.saw(state())
    await settle()
    made[0].busy = True
    known.saw(state("other"))
    await settle()
    assert (known.streams, made[0].left, made[0].ended) == ((), True, False)
    made[0].busy = False
    await known.drain()
    assert made[0].ended


async def test_interpretation_when_it_fails_then_it_is_begun_again(made: list[Idle]) -> None:
    known = interpretations()
    known.saw(state())
    await settle()
    known.saw(state(term=2))
    made[0].fails.set()
    await until(lambda: len(made) == 2)
    assert made[1].state.term == 2
    await known.drain()


async def test_owner_when_it_is_gone_for_long_then_nothing_is_interpreted_for_it(
    made: list[Idle],
) -> None:
    known = interpretations(alive=False)
    known.saw(state())
    running = asyncio.create_task(known.run())
    await until(lambda: not known.streams)
    running.cancel()
    await known.drain()
    assert all(one.ended for one in made)


async def test_stream_when_it_is_gone_then_its_interpretation_ends(made: list[Idle]) -> None:
    known = interpretations()
    known.saw(state())
    await settle()
    known.gone("door")
    known.gone("door")
    await known.drain()
    assert made[0].ended


async def test_worker_when_it_leaves_then_it_interprets_to_the_next_pause(
    made: list[Idle],
) -> None:
    known = interpretations()
    known.saw(state())
    await settle()
    made[0].quiet = False
    leaving = asyncio.create_task(known.drain())
    await settle()
    assert not made[0].left
    made[0].quiet = True
    await leaving
    assert made[0].ended


async def test_streams_when_more_are_named_than_can_be_then_the_rest_is_said_once_and_left(
    made: list[Idle], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("edge_worker.roles.interpretations.MAX_STREAMS", 2)
    known = interpretations()
    for name in ("one", "two", "three", "four"):
        known.saw(state(stream=name))
    assert known.streams == ("one", "two")
    assert len([one for one in caplog.records if one.levelname == "WARNING"]) == 1
    await settle()
    assert [one.state.stream for one in made] == ["one", "two"]
    known.gone("one")
    known.saw(state(stream="three"))
    assert known.streams == ("two", "three")
    await known.drain()
