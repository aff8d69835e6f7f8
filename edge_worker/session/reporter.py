"""What a session tells the world, as the contract's messages: segments, texts, events, figures."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_worker.atp.listened import PartialSpeech, SpeechEdge, SpeechEvent
from edge_worker.config import WorkerSettings
from edge_worker.egress import OutputSegment
from edge_worker.items import PlacedSpeech, SyncedSpeech, Utterance
from edge_worker.rvp.tracker import TrackedFrame
from edge_worker.session.announcer import Announcer
from edge_worker.session.attendance import Attendance
from edge_worker.session.figures import Figures, Gauges
from edge_worker.session.intake import Taken
from edge_worker.session.production import Produced
from edge_worker.session.texts import partial_message, speech_message, utterance_message
from edge_worker.session.troubles import LIPS_LEFT_ALONE, Troubles
from edge_worker.session.wording import sentence
from mqtt_schemas import (
    Channel,
    EventType,
    MediaProperties,
    MessageRefused,
    Role,
    Rung,
    StageLatency,
    StreamEvent,
    UtteranceStage,
)

_log = logging.getLogger(__name__)
_AUDIBLE_NS = 20_000_000


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
        self._shares_speech = config.share_speech and Role.ATP in config.roles
        self._now_ns = now_ns
        self._figures = Figures(now_ns)
        self._events: Counter[EventType] = Counter()
        self._awaited: list[_Awaited] = []
        self._attendance = Attendance()
        self._refused = 0
        self._unsaid = 0
        self._troubles = Troubles()

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
        self._announcer.segment(self._stream, topic, segment.media, properties)
        audible_ns = segment.sound_until_ns - stamp.delay_ns - _AUDIBLE_NS
        for awaited in [one for one in self._awaited if one.placed.start_ns <= audible_ns]:
            self._awaited.remove(awaited)
            utterance = awaited.placed.speech.utterance
            spoken_utc_ns = stamp.utc_of(utterance.end_ns)
            if spoken_utc_ns is not None:
                self._figures.timed("translation_lag", self._now_ns() - spoken_utc_ns)
            self._say_utterance(
                utterance, UtteranceStage.SPOKEN, awaited.placed, off_camera=awaited.off_camera
            )

    def restart(self, epoch: str) -> None:
        """The media clock began anew: what has not been heard never will be."""
        self.epoch = epoch
        self._awaited.clear()
        self._attendance = Attendance()
        self._figures.restart()

    def taken(self, taken: Taken) -> None:
        """Note what came in and what it cost."""
        self._figures.taken(taken)
        for fault in taken.faults:
            self._trouble("face tracker", f"face tracker: {fault!r}", EventType.STAGE_FAILED)

    def produced(self, produced: Produced) -> None:
        """Note what went out and what it cost."""
        self._figures.produced(produced)
        if produced.fault:
            self._trouble("lips", produced.fault, EventType.STAGE_FAILED)
        for gate in produced.gates:
            if gate in LIPS_LEFT_ALONE:
                self._trouble(gate, LIPS_LEFT_ALONE[gate], EventType.BAD_INPUT)

    # --- texts

    def partial(self, partial: PartialSpeech, target_language: str) -> None:
        """Publish what has been heard so far."""
        self._say(Channel.UTTERANCE, partial_message(self._stream, partial, target_language))

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
        speech = placed.speech
        self._say(
            Channel.SPEECH,
            speech_message(self._stream, speech, placed),
            language=speech.utterance.target_language,
        )
        if self._shares_speech:
            self._announcer.sound(self._stream, speech)

    def made(self, speech: SyncedSpeech) -> None:
        """Send translated speech, with its sound, to the stream's owner, who finds its place."""
        language = speech.utterance.target_language
        message = speech_message(self._stream, speech, worker=self._worker)
        self._say(Channel.SPEECH, message, language=language)
        self._announcer.sound(self._stream, speech)

    def _say_utterance(
        self,
        utterance: Utterance,
        stage: UtteranceStage,
        placed: PlacedSpeech | None,
        *,
        off_camera: bool,
    ) -> None:
        message = utterance_message(self._stream, utterance, stage, placed, off_camera=off_camera)
        self._say(Channel.UTTERANCE, message)

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
        self.spoke(event)
        started = event.edge is SpeechEdge.STARTED
        kind = EventType.SPEECH_STARTED if started else EventType.SPEECH_ENDED
        self.event(kind, pts_ns=event.pts_ns)

    def spoke(self, event: SpeechEvent) -> None:
        """Note that somebody began or stopped speaking, which is published already."""
        self._figures.speech(event)

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

    def metrics(self, gauges: Gauges) -> None:
        """Publish the figures."""
        self._say(Channel.METRICS, self._figures.message(self._stream, gauges, self._refused))

    def elsewhere(self, stages: Sequence[StageLatency]) -> None:
        """Note how long the stages on another machine take."""
        self._figures.elsewhere = tuple(stages)

    def stages(self) -> tuple[StageLatency, ...]:
        """How long each stage takes."""
        return self._figures.stages()

    def timed(self, stage: str, cost_ns: int) -> None:
        """Note how long a stage took for one item."""
        self._figures.timed(stage, cost_ns)

    def _say(self, channel: Channel, message: object, **parts: str) -> None:
        """Publish about this stream; what the contract refuses is left out, never its stream."""
        try:
            self._announcer.say(channel, message, stream=self._stream, **parts)
        except MessageRefused as error:
            self._unsaid += 1
            if self._unsaid == 1:
                _log.warning("%s: not published: %s", self._stream, error)
