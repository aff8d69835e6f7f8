"""One film of two: the visitor as she spoke, and as the owner saw and heard her."""

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer

from edge_worker.demo.judge import film
from edge_worker.demo.recorder import AI_COMMENT
from engines.face import Picture

_BAR = 34
_PAPER = (24, 22, 20)
_INK = (236, 236, 236)
_NS = 1_000_000_000


def write_side_by_side(
    original: Path,
    translated: Path,
    path: Path,
    *,
    output_start_ns: int,
    labels: tuple[str, str] = ("Original", "AI-translated"),
) -> None:
    """Put ``original`` and ``translated`` side by side, with the translated sound.

    Both halves show the same moment of the camera's time: ``output_start_ns`` is the media time
    of the original's picture at time 0 of the translated film. Labels are ASCII.

    Raises:
        ValueError: the translated film has no picture or no sound.
        av.FFmpegError: a film cannot be read.
    """
    with (
        av.open(str(translated)) as source,
        av.open(str(path), "w", options={"movflags": "+faststart"}) as target,
    ):
        if not source.streams.video or not source.streams.audio:
            raise ValueError(f"{translated}: needs picture and sound")
        target.metadata["comment"] = AI_COMMENT
        shape = source.streams.video[0]
        video = target.add_stream("libx264", rate=25)
        video.width, video.height = 2 * shape.width, shape.height + _BAR
        video.pix_fmt = "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 1000)
        video.options = {"preset": "veryfast", "crf": "22", "g": "50"}
        audio = target.add_stream_from_template(source.streams.audio[0])
        sound = deque(p for p in source.demux(source.streams.audio[0]) if p.dts is not None)
        for left, right in _together(original, translated, output_start_ns):
            while sound and _time_ns(sound[0]) <= right.time_ns:
                _mux(target, sound.popleft(), audio)
            joined = _joined(left, right.picture, labels)
            frame = av.VideoFrame.from_ndarray(joined, format="bgr24")
            frame.pts, frame.time_base = right.time_ns // 1_000_000, Fraction(1, 1000)
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
        while sound:
            _mux(target, sound.popleft(), audio)


def _together(
    original: Path, translated: Path, output_start_ns: int
) -> Iterator[tuple[Picture, film.FilmPicture]]:
    """Each picture of the translated film with the original of the same media time."""
    shots = film.pictures(original)
    shown = coming = next(shots, None)
    for right in film.pictures(translated):
        media_ns = right.time_ns + output_start_ns
        # Half a frame of grace: the two clocks round differently.
        while coming is not None and coming.time_ns <= media_ns + 20_000_000:
            shown, coming = coming, next(shots, None)
        left = shown.picture if shown is not None else np.zeros_like(right.picture)
        yield left, right


def _joined(left: Picture, right: Picture, labels: tuple[str, str]) -> Picture:
    height, width = right.shape[:2]
    if left.shape != right.shape:
        left = cv2.resize(left, (width, height)).astype(np.uint8, copy=False)
    page = np.full((height + _BAR, 2 * width, 3), _PAPER, np.uint8)
    page[_BAR:, :width], page[_BAR:, width:] = left, right
    for number, label in enumerate(labels):
        place = (number * width + 12, _BAR - 11)
        cv2.putText(page, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.56, _INK, 1, cv2.LINE_AA)
    return page


def _time_ns(packet: "av.Packet[AudioStream]") -> float:
    return float((packet.dts or 0) * packet.time_base * _NS)


def _mux(target: OutputContainer, packet: "av.Packet[AudioStream]", stream: AudioStream) -> None:
    packet.stream = stream
    target.mux(packet)
