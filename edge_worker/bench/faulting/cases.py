"""The faults: what happens, and how it is over."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edge_worker.bench.faulting import spoils
from edge_worker.bench.faulting.door import Door
from edge_worker.bench.faulting.film import Film, recoded
from edge_worker.bench.faulting.house import MortalBroker, WorkerProcess
from edge_worker.media.segments import MediaSegment
from mqtt_schemas import StreamStatus

FAULT_S = 8.0
_WRAP = 2**33
_DOWN_S = 2.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault has to work with."""

    broker: MortalBroker
    worker: WorkerProcess
    door: Door
    log: Path


Happening = Callable[[Scene], Awaitable[None]]
"""Begins with the fault and ends when it is cleared."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault."""

    what: str
    happens: Happening | None = None
    """None: the film itself is the fault."""
    segments: Callable[[Film, Path, random.Random], list[MediaSegment]] = (
        lambda film, _folder, _chance: film.segments()
    )
    pace: float = 1.0
    takes: float = 0.0
    """Sentences may be lost that are spoken up to so many seconds after it is cleared."""
    away: bool = False
    """Worker or camera really are away meanwhile, and are said to be."""


def _spoiling(spoil: spoils.Spoil, seconds: float = FAULT_S) -> Happening:
    async def happen(scene: Scene) -> None:
        scene.door.begin(spoil=spoil)
        await asyncio.sleep(seconds)
        scene.door.begin(spoil=spoils.untouched)

    return happen


async def _vanish(scene: Scene) -> None:
    scene.door.begin(spoil=spoils.silent)
    scene.door.say(StreamStatus.OFFLINE)
    await asyncio.sleep(3.0)
    scene.door.restart()
    scene.door.begin(spoil=spoils.untouched)
    scene.door.say(StreamStatus.ONLINE)


async def _broker_falls(scene: Scene) -> None:
    await scene.broker.fall(_DOWN_S)


async def _worker_falls(scene: Scene) -> None:
    await scene.worker.kill()
    await asyncio.sleep(_DOWN_S)
    await scene.worker.start()


async def _disk_fills(scene: Scene) -> None:
    await scene.worker.stop()
    scene.worker.log_to(Path("/dev/full"))
    await scene.worker.start()


async def _starve(scene: Scene) -> None:
    await scene.worker.starve(FAULT_S, 0.5)


def _changing(
    name: str, options: tuple[str, ...]
) -> Callable[[Film, Path, random.Random], list[MediaSegment]]:
    def segments(film: Film, folder: Path, chance: random.Random) -> list[MediaSegment]:
        at_s = chance.uniform(6, 10)
        other = recoded(folder, name, options, film)
        first = film.part(0, at_s).segments()
        last_s = max(unit.pts for unit in film.units) / 90_000
        return [*first, *other.part(at_s, last_s).segments(first_seq=len(first))]

    return segments


def _wrapping(film: Film, _folder: Path, chance: random.Random) -> list[MediaSegment]:
    return film.segments(start=_WRAP - round(chance.uniform(6, 10) * 90_000))


CASES: Mapping[str, Case] = MappingProxyType(
    {
        "nothing": Case("nothing, to compare with"),
        "broker-killed": Case("broker killed, back after 2 s", _broker_falls, takes=3),
        "worker-killed": Case(
            "worker killed, started again after 2 s", _worker_falls, takes=14, away=True
        ),
        "camera-gone": Case("camera gone for 3 s, its clock anew", _vanish, takes=2, away=True),
        "loss-1": Case("1 % of segments lost", _spoiling(spoils.lost(0.01))),
        "loss-5": Case("5 % of segments lost", _spoiling(spoils.lost(0.05))),
        "loss-10": Case("10 % of segments lost", _spoiling(spoils.lost(0.10))),
        "doubled": Case("20 % of segments twice", _spoiling(spoils.doubled(0.2))),
        "reordered": Case("20 % of segments overtaken", _spoiling(spoils.reordered(0.2))),
        "jitter": Case("up to 500 ms of jitter", _spoiling(spoils.delayed(0.5))),
        "clock-ahead": Case(
            "camera's clock an hour ahead", _spoiling(spoils.misdated(spoils.HOUR_NS))
        ),
        "clock-behind": Case(
            "camera's clock an hour behind", _spoiling(spoils.misdated(-spoils.HOUR_NS))
        ),
        "drift": Case("camera's clock 200 ppm fast", pace=1.0002),
        "wrap": Case("timestamps wrap around", segments=_wrapping),
        "codec": Case(
            "H.264 becomes H.265",
            segments=_changing(
                "h265",
                ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
            ),
        ),
        "size": Case(
            "640x480 becomes 320x240",
            segments=_changing(
                "small", ("-vf", "scale=320:240", "-c:v", "libx264", "-preset", "veryfast")
            ),
        ),
        "rate": Case(
            "25 pictures a second become 15",
            segments=_changing("slow", ("-r", "15", "-c:v", "libx264", "-preset", "veryfast")),
        ),
        "disk-full": Case(
            "worker started again, its log's disk full", _disk_fills, takes=14, away=True
        ),
        "starved": Case("worker on half a core", _starve, takes=10),
    }
)
"""By name."""
