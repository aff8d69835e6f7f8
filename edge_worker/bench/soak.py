"""``polylip bench soak``: one visitor after the other for twenty minutes; does anything creep?"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import numpy as np

from edge_worker.bench import BenchOptions
from edge_worker.bench.report import BenchReport, Column, Row
from edge_worker.demo.processes import PolylipProcess, ProcessFailedError
from edge_worker.transport import BrokerSettings, Message, MqttLink
from edge_worker.transport.broker import EmbeddedBroker
from mqtt_schemas import (
    Channel,
    MediaProperties,
    StreamMetrics,
    Topics,
    UtteranceMessage,
    UtteranceStage,
    WorkerStatus,
    decode,
)

STREAM, LANGUAGE = "door", "en"
MINUTES, QUICK_MINUTES = 20.0, 0.5
SETTLED_MINUTES = 5.0
"""What the first minutes take (models, caches) is no leak."""
_READY_S = 180.0
_SAMPLE_S = 5.0
_PLAYED = (
    "The demo's visitor again and again, Portuguese to English, 640x480 at 25 pictures a second; "
    "broker, camera, worker and observer on one machine."
)

COLUMNS = (
    Column("figure"),
    Column("value", "", 2),
    Column("bar"),
    Column("held"),
)


@dataclass(slots=True)
class Series:
    """One figure over the run."""

    seconds: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, at_s: float, value: float) -> None:
        """Note a value."""
        self.seconds.append(at_s)
        self.values.append(value)

    def after(self, start_s: float) -> "Series":
        """What was noted from then on; all of it where that is next to nothing."""
        kept = [pair for pair in zip(self.seconds, self.values, strict=True) if pair[0] >= start_s]
        if len(kept) < 3:
            return self
        return Series([at for at, _ in kept], [value for _, value in kept])

    def percentile(self, share: float) -> float | None:
        """Of the values, 0 to 100."""
        return float(np.percentile(self.values, share)) if self.values else None


@dataclass(slots=True)
class Watched:
    """What a subscriber and the system saw."""

    began_s: float = field(default_factory=time.monotonic)
    memory_mb: Series = field(default_factory=Series)
    offset_ms: Series = field(default_factory=Series)
    lag_ms: Series = field(default_factory=Series)
    """From the end of an utterance to its first translated sound."""
    latency_ms: Series = field(default_factory=Series)
    """From capture to the arrival of the output segment."""
    tau: Series = field(default_factory=Series)
    spoken: int = 0
    lost: int = 0
    terms: set[int] = field(default_factory=set)
    """Of the output: a session that dies and begins again has a new one."""
    gaps: int = 0
    """Output segments whose number does not follow the one before."""
    statuses: list[str] = field(default_factory=list)
    newest: tuple[int, int] | None = None
    over: bool = False
    """The run has ended well; what is said from now on is goodbye."""

    @property
    def now_s(self) -> float:
        """Seconds of the run."""
        return time.monotonic() - self.began_s


def theil_sen(series: Series) -> float | None:
    """Median of the slopes between all pairs, per second; None for fewer than three points.

    Sen, P. K. (1968), Estimates of the regression coefficient based on Kendall's tau.
    """
    if len(series.values) < 3:
        return None
    x, y = np.asarray(series.seconds), np.asarray(series.values)
    first, second = np.triu_indices(len(x), 1)
    apart = x[second] - x[first]
    known = apart > 0
    return float(np.median((y[second] - y[first])[known] / apart[known]))


def run(options: BenchOptions) -> BenchReport:
    """Play the demo's visitor in a loop, live.

    Raises:
        ProcessFailedError: the worker or the camera ended.
    """
    minutes = QUICK_MINUTES if options.quick else MINUTES
    watched = asyncio.run(_soak(options, minutes * 60))
    settled_s = min(SETTLED_MINUTES, minutes / 4) * 60
    return BenchReport(
        name="soak",
        title=f"{minutes:g} minutes without a pause",
        columns=COLUMNS,
        rows=tuple(_rows(watched, settled_s)),
        notes=(
            _PLAYED,
            f"Slopes are Theil-Sen's, of what was noted after {settled_s / 60:g} minutes.",
            "Offset is sound against picture by presentation time at egress, > 0: sound later.",
        ),
    )


def _rows(watched: Watched, settled_s: float) -> Iterator[Row]:
    def row(figure: str, value: float | None, bar: str, holds: Callable[[float], bool]) -> Row:
        held = "yes" if value is not None and holds(value) else "no"
        return Row({"figure": figure, "value": value, "bar": bar, "held": held if bar else None})

    def slope(series: Series, factor: float) -> float | None:
        per_second = theil_sen(series.after(settled_s))
        return None if per_second is None else per_second * factor

    yield row("utterances spoken", float(watched.spoken), "> 0", lambda v: v > 0)
    memory = slope(watched.memory_mb, 3600)
    yield row("memory slope [MB/h]", memory, "|x| <= 30", lambda v: abs(v) <= 30)
    yield row("memory at the end [MB]", watched.memory_mb.percentile(100), "< 1500", _below(1500))
    for share in (5, 50, 95):
        offset = watched.offset_ms.percentile(share)
        yield row(f"A/V offset p{share} [ms]", offset, "-40 to 60", lambda v: -40 <= v <= 60)
    drift = slope(watched.offset_ms, 60)
    yield row("A/V drift [ms/min]", drift, "|x| <= 0.1", lambda v: abs(v) <= 0.1)
    yield row("lag p50 [ms]", watched.lag_ms.percentile(50), "", lambda _: True)
    lag = slope(watched.lag_ms, 60)
    yield row("lag slope [ms/min]", lag, "<= 20", lambda v: v <= 20)
    yield row("capture to output p95 [ms]", watched.latency_ms.percentile(95), "", lambda _: True)
    latency = slope(watched.latency_ms, 60)
    yield row("its slope [ms/min]", latency, "|x| <= 5", lambda v: abs(v) <= 5)
    yield row("tau p95", watched.tau.percentile(95), "< 0.8", _below(0.8))
    yield row("sessions", float(len(watched.terms)), "1", lambda v: v == 1)
    yield row("output segments missing", float(watched.gaps), "0", lambda v: v == 0)
    yield row("input segments lost", float(watched.lost), "0", lambda v: v == 0)
    away = sum(status not in {"init", "ready"} for status in watched.statuses)
    yield row("times said to be away", float(away), "0", lambda v: v == 0)


def _below(limit: float) -> Callable[[float], bool]:
    return lambda value: value < limit


async def _soak(options: BenchOptions, seconds: float) -> Watched:
    watched = Watched()
    ready = asyncio.Event()
    with EmbeddedBroker() as broker:
        place = [f"--host={broker.host}", f"--port={broker.port}"]
        worker_arguments = ["worker", "--worker=soak", f"--to={LANGUAGE}", "--from=pt", *place]
        async with (
            _Observer(broker.settings, watched, ready),
            PolylipProcess("the worker", worker_arguments, options.folder / "worker.log") as worker,
        ):
            options.progress("loading the models")
            async with asyncio.timeout(_READY_S):
                await ready.wait()
            with resources.as_file(resources.files("edge_worker.demo") / "sample") as sample:
                await _play(options, sample / "visitor.mp4", place, worker, watched, seconds)
    return watched


async def _play(
    options: BenchOptions,
    film: Path,
    place: Sequence[str],
    worker: PolylipProcess,
    watched: Watched,
    seconds: float,
) -> None:
    arguments = ["camera", str(film), f"--stream={STREAM}", "--loop", *place]
    async with PolylipProcess("the camera", arguments, options.folder / "camera.log") as camera:
        watched.began_s = time.monotonic()
        ended = [asyncio.create_task(one.wait()) for one in (worker, camera)]
        told_min = 0.0
        while watched.now_s < seconds:
            usage = await asyncio.to_thread(worker.usage)
            watched.memory_mb.add(watched.now_s, usage.memory_mb)
            if watched.now_s / 60 >= told_min:
                options.progress(
                    f"{watched.now_s / 60:.0f} of {seconds / 60:g} min: {usage.memory_mb:.0f} MB, "
                    f"{watched.spoken} spoken"
                )
                told_min += 1
            done, _ = await asyncio.wait(
                ended, timeout=_SAMPLE_S, return_when=asyncio.FIRST_COMPLETED
            )
            if done:
                raise ProcessFailedError(f"{worker.last_words()}\n{camera.last_words()}")
        for task in ended:
            task.cancel()
        watched.over = True


class _Observer:
    """Subscribes to the run for as long as it lasts."""

    def __init__(self, broker: BrokerSettings, watched: Watched, ready: asyncio.Event) -> None:
        self._link = MqttLink(broker)
        self._watched = watched
        self._ready = ready
        self._topics = Topics()

    async def __aenter__(self) -> None:
        await self._link.__aenter__()
        topics = self._topics
        await self._link.subscribe(topics.filter(Channel.WORKER_STATUS), self._status, qos=1)
        await self._link.subscribe(topics.metrics(STREAM), self._metrics)
        await self._link.subscribe(topics.utterance(STREAM), self._utterance, qos=1)
        await self._link.subscribe(
            topics.out_av(STREAM, LANGUAGE), self._segment, media=True, capacity=1024
        )

    async def __aexit__(self, *_: object) -> None:
        await self._link.__aexit__(None, None, None)

    async def _status(self, message: Message) -> None:
        status = message.payload.decode()
        if not self._watched.over:
            self._watched.statuses.append(status)
        if status == WorkerStatus.READY:
            self._ready.set()

    async def _metrics(self, message: Message) -> None:
        told = decode(StreamMetrics, message.topic, message.payload)
        watched, at_s = self._watched, self._watched.now_s
        if told.stamp_offset_ns is not None:
            watched.offset_ms.add(at_s, told.stamp_offset_ns / 1e6)
        if told.translation_lag_ns is not None:
            watched.lag_ms.add(at_s, told.translation_lag_ns / 1e6)
        watched.tau.add(at_s, told.tau)
        watched.lost = max(watched.lost, told.segments_lost)

    async def _utterance(self, message: Message) -> None:
        told = decode(UtteranceMessage, message.topic, message.payload)
        self._watched.spoken += told.stage is UtteranceStage.SPOKEN

    async def _segment(self, message: Message) -> None:
        watched = self._watched
        stated = MediaProperties.from_pairs(message.topic, message.user_properties)
        if stated.capture_ns is not None:
            latency_ns = message.received_ns - stated.capture_ns
            watched.latency_ms.add(watched.now_s, latency_ns / 1e6)
        if stated.seq is not None and stated.term is not None:
            watched.terms.add(stated.term)
            before = watched.newest
            same_term = before is not None and before[0] == stated.term
            watched.gaps += same_term and before != (stated.term, stated.seq - 1)
            watched.newest = (stated.term, stated.seq)
