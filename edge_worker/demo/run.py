"""The demo's run: a broker, a worker and a camera; a subscriber notes what comes back."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge_worker.camera.capture import BEGINNING
from edge_worker.demo.observer import Observed, Observer
from edge_worker.demo.processes import Confinement, PolylipProcess, ProcessFailedError, Usage
from edge_worker.media.timestamps import ticks_to_ns
from edge_worker.transport import BrokerSettings, MqttLink
from edge_worker.transport.broker import EmbeddedBroker
from mqtt_schemas import Topics

STREAM = "door"
_READY_S = 180.0
_SETTLE_S = 25.0
_LAST_WORDS_S = 1.5
_SAMPLE_S = 1.0
FILM_START_NS = ticks_to_ns(BEGINNING)
"""Media time at which the camera side publishes a film's time 0."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to run."""

    film: Path
    """The visitor."""
    source: str
    """Language spoken in it, or ``auto``."""
    target: str
    folder: Path
    """Where everything is written."""
    film_s: float
    """Length of the film."""
    confinement: Confinement = field(default_factory=Confinement)
    """What the worker is allowed of the machine."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the run is."""

    step: str
    done_s: float = 0.0
    total_s: float = 0.0


@dataclass(slots=True)
class RunResult:
    """What the run left behind."""

    observed: Observed
    recording: Path
    cpu_s: float = 0.0
    """Of the worker, from the first segment in to the last one out."""
    media_s: float = 0.0
    peak_memory_mb: float = 0.0
    samples: list[Usage] = field(default_factory=list)


async def run(options: DemoOptions, tell: Callable[[Progress], None]) -> RunResult:
    """Run the visitor through the worker, live.

    Raises:
        ProcessFailedError: the worker or the camera ended badly.
        BrokerUnavailableError: the embedded broker cannot run here.
    """
    options.folder.mkdir(parents=True, exist_ok=True)
    recording = options.folder / "translated.ts"
    tell(Progress("starting the broker"))
    with EmbeddedBroker() as broker:
        observer = Observer(Topics(), STREAM, options.target, recording)
        try:
            async with MqttLink(broker.settings) as link:
                await observer.subscribe(link)
                async with _worker(options, broker.settings) as worker:
                    await _until_ready(observer, worker, tell)
                    return await _play(options, broker.settings, observer, worker, tell)
        finally:
            observer.close()


def _worker(options: DemoOptions, broker: BrokerSettings) -> PolylipProcess:
    arguments = [
        "worker",
        "--worker=demo",
        f"--host={broker.host}",
        f"--port={broker.port}",
        f"--to={options.target}",
        f"--from={options.source}",
    ]
    log = options.folder / "worker.log"
    return PolylipProcess("the worker", arguments, log, options.confinement)


async def _until_ready(
    observer: Observer, worker: PolylipProcess, tell: Callable[[Progress], None]
) -> None:
    tell(Progress("loading the models"))
    ready = asyncio.create_task(observer.ready.wait())
    ended = asyncio.create_task(worker.wait())
    await asyncio.wait({ready, ended}, timeout=_READY_S, return_when=asyncio.FIRST_COMPLETED)
    ended.cancel()
    if not ready.done():
        ready.cancel()
        raise ProcessFailedError(worker.last_words())


async def _play(
    options: DemoOptions,
    broker: BrokerSettings,
    observer: Observer,
    worker: PolylipProcess,
    tell: Callable[[Progress], None],
) -> RunResult:
    result = RunResult(observer.observed, options.folder / "translated.ts")
    arguments = [
        "camera",
        str(options.film),
        f"--stream={STREAM}",
        "--name=Front door",
        f"--host={broker.host}",
        f"--port={broker.port}",
    ]
    before = worker.usage()
    sampling = asyncio.create_task(_sample(worker, result))
    began = time.monotonic()
    showing = asyncio.create_task(_show(options, began, tell))
    try:
        async with PolylipProcess("the camera", arguments, options.folder / "camera.log") as camera:
            await camera.wait()
        showing.cancel()
        tell(Progress("waiting for the last words"))
        await _settle(observer.observed)
        result.cpu_s = worker.usage().cpu_s - before.cpu_s
        result.media_s = options.film_s
    finally:
        for task in (sampling, showing):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    await worker.stop()
    return result


async def _settle(observed: Observed) -> None:
    """Wait until everything that is to be spoken has been heard to its end."""
    await asyncio.sleep(_LAST_WORDS_S)
    waited_s = 0.0
    while observed.unspoken and waited_s < _SETTLE_S:
        await asyncio.sleep(_SAMPLE_S)
        waited_s += _SAMPLE_S
    await asyncio.sleep(2 * _LAST_WORDS_S)


async def _sample(worker: PolylipProcess, result: RunResult) -> None:
    while True:
        usage = await asyncio.to_thread(worker.usage)
        result.samples.append(usage)
        result.peak_memory_mb = max(result.peak_memory_mb, usage.memory_mb)
        await asyncio.sleep(_SAMPLE_S)


async def _show(options: DemoOptions, began: float, tell: Callable[[Progress], None]) -> None:
    while True:
        done_s = min(time.monotonic() - began, options.film_s)
        tell(Progress("the visitor speaks", done_s, options.film_s))
        await asyncio.sleep(0.5)
