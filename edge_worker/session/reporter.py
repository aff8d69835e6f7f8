"""What a session tells the world, as the contract's messages: segments, texts, events, figures."""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from edge_worker.atp.listened import PartialSpeech, SpeechEdge, SpeechEvent
from edge_worker.config import WorkerSettings
from edge_worker.egress import OutputSegment
from edge_worker.ingest import IngestCounters
from edge_worker.items import PlacedSpeech, Utterance
from edge_worker.metrics import Measurements
from edge_worker.rvp.tracker import TrackedFrame
from edge_worker.session.announcer import Announcer
from edge_worker.session.attendance import Attendance
from edge_worker.session.intake import Taken
from edge_worker.session.production import Produced, RenderCounters
from edge_worker.session.troubles import LIPS_LEFT_ALONE, Troubles
from edge_worker.session.wording import passage, sentence
from mqtt_schemas import (
    Channel,
    DropCount,
    EventType,
    MediaProperties,
    MessageRefused,
    PhonemeSpan,
    Rung,
    StageLatency,
    StreamEvent,
    StreamMetrics,
    SyncedSpeechMessage,
    UtteranceMessage,
    UtteranceStage,
)

_log = logging.getLogger(__name__)
_AUDIBLE_NS = 20_000_000
_MS_NS = 1_000_000


@dataclass(frozen=True, slots=True)
class SegmentStamp:
    """What turns an output segment into a message."""

    epoch: str
    term: int
    delay_ns: int
    """The playout delay in force."""
    utc_of: Callable[[int], int | None]
    """UTC at which a media time was captured; None while the clock is not known."""


@dataclass(slots=True)
class _Awaited:
    """Placed speech whose first sound has not been published yet."""

    placed: PlacedSpeech
    off_camera: bool


class Reporter:
    """Publishes for one stream and keeps its figures.

    Args:
        stream: id.
        announcer: the way out.
        config: of the worker.
        now_ns: UTC.
    """

    def __init__(
        self,
        stream: str,
        announcer: Announcer,
        config: WorkerSettings,
        now_ns: Callable[[], int],
    ) -> None:
        self.epoch = ""
        self._stream = stream
        self._announcer = announcer
        self._worker = config.worker
        self._now_ns = now_ns
        self._measured = Measurements()
        self._events: Counter[EventType] = Counter()
        self._awaited: list[_Awaited] = []
        self._track_ns: dict[int, int] = {}
        self._attendance = Attendance()
        self._refused = 0
        self._unsaid = 0
        self._troubles = Troubles()
        self._pictures_out = 0
        self._pictures_before: tuple[int, int] | None = None
        self._speech_ns = 0
        self._first_ns: int | None = None
        self._heard_ns = 0
        self._speech_since_ns: int | None = None

    # --- media

    def segment(self, segment: OutputSegment, stamp: SegmentStamp, topic: str) -> None:
        """Publish one output segment; speech that it makes audible is reported as spoken."""
        media_ns = segment.media.pts_ns - stamp.delay_ns
        properties = MediaProperties(
            seq=segment.media.seq,
            pts_ns=segment.media.pts_ns,
            epoch=stamp.epoch or None,
            term=stamp.term,
            capture_ns=stamp.utc_of(media_ns),
            ai_modified=segment.altered,
        )
        self._announcer.link.publish_media(
            topic, segment.media.data, user_properties=properties.to_pairs()
        )
        audible_ns = segment.sound_until_ns - stamp.delay_ns - _AUDIBLE_NS
        for awaited in [one for one in self._awaited if one.placed.start_ns <= audible_ns]:
            self._awaited.remove(awaited)
            utterance = awaited.placed.speech.utterance
            spoken_utc_ns = stamp.utc_of(utterance.end_ns)
            if spoken_utc_ns is not None:
                self._measured.add("translation_lag", self._now_ns() - spoken_utc_ns)
            self._say_utterance(
                utterance, UtteranceStage.SPOKEN, awaited.placed, off_camera=awaited.off_camera
            )

    def restart(self, epoch: str) -> None:
        """The media clock began anew: what has not been heard never will be."""
        self.epoch = epoch
        self._awaited.clear()
        self._track_ns.clear()
        self._attendance, self._speech_since_ns = Attendance(), None
        self._first_ns, self._speech_ns = None, 0

    def taken(self, taken: Taken) -> None:
        """Note what came in and what it cost."""
        if taken.decode_ns:
            self._measured.add("decode", taken.decode_ns)
        for pts_ns, cost_ns in taken.track_ns:
            self._measured.add("track", cost_ns)
            self._track_ns[pts_ns] = cost_ns
        for fault in taken.faults:
            self._trouble("face tracker", f"face tracker: {fault!r}", EventType.STAGE_FAILED)
        while len(self._track_ns) > 512:
            self._track_ns.pop(next(iter(self._track_ns)))
        if taken.blocks:
            self._heard_ns = taken.blocks[-1].end_ns
            if self._first_ns is None:
                self._first_ns = taken.blocks[0].pts_ns

    def produced(self, produced: Produced) -> None:
        """Note what went out and what it cost."""
        self._pictures_out += len(produced.encode_ns)
        if produced.fault:
            self._trouble("lips", produced.fault, EventType.STAGE_FAILED)
        for gate in produced.gates:
            if gate in LIPS_LEFT_ALONE:
                self._trouble(gate, LIPS_LEFT_ALONE[gate], EventType.BAD_INPUT)
        for cost_ns in produced.encode_ns:
            self._measured.add("encode", cost_ns)
        for pts_ns, cost_ns in produced.lips_ns:
            self._measured.add("lips", cost_ns)
            self._measured.add("lip_frame", cost_ns + self._track_ns.get(pts_ns, 0))
        if produced.stamp_offset_ns is not None:
            self._measured.add("stamp_offset", produced.stamp_offset_ns)

    # --- texts

    def partial(self, partial: PartialSpeech, target_language: str) -> None:
        """Publish what has been heard so far."""
        heard = partial.hypothesis
        self._say(
            Channel.UTTERANCE,
            UtteranceMessage(
                stream=self._stream,
                utterance="partial",
                epoch=partial.epoch,
                stage=UtteranceStage.PARTIAL,
                start_ns=partial.start_ns,
                end_ns=partial.end_ns,
                source_language=heard.language,
                source_text=passage(heard.text),
                target_language=target_language,
                confidence=heard.confidence,
            ),
        )

    def utterance(
        self, utterance: Utterance, stage: UtteranceStage, *, off_camera: bool = False
    ) -> None:
        """Publish an utterance that has no place."""
        self._say_utterance(utterance, stage, None, off_camera=off_camera)

    def overloaded(self, utterance: Utterance) -> None:
        """Publish that an utterance is shown as a caption only, for lack of time."""
        self.event(EventType.OVERLOAD, utterance=utterance)
        self.utterance(utterance, UtteranceStage.FINAL)

    def placed(self, placed: PlacedSpeech, *, off_camera: bool) -> None:
        """Publish the synced speech; its utterance is reported once it can be heard."""
        self._awaited.append(_Awaited(placed, off_camera))
        speech, utterance = placed.speech, placed.speech.utterance
        self._say(
            Channel.SPEECH,
            SyncedSpeechMessage(
                stream=self._stream,
                utterance=utterance.id,
                language=utterance.target_language,
                epoch=utterance.epoch,
                text=passage(utterance.target_text),
                sample_rate=speech.sample_rate,
                samples=len(speech.samples),
                phonemes=tuple(
                    PhonemeSpan(symbol=one.symbol, start_ns=one.start_ns, end_ns=one.end_ns)
                    for one in speech.phonemes
                ),
                source_start_ns=utterance.start_ns,
                source_end_ns=utterance.end_ns,
                placed_start_ns=placed.start_ns,
                speed=placed.speed,
            ),
            language=utterance.target_language,
        )

    def _say_utterance(
        self,
        utterance: Utterance,
        stage: UtteranceStage,
        placed: PlacedSpeech | None,
        *,
        off_camera: bool,
    ) -> None:
        self._say(
            Channel.UTTERANCE,
            UtteranceMessage(
                stream=self._stream,
                utterance=utterance.id,
                epoch=utterance.epoch,
                stage=stage,
                start_ns=utterance.start_ns,
                end_ns=utterance.end_ns,
                source_language=utterance.source_language,
                source_text=passage(utterance.source_text),
                target_language=utterance.target_language,
                target_text=passage(utterance.target_text),
                via=utterance.via,
                confidence=utterance.confidence,
                verdict=utterance.verdict,
                reason=sentence(utterance.reason),
                off_camera=off_camera,
                placed_start_ns=placed.start_ns if placed else None,
                placed_end_ns=placed.end_ns if placed else None,
                speed=placed.speed if placed else None,
            ),
        )

    # --- events

    def event(
        self,
        kind: EventType,
        *,
        detail: str = "",
        utterance: Utterance | None = None,
        pts_ns: int | None = None,
    ) -> None:
        """Publish an event and count it."""
        self._events[kind] += 1
        self._say(
            Channel.EVENT,
            StreamEvent(
                stream=self._stream,
                type=kind,
                utc_ns=self._now_ns(),
                epoch=self.epoch or None,
                pts_ns=pts_ns if pts_ns is not None or utterance is None else utterance.start_ns,
                utterance=utterance.id if utterance else "",
                detail=sentence(detail or (utterance.reason if utterance else "")),
                count=self._events[kind],
            ),
        )

    def speech(self, event: SpeechEvent) -> None:
        """Publish that somebody began or stopped speaking."""
        started = event.edge is SpeechEdge.STARTED
        if not started and self._speech_since_ns is not None:
            self._speech_ns += max(0, event.pts_ns - self._speech_since_ns)
        self._speech_since_ns = event.pts_ns if started else None
        kind = EventType.SPEECH_STARTED if started else EventType.SPEECH_ENDED
        self.event(kind, pts_ns=event.pts_ns)

    def faces(self, picture: TrackedFrame) -> None:
        """Publish when a face comes and when one has been gone for a second."""
        change = self._attendance.note(len(picture.faces), picture.frame.pts_ns)
        if change:
            kind = EventType.FACE_FOUND if change > 0 else EventType.FACE_LOST
            self.event(
                kind, pts_ns=picture.frame.pts_ns, detail=f"{self._attendance.count} in view"
            )

    def lacks(self, track: str, detail: str) -> None:
        """Publish that a track of the source is missing."""
        self._trouble(track, detail, EventType.BAD_INPUT)

    def _trouble(self, name: str, detail: str, kind: EventType) -> None:
        if self._troubles.begins(name, self._now_ns()):
            _log.warning("%s: %s", self._stream, detail)
            self.event(kind, detail=detail)

    def rung(self, before: Rung, after: Rung) -> None:
        """Publish a step on the ladder."""
        rungs = list(Rung)
        down = rungs.index(after) > rungs.index(before)
        self.event(EventType.DEGRADED if down else EventType.RECOVERED, detail=f"now {after}")

    def refused(self, error: MessageRefused) -> None:
        """A message broke the contract; it is told once, then counted."""
        self._refused += 1
        if self._refused == 1:
            _log.warning("%s: %s", self._stream, error)
            self.event(EventType.BAD_INPUT, detail=str(error))

    # --- figures

    def metrics(
        self,
        *,
        ingest: IngestCounters,
        render: RenderCounters,
        rung: Rung,
        delay_ns: int,
        debt_ns: int,
        tau: float,
        drops: dict[str, int],
    ) -> None:
        """Publish the figures."""
        measured = self._measured.summary()
        lag = measured.pop("translation_lag", None)
        offset = measured.pop("stamp_offset", None)
        media_ns = self._heard_ns - (self._first_ns or 0)
        self._say(
            Channel.METRICS,
            StreamMetrics(
                stream=self._stream,
                stages=tuple(
                    StageLatency(
                        stage=name,
                        p50_ns=round(value.p50),
                        p95_ns=round(value.p95),
                        count=value.count,
                    )
                    for name, value in measured.items()
                ),
                drops=tuple(DropCount(link=name, count=count) for name, count in drops.items()),
                translation_lag_ns=max(0, round(lag.p50)) if lag else None,
                stamp_offset_ns=round(offset.p95) if offset else None,
                fps=self._frame_rate(),
                tau=tau,
                speech_share=min(1.0, self._speech_ns / media_ns) if media_ns > 0 else 0.0,
                lip_coverage=render.rendered / render.dubbed if render.dubbed else None,
                rung=rung,
                playout_delay_ns=delay_ns,
                debt_ns=debt_ns,
                segments_lost=ingest.lost_messages,
                segments_refused=self._refused + ingest.refused,
            ),
        )

    def timed(self, stage: str, cost_ns: int) -> None:
        """Note how long a stage took for one item."""
        self._measured.add(stage, cost_ns)

    def _say(self, channel: Channel, message: object, **parts: str) -> None:
        """Publish about this stream; what the contract refuses is left out, never its stream."""
        try:
            self._announcer.say(channel, message, stream=self._stream, **parts)
        except MessageRefused as error:
            self._unsaid += 1
            if self._unsaid == 1:
                _log.warning("%s: not published: %s", self._stream, error)

    def _frame_rate(self) -> float:
        now = (self._now_ns(), self._pictures_out)
        before, self._pictures_before = self._pictures_before, now
        if before is None or now[0] <= before[0]:
            return 0.0
        return round((now[1] - before[1]) * 1e9 / (now[0] - before[0]), 2)
