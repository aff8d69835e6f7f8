"""How a worker is doing, said every few seconds."""

import asyncio
import time
from collections.abc import Callable

import psutil

from edge_worker.complaints import Complaints
from edge_worker.engine_set import EngineSet
from edge_worker.load import LoadMeter
from edge_worker.session.announcer import Announcer
from edge_worker.streams import Streams
from mqtt_schemas import Channel, MessageRefused, WorkerMetrics

_EVERY_S = 5.0


class Figures:
    """Measures the worker and says what came of it.

    Args:
        worker: id.
        announcer: of the worker.
        meter: of its load.
        refused: messages refused since its start.
        complaints: told when there are no figures.
    """

    def __init__(
        self,
        worker: str,
        announcer: Announcer,
        meter: LoadMeter,
        refused: Callable[[], int],
        complaints: Complaints,
    ) -> None:
        self._worker = worker
        self._announcer = announcer
        self._meter = meter
        self._refused = refused
        self._complaints = complaints
        self._started_s = time.monotonic()

    async def run(self, streams: Streams, engines: EngineSet) -> None:
        """Measure until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                figures = await self._measure(streams, engines)
                self._announcer.say(Channel.WORKER_METRICS, figures, worker=self._worker)
            except (psutil.Error, MessageRefused) as error:
                self._complaints.of("figures", f"no figures: {error}")

    async def _measure(self, streams: Streams, engines: EngineSet) -> WorkerMetrics:
        load = await self._meter.measure()
        return WorkerMetrics(
            worker=self._worker,
            uptime_s=round(time.monotonic() - self._started_s, 1),
            tau=load.tau,
            cpu=load.cpu,
            memory_bytes=load.memory_bytes,
            streams=streams.owned,
            engine_queue=engines.waiting,
            refused=self._refused(),
        )
