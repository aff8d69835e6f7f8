"""A session without a broker: what it says is written down."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from edge_worker.admission import Admission
from edge_worker.config import load_settings
from edge_worker.engine_set import EngineSet
from edge_worker.lending import Lent
from edge_worker.session.announcer import Announcer
from edge_worker.session.intake import Taken
from edge_worker.session.interpreter import Interpreter
from edge_worker.session.session import Services, Session
from edge_worker.session.visit import Visit
from edge_worker.transport import BrokerSettings, MqttLink
from engines.face import FaceLandmarker, FaceMesh, FaceRegion, Picture
from engines.lipsync import LipSession
from mqtt_schemas import Channel, EventType, StreamEvent, StreamSettings, Topics


class NoEngine:
    """Stands for every engine that a test does not reach."""

    driven_by_sound = False
    pairs = frozenset({("pt", "en"), ("pt", "de")})
    voices: dict[str, tuple[str, ...]] = {"en": ("v",), "de": ("w",)}  # noqa: RUF012 - never written

    def open(self) -> LipSession:
        raise NotImplementedError


@dataclass
class Blind:
    """Looks for faces and finds none."""

    looks: int = 0

    def detect(self, picture: Picture) -> list[FaceRegion]:
        del picture
        self.looks += 1
        return []

    def mesh(self, picture: Picture, region: FaceRegion) -> FaceMesh:
        raise NotImplementedError


class Told(Announcer):
    """Writes down instead of publishing."""

    def __init__(self) -> None:
        super().__init__(MqttLink(BrokerSettings(host="nowhere")), Topics())
        self.messages: list[tuple[Channel, object]] = []

    def say(self, channel: Channel, message: object, **parts: str) -> None:
        del parts
        self.messages.append((channel, message))

    @property
    def events(self) -> list[EventType]:
        return [one.type for _, one in self.messages if isinstance(one, StreamEvent)]


@dataclass
class Made:
    """A session and what it says."""

    told: Told = field(default_factory=Told)
    settings: StreamSettings = field(default_factory=StreamSettings)
    landmarker: Callable[[], FaceLandmarker] = Blind
    admission: Admission | None = None
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        self.session = Session("door", self._services(), self.settings, 1, Visit(time.time_ns))

    @property
    def interpreter(self) -> Interpreter:
        """The session's own: nobody else interprets for it."""
        assert isinstance(self.session._interpreter, Interpreter)
        return self.session._interpreter

    async def feed(self, taken: Taken) -> None:
        """Have the session take in what a message gave."""
        await self.session._source.hand_out(taken, self.session._source_hooks())

    def _services(self) -> Services:
        engine = NoEngine()
        engines = EngineSet(
            voice=engine,  # type: ignore[arg-type] # never reached
            turn=Lent("turn", engine),  # type: ignore[arg-type] # never reached
            recognizer=Lent("recognizer", engine),  # type: ignore[arg-type] # never reached
            translator=Lent("translator", engine),  # type: ignore[arg-type] # never reached
            synthesizer=Lent("synthesizer", engine),  # type: ignore[arg-type] # never reached
            lips=engine,
            landmarker=self.landmarker,
            loaded=(),
        )
        config = load_settings(None, {"worker": "box"})
        return Services(
            engines, self.told, config, time.time_ns, lambda: 0.0, admission=self.admission
        )


SILENCE = np.zeros(1024, np.float32)
