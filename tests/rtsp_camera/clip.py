"""A file as the packets that a camera sends of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import av
from av.bitstream import BitStreamFilterContext
from av.codec.context import CodecContext

PICTURE_CLOCK = 90_000


@dataclass(frozen=True, slots=True)
class Sample:
    """A coded picture (Annex B) or a frame of sound."""

    track: Literal["video", "audio"]
    taken_s: float
    """Presentation time."""
    sent_s: float
    """When a camera could have coded it: with the newest picture that it depends on."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Clip:
    """What the camera films."""

    samples: tuple[Sample, ...]
    seconds: float
    picture_codec: str | None
    """FFmpeg's name."""
    picture_config: bytes
    sound_codec: str | None
    sound_config: bytes
    sound_rate: int
    channels: int

    @classmethod
    def read(cls, path: Path) -> "Clip":
        """Read a file that FFmpeg can read; sound of a codec that RTP carries."""
        samples: list[Sample] = []
        newest_s = 0.0
        with av.open(path) as recording:
            picture = next(iter(recording.streams.video), None)
            sound = next(iter(recording.streams.audio), None)
            annex_b = None
            if picture is not None and picture.codec_context.extradata:
                name = f"{picture.codec_context.name}_mp4toannexb"
                annex_b = BitStreamFilterContext(name, picture)
            for packet in recording.demux():
                if packet.pts is None:
                    continue
                at_s = float(packet.pts * packet.time_base)
                if packet.stream is sound:
                    samples.append(Sample("audio", at_s, at_s, bytes(packet)))
                    continue
                newest_s = max(newest_s, at_s)
                units = annex_b.filter(packet) if annex_b else [packet]
                samples += [Sample("video", at_s, newest_s, bytes(unit)) for unit in units]
            return cls(
                samples=tuple(sorted(samples, key=lambda sample: sample.sent_s)),
                seconds=_length_s(samples),
                picture_codec=picture.codec_context.name if picture else None,
                picture_config=_config(picture.codec_context) if picture else b"",
                sound_codec=sound.codec_context.name if sound else None,
                sound_config=_config(sound.codec_context) if sound else b"",
                sound_rate=sound.codec_context.sample_rate if sound else 8000,
                channels=sound.codec_context.channels if sound else 1,
            )


def _length_s(samples: list[Sample]) -> float:
    """To the end of its pictures, or of its sound where it has none."""
    tracks = {sample.track for sample in samples}
    wanted = "video" if "video" in tracks else "audio"
    taken = sorted(sample.taken_s for sample in samples if sample.track == wanted)
    return taken[-1] - taken[0] + (taken[1] - taken[0])


def _config(context: CodecContext) -> bytes:
    return context.extradata or b""
