"""What one stream's work costs and comes to, measured."""

from collections.abc import Callable
from dataclasses import dataclass

from edge_worker.atp.listened import SpeechEdge, SpeechEvent
from edge_worker.ingest import IngestCounters
from edge_worker.metrics import Measurements
from edge_worker.session.intake import Taken
from edge_worker.session.production import Produced, RenderCounters
from mqtt_schemas import DropCount, Rung, StageLatency, StreamMetrics

_TRACKED_KEPT = 512
_NO_STAGES = {"translation_lag", "stamp_offset"}
"""Measured with the stages, and told by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """How a stream stands at the moment at which its figures are told."""

    ingest: IngestCounters
    render: RenderCounters
    rung: Rung
    delay_ns: int
    debt_ns: int
    tau: float
    drops: dict[str, int]
    """Items dropped, by link."""


class Figures:
    """Of one stream.

    Args:
        now_ns: UTC.

    Attributes:
        elsewhere: stages that another machine does for it.
    """

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self.elsewhere: tuple[StageLatency, ...] = ()
        self._now_ns = now_ns
        self._measured = Measurements()
        self._track_ns: dict[int, int] = {}
        self._pictures_out = 0
        self._pictures_before: tuple[int, int] | None = None
        self._speech_ns = 0
        self._speech_since_ns: int | None = None
        self._first_ns: int | None = None
        self._heard_ns = 0

    def restart(self) -> None:
        """The media clock began anew."""
        self._track_ns.clear()
        self._speech_since_ns = self._first_ns = None
        self._speech_ns = 0

    def timed(self, stage: str, cost_ns: int) -> None:
        """Note how long a stage took for one item."""
        self._measured.add(stage, cost_ns)

    def taken(self, taken: Taken) -> None:
        """Note what came in and what it cost."""
        if taken.decode_ns:
            self._measured.add("decode", taken.decode_ns)
        for pts_ns, cost_ns in taken.track_ns:
            self._measured.add("track", cost_ns)
            self._track_ns[pts_ns] = cost_ns
        while len(self._track_ns) > _TRACKED_KEPT:
            self._track_ns.pop(next(iter(self._track_ns)))
        if taken.blocks:
            self._heard_ns = taken.blocks[-1].end_ns
            if self._first_ns is None:
                self._first_ns = taken.blocks[0].pts_ns

    def produced(self, produced: Produced) -> None:
        """Note what went out and what it cost."""
        self._pictures_out += len(produced.encode_ns)
        for cost_ns in produced.encode_ns:
            self._measured.add("encode", cost_ns)
        for pts_ns, cost_ns in produced.lips_ns:
            self._measured.add("lips", cost_ns)
            self._measured.add("lip_frame", cost_ns + self._track_ns.get(pts_ns, 0))
        if produced.stamp_offset_ns is not None:
            self._measured.add("stamp_offset", produced.stamp_offset_ns)

    def speech(self, event: SpeechEvent) -> None:
        """Note that somebody began or stopped speaking."""
        started = event.edge is SpeechEdge.STARTED
        if not started and self._speech_since_ns is not None:
            self._speech_ns += max(0, event.pts_ns - self._speech_since_ns)
        self._speech_since_ns = event.pts_ns if started else None

    def stages(self) -> tuple[StageLatency, ...]:
        """How long each stage takes."""
        return tuple(
            StageLatency(
                stage=name, p50_ns=round(value.p50), p95_ns=round(value.p95), count=value.count
            )
            for name, value in self._measured.summary().items()
            if name not in _NO_STAGES
        )

    def message(self, stream: str, gauges: Gauges, refused: int) -> StreamMetrics:
        """The figures since the last message.

        Args:
            stream: id.
            gauges: of this moment.
            refused: messages that broke the contract, but for those that ingest refused.
        """
        measured = self._measured.summary()
        lag, offset = measured.get("translation_lag"), measured.get("stamp_offset")
        media_ns = self._heard_ns - (self._first_ns or 0)
        render = gauges.render
        return StreamMetrics(
            stream=stream,
            stages=(*self.stages(), *self.elsewhere),
            drops=tuple(DropCount(link=name, count=count) for name, count in gauges.drops.items()),
            translation_lag_ns=max(0, round(lag.p50)) if lag else None,
            stamp_offset_ns=round(offset.p95) if offset else None,
            fps=self._frame_rate(),
            tau=gauges.tau,
            speech_share=min(1.0, self._speech_ns / media_ns) if media_ns > 0 else 0.0,
            lip_coverage=render.rendered / render.dubbed if render.dubbed else None,
            rung=gauges.rung,
            playout_delay_ns=gauges.delay_ns,
            debt_ns=gauges.debt_ns,
            segments_lost=gauges.ingest.lost_messages,
            segments_refused=refused + gauges.ingest.refused,
        )

    def _frame_rate(self) -> float:
        now = (self._now_ns(), self._pictures_out)
        before, self._pictures_before = self._pictures_before, now
        if before is None or now[0] <= before[0]:
            return 0.0
        return round((now[1] - before[1]) * 1e9 / (now[0] - before[0]), 2)
