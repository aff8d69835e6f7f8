"""The film that WebRTC viewers are shown: encoded as egress does, and as it was before."""

from dataclasses import dataclass

import av
import numpy as np

from edge_worker.demo import SAMPLE
from edge_worker.items import AudioBlock, Planes, Samples
from edge_worker.media.encode import SAMPLE_RATE, AudioEncoder, VideoEncoder
from edge_worker.media.i420 import planes_of
from edge_worker.media.mpegts import Muxer
from edge_worker.media.resample import Resampler
from edge_worker.media.segments import MediaSegment, SegmentCutter

PICTURE_RATE = 25
_PICTURE_NS = 1_000_000_000 // PICTURE_RATE
_BLOCK = SAMPLE_RATE // PICTURE_RATE


@dataclass(frozen=True, slots=True)
class Film:
    """The same seconds three times: as segments, as pictures and as sound."""

    seconds: int
    segments: tuple[MediaSegment, ...]
    pictures: tuple[Planes, ...]
    sound: Samples


def make_film(seconds: int) -> Film:
    """The sample's beginning, encoded as egress does."""
    pictures, sound = _decoded(seconds)
    video, audio = VideoEncoder(640, 480, bit_rate=2_000_000), AudioEncoder()
    cutter = SegmentCutter(Muxer())
    segments: list[MediaSegment] = []
    for number, planes in enumerate(pictures):
        at_ns = number * _PICTURE_NS
        part = sound[number * _BLOCK : (number + 1) * _BLOCK]
        units = video.encode(planes, at_ns) + audio.encode(AudioBlock("", at_ns, SAMPLE_RATE, part))
        for unit in units:
            segments += cutter.add(unit)
    return Film(seconds, (*segments, *cutter.flush()), tuple(pictures), sound)


def _decoded(seconds: int) -> tuple[list[Planes], Samples]:
    pictures: list[Planes] = []
    blocks: list[Samples] = []
    resampler = Resampler(SAMPLE_RATE)
    with av.open(str(SAMPLE / "visitor.mp4")) as film:
        for frame in film.decode(video=0, audio=0):
            if isinstance(frame, av.VideoFrame):
                pictures.append(planes_of(frame, (640, 480)))
            elif isinstance(frame, av.AudioFrame):
                at_ns = round((frame.time or 0) * 1e9)
                samples = np.asarray(frame.to_ndarray(), np.float32).mean(axis=0, dtype=np.float32)
                block = AudioBlock("", at_ns, frame.sample_rate, samples)
                blocks += [one.samples for one in resampler.process(block)]
            if len(pictures) > PICTURE_RATE * seconds:
                break
    return pictures[: PICTURE_RATE * seconds], np.concatenate(blocks)[: SAMPLE_RATE * seconds]
