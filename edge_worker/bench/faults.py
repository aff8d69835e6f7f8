"""``polylip bench faults``: everything that goes wrong at a house, one after the other."""

import asyncio
import random
import time
from dataclasses import dataclass, field

import numpy as np

from edge_worker.bench import BenchFailedError, BenchOptions
from edge_worker.bench.faulting.cases import CASES, Case, Scene
from edge_worker.bench.faulting.door import Door
from edge_worker.bench.faulting.film import Film, visitor
from edge_worker.bench.faulting.house import MortalBroker, WorkerProcess
from edge_worker.bench.faulting.seen import Viewer
from edge_worker.bench.faulting.spoils import untouched
from edge_worker.bench.report import BenchReport, Column, Row
from edge_worker.media.segments import MediaSegment
from edge_worker.transport import MqttLink
from edge_worker.verify.reference import ReferenceUtterance

FILM_S, QUICK_FILM_S = 28.0, 20.0
QUICK_CASES = ("nothing", "broker-killed", "loss-5")
EARLIEST_S, LATEST_S = 6.0, 10.0
"""When in the film the fault begins, at random."""
_NEIGHBOUR = "neighbour"
_READY_S, _SETTLE_S, _CALM_S = 120.0, 20.0, 2.0
_MARGIN_NS = 1_500_000_000
_USUAL_S = 15.0

COLUMNS = (
    Column("fault"),
    Column("picture", "s", 2, "Fault cleared to the first output."),
    Column("translation", "s", 2, "Fault cleared to the first translated output; silences count."),
    Column("gap", "s", 2, "Longest between two outputs."),
    Column("lost", "", 0, "Sentences that never became final."),
    Column("lost else", "", 0, "Of these, not being spoken while the fault was in force."),
    Column("false alarms", "", 0, "Times that a worker or camera was said to be away and was not."),
    Column("neighbour", "x", 2, "Latency p95 of another stream, against that without a fault."),
    Column("its gap", "s", 2, "Longest between two outputs of that stream."),
)
_NOTES = (
    "A visitor speaks to a real worker at a real broker; at a random moment the fault begins.",
    "A second stream, the same visitor, goes on beside it.",
    "Worker and broker are the same processes throughout, but where the fault ends them.",
)


@dataclass(slots=True)
class Outcome:
    """What one case showed."""

    began_s: float = 0.0
    cleared_s: float = 0.0
    """Both monotonic; equal where the film itself is the fault."""
    fault_media_ns: tuple[int, int] = (0, 0)
    ended_s: float = 0.0
    played_s: float = 0.0
    over_s: float = 0.0
    """The film's last segment was sent."""
    missed: list[ReferenceUtterance] = field(default_factory=list)


def run(options: BenchOptions) -> BenchReport:
    """Let each fault happen once.

    Raises:
        BenchFailedError: no broker, no ffmpeg, or the worker does not come up.
    """
    seed = random.SystemRandom().randrange(2**32)
    names = [name for name in CASES if options.wants(name)]
    if options.quick and not options.only:
        names = list(QUICK_CASES)
    film = visitor(QUICK_FILM_S if options.quick else FILM_S)
    rows = asyncio.run(_all(options, names, film, random.Random(seed)))  # noqa: S311 - a stated seed
    return BenchReport(
        name="faults",
        title="When things go wrong",
        columns=COLUMNS,
        rows=tuple(rows),
        notes=(*_NOTES, f"{len(film.said)} sentences a case; seed {seed}."),
    )


async def _all(
    options: BenchOptions, names: list[str], film: Film, chance: random.Random
) -> list[Row]:
    rows: list[Row] = []
    with MortalBroker(options.folder) as broker:
        worker = WorkerProcess(broker.settings, options.folder / "worker.log")
        async with MqttLink(broker.settings) as cameras, MqttLink(broker.settings) as eyes:
            viewer = Viewer()
            await viewer.watch(eyes)
            await worker.start()
            try:
                await _until_ready(viewer)
                neighbour = Door(cameras, _NEIGHBOUR, chance)
                neighbour.declare()
                beside = asyncio.create_task(_for_ever(neighbour, film.segments()))
                usual_s = await _usual_s(viewer)
                for name in names:
                    options.progress(CASES[name].what)
                    door = Door(cameras, name, chance)
                    scene = Scene(broker, worker, door, options.folder)
                    segments = CASES[name].segments(film, options.folder, chance)
                    outcome = await _one(CASES[name], scene, segments, film, viewer, name, chance)
                    rows.append(_row(CASES[name], outcome, viewer, name, usual_s))
                    options.progress(_in_words(rows[-1]))
                    door.forget()
                beside.cancel()
            finally:
                await worker.stop()
    return rows


async def _for_ever(door: Door, segments: list[MediaSegment]) -> None:
    while True:
        await door.play(segments)
        door.restart()


async def _until_ready(viewer: Viewer) -> None:
    def ready() -> bool:
        return any(word == "ready" for _, _, word in viewer.statuses)

    if not await viewer.until(ready, _READY_S):
        raise BenchFailedError("the worker does not come up; see worker.log")


async def _one(
    case: Case,
    scene: Scene,
    segments: list[MediaSegment],
    film: Film,
    viewer: Viewer,
    name: str,
    chance: random.Random,
) -> Outcome:
    door = scene.door
    door.declare()
    await asyncio.sleep(_CALM_S)
    door.pace = case.pace
    outcome = Outcome(played_s=time.monotonic())
    playing = asyncio.create_task(door.play(segments))
    at_s = chance.uniform(EARLIEST_S, LATEST_S)
    await asyncio.sleep(at_s)
    outcome.began_s = time.monotonic()
    if case.happens is not None:
        await case.happens(scene)
    outcome.cleared_s = time.monotonic()
    long_ns = round((outcome.cleared_s - outcome.began_s + case.takes) * 1e9)
    outcome.fault_media_ns = (round(at_s * 1e9), round(at_s * 1e9) + long_ns)
    await playing
    outcome.over_s = time.monotonic()
    seen = viewer[name]
    await viewer.until(
        lambda: not seen.missed(film.said) and len(seen.spoken) >= len(film.said), _SETTLE_S
    )
    outcome.ended_s = time.monotonic()
    outcome.missed = seen.missed(film.said)
    door.spoil = untouched
    return outcome


def _row(case: Case, outcome: Outcome, viewer: Viewer, name: str, usual_s: float | None) -> Row:
    seen = viewer[name]
    begin_ns, end_ns = outcome.fault_media_ns
    if case.happens is None:
        begin_ns = end_ns = -1
    else_lost = [
        one
        for one in outcome.missed
        if one.span.end_ns < begin_ns - _MARGIN_NS or one.span.start_ns > end_ns + _MARGIN_NS
    ]
    alarms = [
        word
        for at_s, _, word in viewer.statuses
        if outcome.played_s <= at_s <= outcome.ended_s and word in {"lost", "offline"}
    ]
    latency_s = _p95(viewer[_NEIGHBOUR].latencies_s(outcome.began_s, outcome.over_s))
    ratio = latency_s / usual_s if latency_s is not None and usual_s else None
    happened = case.happens is not None
    after_s = outcome.cleared_s
    return Row(
        {
            "fault": case.what,
            "picture": seen.first_after(after_s, translated=False) if happened else None,
            "translation": seen.first_after(after_s, translated=True) if happened else None,
            "gap": seen.longest_gap_s(outcome.began_s, outcome.over_s),
            "lost": float(len(outcome.missed)),
            "lost else": float(len(else_lost)),
            "false alarms": 0.0 if case.away else float(len(alarms)),
            "neighbour": ratio,
            "its gap": viewer[_NEIGHBOUR].longest_gap_s(outcome.began_s, outcome.over_s),
        }
    )


def _in_words(row: Row) -> str:
    """A row as it is found; a run that breaks off later has not been for nothing."""
    shown = {column.name: column.show(row.cells.get(column.name)) for column in COLUMNS[1:]}
    return "  " + ", ".join(f"{name} {value}" for name, value in shown.items())


async def _usual_s(viewer: Viewer) -> float | None:
    """Latency p95 of the neighbour while nothing is wrong and it has the box for itself."""
    began_s = time.monotonic()
    await asyncio.sleep(_USUAL_S)
    return _p95(viewer[_NEIGHBOUR].latencies_s(began_s, time.monotonic()))


def _p95(values: list[float]) -> float | None:
    return float(np.percentile(values, 95)) if values else None
