"""A worker's own life, with a list in the broker's place."""

import asyncio
import contextlib
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from textwrap import dedent
from types import SimpleNamespace
from typing import Self, cast

import psutil
import pytest

from edge_worker.engine_set import EngineSet
from edge_worker.transport import Message
from edge_worker.worker import Worker
from engines import EngineUnavailableError
from mqtt_schemas import StreamInfo, StreamState, Topics, VoiceInfo, WorkerInfo, encode
from tests.broker.watching import until
from tests.unit.house import ME, Broker, IdleSession, config, idle_sessions

TOPICS = Topics()
Handler = Callable[[Message], Awaitable[None]]


class Link(Broker):
    """The worker's link: what it says is kept, what it is to hear is handed to it."""

    connected = True

    def __init__(self) -> None:
        super().__init__()
        self.handlers: dict[str, Handler] = {}
        self.hooks: list[Callable[[], Awaitable[None]]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def on_connect(self, hook: Callable[[], Awaitable[None]]) -> None:
        self.hooks.append(hook)

    async def subscribe(self, topic_filter: str, handler: Handler, **_: object) -> None:
        self.handlers[topic_filter] = handler

    async def hear(self, topic: str, payload: bytes = b"", *, retain: bool = False) -> None:
        """Hand the worker a message."""
        levels = topic.split("/")
        levels[2:3] = "+"
        await self.handlers["/".join(levels)](Message(topic, payload, 0, retain=retain))

    async def reconnect(self) -> None:
        for hook in self.hooks:
            await hook()

    @property
    def statuses(self) -> list[str]:
        return [payload.decode() for payload in self.on(TOPICS.worker_status(ME))]


def engine_set() -> EngineSet:
    return cast(
        "EngineSet",
        SimpleNamespace(
            language_pairs=tuple,
            language_offers=tuple,
            voice_list=tuple,
            engines=tuple,
            sources=None,
            waiting=0,
            close=lambda: None,
        ),
    )


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Link:
    link = Link()
    monkeypatch.setattr("edge_worker.worker.MqttLink", lambda *_: link)
    monkeypatch.setattr("edge_worker.worker._READ_STATE_S", 0.05)
    monkeypatch.setattr("edge_worker.figures._EVERY_S", 0.02)
    monkeypatch.setattr("edge_worker.streams._LOOK_S", 0.02)
    return link


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[IdleSession]:
    return idle_sessions(monkeypatch)


@contextlib.asynccontextmanager
async def working(link: Link) -> AsyncIterator[Worker]:
    worker = Worker(config(engines={"shared": False}), engine_set)
    running = asyncio.create_task(worker.run())
    await until(lambda: "ready" in link.statuses)
    yield worker
    worker.stop()
    await running


async def declare(link: Link, stream: str = "door") -> None:
    topic = TOPICS.stream_info(stream)
    await link.hear(topic, encode(StreamInfo(stream=stream), topic), retain=True)


async def other(link: Link, worker: str, status: str) -> None:
    topic = TOPICS.worker_info(worker)
    await link.hear(topic, encode(WorkerInfo(worker=worker, capacity=4.0), topic), retain=True)
    await link.hear(TOPICS.worker_status(worker), status.encode(), retain=True)


async def test_engines_when_they_cannot_be_loaded_then_the_worker_says_that_it_is_gone(
    link: Link,
) -> None:
    def fail() -> EngineSet:
        raise EngineUnavailableError("no such model")

    with pytest.raises(EngineUnavailableError):
        await Worker(config(engines={"shared": False}), fail).run()
    assert link.statuses == ["disconnected"]


async def test_connection_when_it_comes_back_with_our_own_last_will_then_sessions_go_on(
    link: Link, made: list[IdleSession]
) -> None:
    async with working(link) as worker:
        await declare(link)
        await until(lambda: worker.owned == ("door",))
        await link.hear(TOPICS.worker_status(ME), b"lost", retain=True)
        await link.reconnect()
        await asyncio.sleep(0.2)
        assert worker.owned == ("door",)
        assert [(one.term, one.closed) for one in made] == [(1, False)]
        assert {state.term for state in link.states()} == {1}


async def test_connection_when_a_successor_served_meanwhile_then_its_settings_stay(
    link: Link, made: list[IdleSession]
) -> None:
    async with working(link) as worker:
        await declare(link)
        await until(lambda: worker.owned == ("door",))
        ours = link.states()[-1]
        theirs = StreamState(
            stream="door",
            settings=ours.settings.apply("target_language", "pt"),
            owner="other",
            term=2,
            revision=7,
        )
        before = len(link.states())
        await link.reconnect()
        topic = TOPICS.state("door")
        await link.hear(topic, encode(theirs, topic), retain=True)
        assert len(link.states()) == before
        await until(lambda: worker.owned == ("door",))
        await until(lambda: link.states()[-1].term == 3)
        assert made[-1].settings == theirs.settings


async def test_workers_when_many_dead_ones_are_remembered_then_this_one_serves(
    link: Link, made: list[IdleSession]
) -> None:
    async with working(link) as worker:
        for number in range(80):
            await other(link, f"dead-{number}", "lost")
        await declare(link)
        await until(lambda: worker.owned == ("door",))
    assert len(made) == 1


async def test_commands_when_there_is_no_such_stream_then_they_do_not_make_one(
    link: Link, made: list[IdleSession]
) -> None:
    async with working(link) as worker:
        setting = link.handlers["polylip/stream/+/set/+"]
        await setting(Message(TOPICS.set("ghost", "captions"), b"off", 0))
        topic = TOPICS.event("ghost")
        await link.hear(topic, b'{"type": "ring", "utc_ns": 1}')
        await asyncio.sleep(0.1)
        assert worker.owned == ()
    assert not made


async def test_figures_when_the_system_does_not_tell_then_the_worker_goes_on(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: object) -> float:
        raise psutil.NoSuchProcess(1)

    with monkeypatch.context() as patch:
        patch.setattr("edge_worker.metrics.ProcessMeter.cpu_s", fail)
        async with working(link) as worker:
            await asyncio.sleep(0.1)
            assert not any(topic.endswith("/metrics") for topic, _ in link.said)
            patch.undo()
            await until(lambda: any(topic.endswith("/metrics") for topic, _ in link.said))
            assert worker.owned == ()
    assert link.statuses[-1] == "disconnected"


async def test_messages_when_a_sender_goes_on_breaking_the_contract_then_they_fill_no_log(
    link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    async with working(link):
        for _ in range(100):
            await link.hear(TOPICS.stream_info("door"), b'{"stream": "gate"}')
        await link.hear(TOPICS.stream_info("door"), b"no json")
        await declare(link, "yard")
    told = [one.getMessage() for one in caplog.records if one.levelname == "WARNING"]
    assert len([text for text in told if "refused" in text]) == 1


async def test_worker_when_it_cannot_say_who_it_is_then_it_says_so_once_and_serves(
    link: Link, made: list[IdleSession], caplog: pytest.LogCaptureFixture
) -> None:
    engines = engine_set()
    engines.voice_list = lambda: (VoiceInfo(id="Amélie (premium)", language="fr"),)  # type: ignore[method-assign] # a stand-in
    worker = Worker(config(engines={"shared": False}), lambda: engines)
    running = asyncio.create_task(worker.run())
    await until(lambda: "ready" in link.statuses)
    await link.reconnect()
    await declare(link)
    await until(lambda: worker.owned == ("door",))
    worker.stop()
    await running
    assert len(made) == 1
    assert caplog.text.count("refused: field 'voices") == 1
    assert link.statuses[-1] == "disconnected"


async def test_stop_when_engines_are_still_being_loaded_then_the_worker_leaves_at_once(
    link: Link,
) -> None:
    loading, enough = threading.Event(), threading.Event()

    def load() -> EngineSet:
        loading.set()
        enough.wait()
        return engine_set()

    worker = Worker(config(engines={"shared": False}), load)
    running = asyncio.create_task(worker.run())
    await asyncio.to_thread(loading.wait)
    worker.stop()
    await running
    enough.set()
    assert link.statuses == ["disconnected"]


def test_process_when_it_ends_while_engines_are_being_loaded_then_it_does_not_wait() -> None:
    program = """
        import asyncio, threading
        from functools import partial
        from edge_worker.background import in_background_until
        from edge_worker.lending import giving_way

        async def run():
            stopping = asyncio.Event()
            asyncio.get_running_loop().call_later(0.2, stopping.set)
            load = partial(giving_way, threading.Event().wait)
            print(await in_background_until(stopping, load, "load"))

        asyncio.run(run())
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "None\n"
