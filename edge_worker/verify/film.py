"""Read a finished film: pictures one by one with their marks, sound in one piece."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.sidedata.sidedata import SideDataContainer
from numpy.typing import NDArray

from edge_worker.media.nal import AI_MARK
from engines.face import Picture

Sound = NDArray[np.float32]
"""Mono PCM, shape (n,), full scale +-1; sample 0 is at the film's time 0."""

_UUID_SIZE = 16
_HOLE_S = 0.02
"""A frame this far from the end of the one before does not follow it."""


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """One picture of a film."""

    time_ns: int
    picture: Picture
    lips: bool | None = None
    """Whether its mouth was rendered, as its mark says; None without a mark."""


def frames(path: Path) -> Iterator[tuple[int, av.VideoFrame]]:
    """Film time in nanoseconds and frame, as decoded, of the first video track.

    Raises:
        ValueError: the film has no picture.
        av.FFmpegError: the film cannot be read.
    """
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise ValueError(f"{path}: no video track; the judge needs picture and sound")
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            if frame.pts is not None and frame.time_base is not None:
                yield round(frame.pts * frame.time_base * 1_000_000_000), frame


def shots(path: Path) -> Iterator[Shot]:
    """Pictures of the first video track with their marks, in order of presentation.

    Raises:
        ValueError: the film has no picture.
        av.FFmpegError: the film cannot be read.
    """
    for time_ns, frame in frames(path):
        yield Shot(time_ns, as_picture(frame), _lips(frame))


def as_picture(frame: av.VideoFrame) -> Picture:
    """BGR pixels of a frame; call it where the frame was decoded."""
    return frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def sound(path: Path, sample_rate: int) -> Sound:
    """Sound of the first audio track as mono; silence where the track has none.

    Each frame lies where its timestamp says: a hole is silence, so nothing after it moves.

    Raises:
        ValueError: the film has no sound.
        av.FFmpegError: the film cannot be read.
    """
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise ValueError(f"{path}: no audio track; the judge needs picture and sound")
        stretches: list[_Stretch] = []
        for frame in container.decode(audio=0):
            at = _sample_of(frame, sample_rate)
            last = stretches[-1] if stretches else None
            if last is None or (at is not None and abs(at - last.end) > _HOLE_S * sample_rate):
                last = _Stretch(at or 0, av.AudioResampler("flt", "mono", sample_rate))
                stretches.append(last)
            last.take(frame)
    for one in stretches:
        one.take(None)
    joined = np.zeros(max((one.end for one in stretches), default=0), np.float32)
    for one in stretches:
        samples = np.concatenate([*one.blocks, joined[:0]])[max(-one.start, 0) :]
        first = max(one.start, 0)
        joined[first : first + len(samples)] = samples[: len(joined) - first]
    return joined


@dataclass(slots=True)
class _Stretch:
    """Sound without a hole."""

    start: int
    """Its first sample, from the film's time 0."""
    resampler: av.AudioResampler
    blocks: list[Sound] = field(default_factory=list)
    given_s: Fraction = Fraction(0)

    @property
    def end(self) -> int:
        """The sample after its last."""
        return self.start + round(self.given_s * self.resampler.rate)

    def take(self, frame: av.AudioFrame | None) -> None:
        """Add a frame; None: it ends."""
        if frame is not None:
            self.given_s += Fraction(frame.samples, frame.sample_rate)
        self.blocks += [_mono(out) for out in self.resampler.resample(frame)]


def _sample_of(frame: av.AudioFrame, sample_rate: int) -> int | None:
    if frame.pts is None or frame.time_base is None:
        return None
    return round(frame.pts * frame.time_base * sample_rate)


def _mono(frame: av.AudioFrame) -> Sound:
    return frame.to_ndarray().reshape(-1).astype(np.float32, copy=False)


def _lips(frame: av.VideoFrame) -> bool | None:
    """What the H.264 user data message of an altered picture says; it survives stream copies."""
    messages = cast("SideDataContainer", frame.side_data)  # av types it as motion vectors alone
    for number in range(len(messages)):
        data = messages[number]
        if data.type.name != "SEI_UNREGISTERED":
            continue
        message = bytes(data)
        if message[:_UUID_SIZE] == AI_MARK.bytes:
            try:
                said = json.loads(message[_UUID_SIZE:].rstrip(b"\0"))
            except ValueError:
                return None
            return bool(said.get("lips")) if isinstance(said, dict) else None
    return None
