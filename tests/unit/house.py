"""A list in the broker's place, and sessions that do nothing: what a worker says and decides."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

import pytest

from edge_worker.config import WorkerSettings, load_settings
from edge_worker.engine_set import EngineSet
from edge_worker.media.clock import ClockAnchor
from edge_worker.session.announcer import Announcer
from edge_worker.session.session import Services
from edge_worker.session.visit import Visit
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import Channel, Rung, StreamSettings, StreamState, Topics, decode

TOPICS = Topics()
ME = "box"


@dataclass
class Broker:
    """All that was published, in order."""

    said: list[tuple[str, bytes]] = field(default_factory=list)

    def publish(self, topic: str, payload: bytes | str, **_: object) -> bool:
        self.said.append((topic, payload.encode() if isinstance(payload, str) else payload))
        return True

    def publish_media(self, topic: str, payload: bytes, **_: object) -> bool:
        return self.publish(topic, payload)

    def on(self, topic: str) -> list[bytes]:
        """Payloads on one topic."""
        return [payload for said, payload in self.said if said == topic]

    def states(self, stream: str = "door") -> list[StreamState]:
        """States of one stream; none for where it was cleared."""
        topic = TOPICS.state(stream)
        return [decode(StreamState, topic, payload) for payload in self.on(topic) if payload]


class IdleSession:
    """A session that takes what it is given and runs until it is cancelled, or told to fail."""

    def __init__(
        self,
        stream: str,
        services: Services,
        settings: StreamSettings,
        term: int,
        visit: Visit,
    ) -> None:
        self.stream, self.services, self.settings = stream, services, settings
        self.term, self.visit = term, visit
        self.quiet, self.paused, self.closed, self.finished = True, True, False, False
        self.epoch, self.rung, self.delay_ns, self.out_topic = "", Rung.FULL, 0, "out"
        self.interpreter = ""
        self.supply = SimpleNamespace(need=None, trouble="")
        self.taken: list[bytes] = []
        self.fails = asyncio.Event()

    def on_change(self, changed: Callable[[], None]) -> None:
        self.changed = changed

    async def take(self, message: Message) -> None:
        self.taken.append(message.payload)

    async def anchor(self, anchor: ClockAnchor) -> None:
        self.anchored = anchor

    async def apply(self, settings: StreamSettings) -> None:
        self.settings = settings

    async def take_over(self, settings: StreamSettings, term: int) -> None:
        self.settings, self.term = settings, term

    async def run(self) -> None:
        await self.fails.wait()
        raise RuntimeError("told to fail")

    async def finish(self) -> None:
        self.finished = True

    def close(self) -> None:
        self.closed = True


def services(broker: Broker, now_ns: Callable[[], int] = lambda: 1, **flags: object) -> Services:
    """What a worker lends, but for the engines."""
    announcer = Announcer(cast("MqttLink", broker), TOPICS)
    return Services(cast("EngineSet", None), announcer, config(**flags), now_ns, lambda: 0.5)


def config(**flags: object) -> WorkerSettings:
    return load_settings(None, {"worker": ME, **flags})


def segment(stream: str = "door", payload: bytes = b"G") -> Message:
    return Message(TOPICS.build(Channel.IN_AV, stream=stream), payload, 0)


async def settle(turns: int = 20) -> None:
    """Let everything that is ready happen."""
    for _ in range(turns):
        await asyncio.sleep(0)


def idle_sessions(monkeypatch: pytest.MonkeyPatch) -> list[IdleSession]:
    """Every session that keepers make from now on, in order."""
    made: list[IdleSession] = []

    def make(
        stream: str, lent: Services, settings: StreamSettings, term: int, visit: Visit
    ) -> IdleSession:
        made.append(IdleSession(stream, lent, settings, term, visit))
        return made[-1]

    monkeypatch.setattr("edge_worker.on_air.Session", make)
    monkeypatch.setattr("edge_worker.standby.Session", make)
    return made
