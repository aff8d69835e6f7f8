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
_PICTURE_AWAITED_BLOCKS = 24
"""Sound waits this long, half a second, for the keyframe that a fresh reader begins with."""


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
        muxer: of the output before, whose packet counters go on; its own without.
        audio: encoder of the output before, whose sound goes on; its own without.
    """

    def __init__(
        self,
        form: OutputFormat,
        mark: Mark,
        *,
        first_seq: int = 0,
        muxer: Muxer | None = None,
        audio: AudioEncoder | None = None,
    ) -> None:
        self.form = form
        self.disclosure = Disclosure()
        self._mark = mark
        self._video = _video_encoder(form)
        self._audio = audio or AudioEncoder()
        self._muxer = muxer or Muxer(
            "h264" if self._video else None, "aac", service_name=service_name(altered=False)
        )
        self._cutter = SegmentCutter(self._muxer, first_seq=first_seq)
        self._sound_until_ns = 0
        self._next_seq = first_seq
        self._force_keyframe = self._video is not None
        self._early_sound: list[AccessUnit] = []

    def restart(self, mark: Mark) -> list[OutputSegment]:
        """Send what is encoded, then begin anew for a fresh reader: keyframe, discontinuity."""
        segments = self.flush()
        self._mark = mark
        self._force_keyframe = self._video is not None
        self._muxer.mark_discontinuity()
        return segments

    def continued(self, form: OutputFormat, mark: Mark) -> "Output":
        """The output that follows this one in another form; sound, numbers and marks go on."""
        following = self._following(form, mark, self._audio)
        following.disclosure = self.disclosure
        return following

    def on_new_clock(self, mark: Mark) -> "Output":
        """The output that follows this one when timestamps begin anew; only numbers go on."""
        return self._following(self.form, mark, AudioEncoder())

    def _following(self, form: OutputFormat, mark: Mark, audio: AudioEncoder) -> "Output":
        tracks_stay = (form.width is None) == (self.form.width is None)
        muxer = self._muxer if tracks_stay else None
        self._muxer.mark_discontinuity()
        return Output(form, mark, first_seq=self._next_seq, muxer=muxer, audio=audio)

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
        early, self._early_sound = self._early_sound, []
        return self._add(units + early)

    def sound(self, samples: Samples, output_ns: int) -> list[OutputSegment]:
        """Encode one block of sound at 48 kHz."""
        units = self._audio.encode(AudioBlock("", output_ns, SAMPLE_RATE, samples))
        if self._force_keyframe and len(self._early_sound) < _PICTURE_AWAITED_BLOCKS:
            self._early_sound += units
            return []
        early, self._early_sound = self._early_sound, []
        return self._add(early + units)

    def flush(self) -> list[OutputSegment]:
        """Send what has been encoded."""
        early, self._early_sound = self._early_sound, []
        return [
            *self._add(early),
            *(self._marked(segment) for segment in self._cutter.flush()),
        ]

    def _add(self, units: list[AccessUnit]) -> list[OutputSegment]:
        segments: list[OutputSegment] = []
        for unit in units:
            at_ns = ticks_to_ns(unit.pts)
            altered = self.disclosure.covers(at_ns, at_ns + 1)
            self._muxer.service_name = service_name(altered=altered)
            if unit.kind == "audio":
                self._sound_until_ns = at_ns + _BLOCK_NS
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
