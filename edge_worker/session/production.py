"""The render thread's work: jobs that are due become lips, label, mixed sound and segments."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from edge_worker.egress import Mark, Output, OutputFormat, OutputSegment
from edge_worker.items import PlacedSpeech, Planes, VideoFrame
from edge_worker.media.encode import SAMPLE_RATE
from edge_worker.rvp.gates import Gate
from edge_worker.rvp.label import with_label
from edge_worker.rvp.lips import Lips
from edge_worker.timeline.mixer import mix
from edge_worker.timeline.presentation import PictureJob, SoundJob

_PICTURE_NS = 40_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What is due now."""

    epoch: str
    """Of the media clock; another one begins the output anew, as its timestamps may lie back."""
    run: int
    """Counts how often the output lost its place within an epoch; another one begins it anew."""
    pictures: list[PictureJob]
    sounds: list[SoundJob]
    speakers: Mapping[str, int | None]
    """Track that speaks each utterance, by its id; None: off camera; missing: not known."""
    lips: bool
    """Whether lips are rendered at all."""
    half_rate: bool
    """Leave out every second picture while translated speech sounds."""
    label: bool
    original_volume: float
    sound_only: bool
    """The source has no pictures."""
    frame_rate: float
    video_bit_rate: int


@dataclass(slots=True)
class RenderCounters:
    """What has been rendered since the session began."""

    pictures: int = 0
    dubbed: int = 0
    """Pictures during audible translated speech of somebody in view, face usable."""
    rendered: int = 0
    """Pictures of those whose lips were rendered."""


@dataclass(frozen=True, slots=True, eq=False)
class Produced:
    """What a batch became."""

    epoch: str
    segments: list[OutputSegment]
    ended: list[OutputSegment]
    """The last of ``ended_epoch``, from before the output began anew."""
    ended_epoch: str
    lips_ns: list[tuple[int, int]]
    """Thread CPU time of rendering, by the picture's media time, for rendered pictures."""
    encode_ns: list[int]
    """Thread CPU time of encoding, per picture."""
    stamp_offset_ns: int | None
    """Sound stamp against picture stamp, each relative to its media time; > 0: sound later."""
    fault: str = ""
    """What the lip engine failed with; its pictures pass as they came."""
    gates: tuple[str, ...] = ()
    """Why the speaker's lips were left alone, or ``open``: per picture with audible speech."""


class Production:
    """Owns the output and the lips of one session; used from one thread.

    Args:
        lips: the lip stage.
        worker: id written into the marks.
        language: target language, written into the marks.
    """

    def __init__(self, lips: Lips, worker: str, language: str) -> None:
        self.counters = RenderCounters()
        self._lips = lips
        self._worker = worker
        self._language = language
        self._output: Output | None = None
        self._epoch = ""
        self._run = 0
        self._lip_faults = 0
        self._gates: list[str] = []
        self._skip_next = False

    def prepare(self, placed: PlacedSpeech) -> None:
        """Make ready what will be spoken; may be called from any thread."""
        self._lips.prepare(placed)

    def speak(self, language: str) -> list[OutputSegment]:
        """Go on in another language: what is encoded is sent, a fresh reader can begin."""
        self._language = language
        if self._output is None:
            return []
        return self._output.restart(Mark(self._worker, language))

    def produce(self, batch: Batch) -> Produced:
        """Render, mix, encode and cut what is due.

        Nothing is sent before the first picture, or before ``batch.sound_only``.
        """
        segments: list[OutputSegment] = []
        lips_ns: list[tuple[int, int]] = []
        encode_ns: list[int] = []
        ended_epoch = self._epoch
        ended = self._enter(batch)
        if batch.pictures:
            segments += self._fit(batch.pictures[0].tracked.frame, batch)
        elif batch.sound_only and self._output is None:
            self._open(OutputFormat(None, None))
        output = self._output
        if output is None:
            return Produced(batch.epoch, [], ended, ended_epoch, [], [], None)
        for sound in batch.sounds:
            segments += self._sound(output, sound, batch)
        for picture in batch.pictures:
            segments += self._fit(picture.tracked.frame, batch)
            planes, cost_ns = self._picture(self._output or output, picture, batch)
            if cost_ns is not None:
                lips_ns.append((picture.tracked.frame.pts_ns, cost_ns))
            if planes is None:
                continue
            began_ns = time.thread_time_ns()
            segments += (self._output or output).picture(
                planes, picture.output_ns, lips=cost_ns is not None
            )
            encode_ns.append(time.thread_time_ns() - began_ns)
        fault = self._lips.last_failure if self._lips.failures > self._lip_faults else ""
        self._lip_faults = self._lips.failures
        gates, self._gates = tuple(self._gates), []
        offset_ns = _stamp_offset_ns(batch)
        return Produced(
            epoch=batch.epoch,
            segments=segments,
            ended=ended,
            ended_epoch=ended_epoch,
            lips_ns=lips_ns,
            encode_ns=encode_ns,
            stamp_offset_ns=offset_ns,
            fault=fault,
            gates=gates,
        )

    def _enter(self, batch: Batch) -> list[OutputSegment]:
        """Begin the output anew when the media clock did."""
        before = (self._epoch, self._run)
        self._epoch, self._run = batch.epoch, batch.run
        if self._output is None or (batch.epoch, batch.run) == before:
            return []
        ended = self.flush()
        self._output = self._output.on_new_clock(Mark(self._worker, self._language))
        return ended

    def _fit(self, frame: VideoFrame, batch: Batch) -> list[OutputSegment]:
        """Open the output for pictures of this size, anew if they had another one."""
        form = OutputFormat(frame.width, frame.height, batch.frame_rate, batch.video_bit_rate)
        current = self._output.form if self._output is not None else None
        if current is not None and (current.width, current.height) == (form.width, form.height):
            return []
        ended = self.flush()
        self._open(form)
        return ended

    def _open(self, form: OutputFormat) -> None:
        mark = Mark(self._worker, self._language)
        if self._output is None:
            self._output = Output(form, mark)
        else:
            self._output = self._output.continued(form, mark)

    def flush(self) -> list[OutputSegment]:
        """Send what has been encoded."""
        return self._output.flush() if self._output is not None else []

    def _sound(self, output: Output, job: SoundJob, batch: Batch) -> list[OutputSegment]:
        mixed = mix(job.original, job.media_ns, SAMPLE_RATE, job.speeches, batch.original_volume)
        if mixed.altered:
            length_ns = len(mixed.samples) * 1_000_000_000 // SAMPLE_RATE
            output.disclosure.mark(job.output_ns, job.output_ns + length_ns)
        return output.sound(mixed.samples, job.output_ns)

    def _picture(
        self, output: Output, job: PictureJob, batch: Batch
    ) -> tuple[Planes | None, int | None]:
        """The finished picture (None: left out at half rate) and what its lips cost."""
        frame = job.tracked.frame
        planes, cost_ns = frame.planes, None
        self.counters.pictures += 1
        if batch.half_rate and job.speech is not None:
            self._skip_next = not self._skip_next
            if self._skip_next:
                return None, None
        if batch.lips and not job.repeated:
            planes, cost_ns = self._lip_sync(job, batch)
        if cost_ns is not None:
            output.disclosure.mark(job.output_ns, job.output_ns + _PICTURE_NS)
        if batch.label and output.disclosure.covers(job.output_ns, job.output_ns + 1):
            planes = with_label(planes)
        return planes, cost_ns

    def _lip_sync(self, job: PictureJob, batch: Batch) -> tuple[Planes, int | None]:
        media_ns = job.tracked.frame.pts_ns
        speech, speaker = _voice(job, batch)
        began_ns = time.thread_time_ns()
        rendered = self._lips.render(job.tracked, speech, speaker, media_ns)
        cost_ns = time.thread_time_ns() - began_ns
        audible = speech is not None and speech.start_ns <= media_ns < speech.end_ns
        if audible and speaker is not None:
            self._gates.append(rendered.gate)
        if audible and rendered.gate in {Gate.OPEN, Gate.FAILED} and speaker is not None:
            self.counters.dubbed += 1
            self.counters.rendered += rendered.altered
        return rendered.frame.planes, cost_ns if rendered.altered else None


def _voice(job: PictureJob, batch: Batch) -> tuple[PlacedSpeech | None, int | None]:
    """The speech near a picture and who speaks it; where that is not known, nobody seems to."""
    if job.speech is None or job.speech.speech.utterance.id not in batch.speakers:
        return None, None
    return job.speech, batch.speakers[job.speech.speech.utterance.id]


def _stamp_offset_ns(batch: Batch) -> int | None:
    if not batch.sounds or not batch.pictures or batch.pictures[-1].repeated:
        return None
    sound, picture = batch.sounds[-1], batch.pictures[-1]
    sound_delay_ns = sound.output_ns - sound.media_ns
    return sound_delay_ns - (picture.output_ns - picture.tracked.frame.pts_ns)
