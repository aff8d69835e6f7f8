"""Figures for Prometheus, in its text format: of this worker and of the streams that it owns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from edge_worker.serving.board import Board, StreamCard
from edge_worker.serving.feeds import Feeds
from edge_worker.serving.seats import Seats
from mqtt_schemas import Rung, StreamMetrics, StreamState, WorkerMetrics

_S = 1e-9
Family = GaugeMetricFamily | CounterMetricFamily


@dataclass(frozen=True, slots=True)
class _Figure:
    """One figure of a message."""

    name: str
    help: str
    value: Callable[[StreamMetrics], float | None]
    counts: bool = False


_OF_STREAMS = (
    _Figure(
        "translation_lag_seconds",
        "Utterance end to its first translated sound, median.",
        lambda one: _seconds(one.translation_lag_ns),
    ),
    _Figure(
        "stamp_offset_seconds",
        "Sound against picture by presentation time; above 0: sound later.",
        lambda one: _seconds(one.stamp_offset_ns),
    ),
    _Figure("frames_per_second", "Pictures published a second.", lambda one: one.fps),
    _Figure(
        "playout_delay_seconds",
        "Distance between capture and playout.",
        lambda one: _seconds(one.playout_delay_ns),
    ),
    _Figure(
        "debt_seconds",
        "Translated speech that waits for its place.",
        lambda one: _seconds(one.debt_ns),
    ),
    _Figure("speech_share", "Share of the time with source speech.", lambda one: one.speech_share),
    _Figure(
        "lip_coverage",
        "Pictures with rendered lips of those with translated speech and a usable face.",
        lambda one: one.lip_coverage,
    ),
    _Figure(
        "rung",
        "Of the degrade ladder: 0 is everything, 4 the original passed through.",
        lambda one: list(Rung).index(one.rung),
    ),
    _Figure(
        "segments_lost",
        "Segments missing from the camera since the session began.",
        lambda one: one.segments_lost,
        counts=True,
    ),
    _Figure(
        "segments_refused",
        "Segments that broke the contract since the session began.",
        lambda one: one.segments_refused,
        counts=True,
    ),
)


class Prometheus:
    """Collects when asked.

    Args:
        worker: id of this worker.
        board: what is known of streams and workers.
        feeds: of all streams.
        seats: of viewers.
    """

    def __init__(self, worker: str, board: Board, feeds: Feeds, seats: Seats) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Figures(worker, board, feeds, seats))

    def text(self) -> bytes:
        """All figures, as text format 0.0.4."""
        return generate_latest(self._registry)


class _Figures(Collector):
    def __init__(self, worker: str, board: Board, feeds: Feeds, seats: Seats) -> None:
        self._worker = worker
        self._board = board
        self._feeds = feeds
        self._seats = seats

    def collect(self) -> Iterator[Metric]:
        """Every family of figures."""
        yield from _of_worker(self._board.figures.get(self._worker))
        owned = dict(self._owned())
        for figure in _OF_STREAMS:
            yield _family(figure, owned)
        yield _active(owned)
        yield from _stages(owned)
        yield from self._viewers()

    def _owned(self) -> Iterator[tuple[str, StreamCard]]:
        for stream, card in self._board.streams.items():
            state = card.part(StreamState)
            if state is not None and state.owner == self._worker:
                yield stream, card

    def _viewers(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("polylip_http_clients", "Viewers at once.", self._seats.taken)
        viewers = GaugeMetricFamily(
            "polylip_feed_viewers", "Readers of a feed.", labels=("stream", "feed")
        )
        for stream in self._feeds.streams:
            viewers.add_metric((stream, "live"), self._feeds.translated(stream).viewers)
            viewers.add_metric((stream, "original"), self._feeds.original(stream).viewers)
        yield viewers


def _of_worker(figures: WorkerMetrics | None) -> Iterator[Metric]:
    if figures is None:
        return
    yield GaugeMetricFamily("polylip_worker_uptime_seconds", "Since its start.", figures.uptime_s)
    yield GaugeMetricFamily(
        "polylip_worker_tau", "CPU seconds / (seconds x usable cores).", figures.tau
    )
    yield GaugeMetricFamily("polylip_worker_busy_cores", "Over the last 5 s.", figures.cpu)
    yield GaugeMetricFamily(
        "polylip_worker_memory_bytes", "Sum of PSS with its children.", figures.memory_bytes
    )
    yield GaugeMetricFamily("polylip_worker_streams", "Streams it owns.", len(figures.streams))
    yield GaugeMetricFamily(
        "polylip_worker_engine_queue", "Calls that wait for an engine.", figures.engine_queue
    )
    yield CounterMetricFamily(
        "polylip_worker_messages_refused", "Since its start.", figures.refused
    )


def _family(figure: _Figure, cards: dict[str, StreamCard]) -> Family:
    kind = CounterMetricFamily if figure.counts else GaugeMetricFamily
    family: Family = kind(f"polylip_stream_{figure.name}", figure.help, labels=("stream",))
    for stream, card in cards.items():
        metrics = card.part(StreamMetrics)
        value = figure.value(metrics) if metrics else None
        if value is not None:
            family.add_metric((stream,), value)
    return family


def _active(cards: dict[str, StreamCard]) -> Metric:
    family = GaugeMetricFamily(
        "polylip_stream_active", "1 while it is decoded, 0 while it sleeps.", labels=("stream",)
    )
    for stream, card in cards.items():
        state = card.part(StreamState)
        if state is not None:
            family.add_metric((stream,), float(state.active))
    return family


def _stages(cards: dict[str, StreamCard]) -> Iterator[Metric]:
    spent = GaugeMetricFamily(
        "polylip_stage_seconds",
        "What a stage takes for one item, over the last 10 s.",
        labels=("stream", "stage", "quantile"),
    )
    dropped = CounterMetricFamily(
        "polylip_stream_dropped", "Items dropped by a full link.", labels=("stream", "link")
    )
    for stream, card in cards.items():
        metrics = card.part(StreamMetrics)
        for stage in metrics.stages if metrics else ():
            spent.add_metric((stream, stage.stage, "0.5"), stage.p50_ns * _S)
            spent.add_metric((stream, stage.stage, "0.95"), stage.p95_ns * _S)
        for drop in metrics.drops if metrics else ():
            dropped.add_metric((stream, drop.link), drop.count)
    yield spent
    yield dropped


def _seconds(value_ns: int | None) -> float | None:
    return None if value_ns is None else value_ns * _S
