"""Read a finished film: pictures one by one, sound in one piece."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture

Sound = NDArray[np.float32]
"""Mono PCM, shape (n,), full scale +-1; sample 0 is at the film's time 0."""


@dataclass(frozen=True, slots=True, eq=False)
class FilmPicture:
    """One picture of a film."""

    time_ns: int
    picture: Picture


def frames(path: Path) -> Iterator[tuple[int, av.VideoFrame]]:
    """Film time in nanoseconds and frame, as decoded, of the first video track."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            if frame.pts is not None and frame.time_base is not None:
                yield round(frame.pts * frame.time_base * 1_000_000_000), frame


def pictures(path: Path) -> Iterator[FilmPicture]:
    """Pictures of the first video track, in order of presentation."""
    for time_ns, frame in frames(path):
        yield FilmPicture(time_ns, as_picture(frame))


def as_picture(frame: av.VideoFrame) -> Picture:
    """BGR pixels of a frame; call it where the frame was decoded."""
    return frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)


def sound(path: Path, sample_rate: int) -> Sound:
    """Sound of the first audio track as mono; silence where the track has none.

    Raises:
        ValueError: the film has no sound.
    """
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise ValueError(f"{path}: no audio track; the judge needs picture and sound")
        resampler = av.AudioResampler(format="flt", layout="mono", rate=sample_rate)
        blocks: list[Sound] = []
        start: int | None = None
        for frame in container.decode(audio=0):
            if start is None and frame.pts is not None and frame.time_base is not None:
                start = round(frame.pts * frame.time_base * sample_rate)
            blocks += [_mono(out) for out in resampler.resample(frame)]
        blocks += [_mono(out) for out in resampler.resample(None)]
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
    lead = start or 0
    return np.concatenate([np.zeros(max(lead, 0), np.float32), samples[max(-lead, 0) :]])


def _mono(frame: av.AudioFrame) -> Sound:
    return frame.to_ndarray().reshape(-1).astype(np.float32, copy=False)
