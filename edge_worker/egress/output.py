"""Output segments: encodes what was rendered, marks what AI altered, cuts it into messages."""

from dataclasses import dataclass

from edge_worker.egress.disclosure import Disclosure, Mark, service_name
from edge_worker.items import AudioBlock, Planes, Samples
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.encode import FRAME_SAMPLES, SAMPLE_RATE, AudioEncoder, VideoEncoder
from edge_worker.media.mpegts import Muxer
from edge_worker.media.nal import add_sei
from edge_worker.media.segments import MediaSegment, SegmentCutter
from edge_worker.media.timestamps import ticks_to_ns

_BLOCK_NS = FRAME_SAMPLES * 1_000_000_000 // SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """What an output carries; sound always, silence where the source has none."""

    width: int | None
    """Pixels, even; None for a stream without pictures."""
    height: int | None
    frame_rate: float = 25.0
    video_bit_rate: int = 2_000_000
    """Bits per second."""


@dataclass(frozen=True, slots=True)
class OutputSegment:
    """One message for ``out/<lang>/av``."""

    media: MediaSegment
    altered: bool
    """AI altered picture or sound in it, or did so less than 2 s before."""
    sound_until_ns: int
    """Output time of the end of the newest sound that has been sent."""


class Output:
    """The encoders and the muxer of one output; used from one thread.

    Args:
        form: what it carries.
        mark: speaks in altered pictures.
        first_seq: number of the first segment.
    """

    def __init__(self, form: OutputFormat, mark: Mark, *, first_seq: int = 0) -> None:
        self.form = form
        self.disclosure = Disclosure()
        self._mark = mark
        self._video = _video_encoder(form)
        self._audio = AudioEncoder()
        self._muxer = Muxer(
            "h264" if self._video else None, "aac", service_name=service_name(altered=False)
        )
        self._cutter = SegmentCutter(self._muxer, first_seq=first_seq)
        self._sound_until_ns = 0
        self._next_seq = first_seq
        self._force_keyframe = False

    def restart(self, mark: Mark) -> list[OutputSegment]:
        """Send what is encoded, then begin anew for a fresh reader: keyframe, discontinuity."""
        segments = self.flush()
        self._mark = mark
        self._force_keyframe = True
        self._muxer.mark_discontinuity()
        return segments

    def continued(self, form: OutputFormat, mark: Mark) -> "Output":
        """The output that follows this one in another form; numbers and marks go on."""
        following = Output(form, mark, first_seq=self._next_seq)
        following.disclosure = self.disclosure
        return following

    def picture(self, planes: Planes, output_ns: int, *, lips: bool = False) -> list[OutputSegment]:
        """Encode one picture; it is marked if the disclosure covers its moment.

        ``lips`` says that its mouth was rendered.
        """
        if self._video is None:
            return []
        units = self._video.encode(planes, output_ns, force_keyframe=self._force_keyframe)
        self._force_keyframe = False
        if self.disclosure.covers(output_ns, output_ns + 1):
            units = [add_sei(unit, self._mark.text(lips=lips)) for unit in units]
        return self._add(units)

    def sound(self, samples: Samples, output_ns: int) -> list[OutputSegment]:
        """Encode one block of sound at 48 kHz."""
        units = self._audio.encode(AudioBlock("", output_ns, SAMPLE_RATE, samples))
        segments = self._add(units)
        if units:
            self._sound_until_ns = ticks_to_ns(units[-1].pts) + _BLOCK_NS
        return segments

    def flush(self) -> list[OutputSegment]:
        """Send what has been encoded."""
        return [self._marked(segment) for segment in self._cutter.flush()]

    def _add(self, units: list[AccessUnit]) -> list[OutputSegment]:
        segments: list[OutputSegment] = []
        for unit in units:
            at_ns = ticks_to_ns(unit.pts)
            altered = self.disclosure.covers(at_ns, at_ns + 1)
            self._muxer.service_name = service_name(altered=altered)
            segments += [self._marked(segment) for segment in self._cutter.add(unit)]
        return segments

    def _marked(self, media: MediaSegment) -> OutputSegment:
        self._next_seq = media.seq + 1
        altered = self.disclosure.covers(media.pts_ns, media.pts_ns + max(media.duration_ns, 1))
        return OutputSegment(media, altered, self._sound_until_ns)


def _video_encoder(form: OutputFormat) -> VideoEncoder | None:
    if form.width is None or form.height is None:
        return None
    return VideoEncoder(
        form.width,
        form.height,
        frame_rate=form.frame_rate,
        bit_rate=form.video_bit_rate,
        preset="ultrafast",
    )
