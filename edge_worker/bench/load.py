"""How many streams does a box serve? Cameras that speak, are silent or sleep, and one worker.

Every camera is a process of its own on a real mosquitto, the worker another, confined to two cores.
Cameras and broker have all cores to choose from, as they do where they are machines of their own.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.load_films import Scene, film_of
from edge_worker.bench.load_house import House
from edge_worker.bench.mosquitto import Mosquitto
from edge_worker.bench.report import BenchReport, Cell, Column, Row
from edge_worker.demo import SAMPLE
from edge_worker.demo.latency import first_sounds_s
from edge_worker.demo.processes import Confinement, PolylipProcess, ProcessFailedError
from edge_worker.transport import BrokerSettings, MqttLink
from edge_worker.verify.reference import read_reference
from mqtt_schemas import Activation

_CORES = 2
_READY_S = 120.0

COLUMNS = (
    Column("case"),
    Column("speaking", digits=0, help="Streams whose visitor speaks all the time."),
    Column("silent", digits=0, help="Streams with somebody in view who says nothing."),
    Column("empty", digits=0, help="Streams with nobody in view."),
    Column("asleep", digits=0, help="Streams that are translated on demand, and sleep."),
    Column("tau", digits=2, help="CPU seconds of the worker / (seconds x its cores)."),
    Column("each", "% of a core", 1, "More than the idle worker, per stream."),
    Column("first sound", "s", 2, "End of a sentence to its first translated sound, median."),
    Column("p99", "s", 2, "The same, 99th percentile."),
    Column("spoken", "%", 0, "Of the visitors' sentences, those heard translated."),
    Column("memory", "MB", 0, "Of the worker at the end, models included (PSS)."),
    Column("refused", digits=0, help="Streams that the worker did not take for lack of room."),
    Column("rung", help="Lowest of the degrade ladder meanwhile, of any stream."),
)


@dataclass(frozen=True, slots=True)
class Crowd:
    """One case."""

    speaking: int = 0
    silent: int = 0
    empty: int = 0
    asleep: int = 0

    @property
    def name(self) -> str:
        """For ``--only``."""
        counts = {kind: getattr(self, kind) for kind in ("speaking", "silent", "empty", "asleep")}
        return "-".join(f"{kind}-{count}" for kind, count in counts.items() if count) or "idle"

    @property
    def streams(self) -> Mapping[str, Scene]:
        """What each camera sees, by stream."""
        scenes = [Scene.SPEAKING] * self.speaking + [Scene.SILENT] * self.silent
        scenes += [Scene.EMPTY] * self.empty
        awake = {f"awake-{number}": scene for number, scene in enumerate(scenes)}
        return MappingProxyType(awake | dict.fromkeys(self.sleepers, Scene.SPEAKING))

    @property
    def sleepers(self) -> tuple[str, ...]:
        """Streams that nobody rings at; their visitors speak all the same."""
        return tuple(f"asleep-{number}" for number in range(self.asleep))


CROWDS = (
    Crowd(),
    Crowd(asleep=8),
    Crowd(empty=4),
    Crowd(silent=4),
    Crowd(speaking=1),
    Crowd(speaking=1, silent=3),
    Crowd(speaking=1, empty=5),
    Crowd(speaking=1, asleep=8),
    Crowd(speaking=2),
    Crowd(speaking=3),
    Crowd(speaking=4),
)
QUICK = Crowd(asleep=1)


@dataclass(frozen=True, slots=True)
class _Pace:
    """How long everything takes, seconds."""

    apart: float
    """Between the starts of two cameras: no two visitors say the same at once."""
    settle: float
    measure: float
    last_words: float


_WHOLE, _QUICK = _Pace(3.0, 8.0, 30.0, 6.0), _Pace(0.0, 1.0, 3.0, 0.0)


@dataclass(slots=True)
class _Measured:
    """What came of one case."""

    crowd: Crowd
    cpu_s: float = 0.0
    seconds: float = 0.0
    memory_mb: float = 0.0
    house: House = field(default_factory=House)

    def served(self) -> bool:
        """The worker is ready, every camera plays, and who is to sleep sleeps."""
        there = self.house.ready and set(self.crowd.streams) <= self.house.playing
        return there and set(self.crowd.sleepers) <= self.house.asleep

    @property
    def busy(self) -> float:
        """Cores."""
        return self.cpu_s / self.seconds if self.seconds else 0.0


def run(options: BenchOptions) -> BenchReport:
    """Send every crowd to a worker; the whole of it takes about ten minutes.

    Raises:
        BenchFailedError: there is no mosquitto, or none of the cases asked for could be run.
    """
    chosen = [crowd for crowd in (QUICK,) if options.quick] or [
        crowd for crowd in CROWDS if options.wants(crowd.name)
    ]
    rows: list[Row] = []
    notes: list[str] = []
    idle: float | None = None
    for crowd in chosen:
        options.progress(crowd.name)
        try:
            measured = asyncio.run(_measure(crowd, options))
        except ProcessFailedError as error:
            notes.append(f"{crowd.name} was not measured: {error}")
            continue
        idle = measured.busy if crowd == Crowd() else idle
        rows.append(Row(_cells(measured, idle)))
    if not rows:
        names = ", ".join(crowd.name for crowd in CROWDS)
        raise BenchFailedError("; ".join(notes) or f"no such case; there are {names}")
    return BenchReport("load", "How many streams a box serves", COLUMNS, tuple(rows), tuple(notes))


async def _measure(crowd: Crowd, options: BenchOptions) -> _Measured:
    folder = options.folder / crowd.name
    folder.mkdir(exist_ok=True)
    pace = _QUICK if options.quick else _WHOLE
    measured = _Measured(crowd)
    films = {stream: film_of(scene, options.folder) for stream, scene in crowd.streams.items()}
    with Mosquitto(folder) as broker:
        async with MqttLink(broker.settings) as link, contextlib.AsyncExitStack() as processes:
            await measured.house.listen(link)
            for stream, film in films.items():
                await processes.enter_async_context(_camera(stream, film, broker.settings, folder))
                await asyncio.sleep(pace.apart)
            worker = await processes.enter_async_context(_worker(broker.settings, crowd, folder))
            await _until(measured, worker)
            await asyncio.sleep(pace.settle)
            measured.house.begin(time.time_ns())
            before = worker.usage()
            await asyncio.sleep(pace.measure)
            after = worker.usage()
            measured.house.end(time.time_ns())
            measured.cpu_s, measured.seconds = after.cpu_s - before.cpu_s, pace.measure
            measured.memory_mb = after.memory_mb
            await asyncio.sleep(pace.last_words if crowd.speaking else 0.0)
    return measured


def _worker(broker: BrokerSettings, crowd: Crowd, folder: Path) -> PolylipProcess:
    reference = read_reference(SAMPLE / "reference.json")
    arguments = ["worker", "--worker=bench", f"--host={broker.host}", f"--port={broker.port}"]
    arguments += [f"--to={reference.target_language}", f"--from={reference.source_language}"]
    usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    by_visit = {"activation": Activation.ON_DEMAND.value}
    environment = {
        "POLYLIP_LIMITS__STREAMS": str(max(1, len(crowd.streams))),
        "POLYLIP_STREAMS": json.dumps(dict.fromkeys(crowd.sleepers, by_visit)),
    }
    confinement = Confinement(frozenset(usable[:_CORES]), environment)
    return PolylipProcess("the worker", arguments, folder / "worker.log", confinement)


def _camera(stream: str, film: Path, broker: BrokerSettings, folder: Path) -> PolylipProcess:
    arguments = ["camera", str(film), f"--stream={stream}", "--loop"]
    arguments += [f"--host={broker.host}", f"--port={broker.port}"]
    return PolylipProcess("a camera", arguments, folder / f"{stream}.log")


async def _until(measured: _Measured, worker: PolylipProcess) -> None:
    """Wait until every stream is served.

    Raises:
        ProcessFailedError: it does not come to that.
    """
    served = asyncio.create_task(measured.house.until(measured.served))
    ended = asyncio.create_task(worker.wait())
    try:
        waited = {served, ended}
        await asyncio.wait(waited, timeout=_READY_S, return_when=asyncio.FIRST_COMPLETED)
        if not served.done():
            text = f"not all streams were served within {_READY_S:.0f} s; {worker.last_words()}"
            raise ProcessFailedError(text)
    finally:
        for task in (served, ended):
            task.cancel()
        await asyncio.gather(served, ended, return_exceptions=True)


def _cells(measured: _Measured, idle: float | None) -> dict[str, Cell]:
    crowd = measured.crowd
    count = len(crowd.streams)
    more = measured.busy - idle if idle is not None else None
    return {
        "case": crowd.name,
        **{kind: float(getattr(crowd, kind)) for kind in ("speaking", "silent", "empty", "asleep")},
        "tau": measured.busy / _CORES,
        "each": 100 * more / count if more is not None and count else None,
        **_sounds(measured),
        "memory": measured.memory_mb,
        "refused": float(len(measured.house.asleep - set(crowd.sleepers))),
        "rung": measured.house.lowest_rung.value,
    }


def _sounds(measured: _Measured) -> dict[str, Cell]:
    """Of all speaking streams together."""
    latencies: list[float] = []
    sentences = 0
    for stream, scene in measured.crowd.streams.items():
        if scene is not Scene.SPEAKING or stream in measured.crowd.sleepers:
            continue
        heard = measured.house[stream]
        asked = measured.house.asked(heard, read_reference(SAMPLE / "reference.json"))
        sentences += len(asked)
        latencies += first_sounds_s(asked, heard.spoken, heard.camera_start_utc_ns).values()
    return {
        "first sound": _percentile(latencies, 50),
        "p99": _percentile(latencies, 99),
        "spoken": len(latencies) / sentences if sentences else None,
    }


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None
