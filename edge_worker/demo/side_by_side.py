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

from edge_worker.egress.recorder import AI_COMMENT
from edge_worker.items import Planes
from edge_worker.verify import film

_BAR = 34
"""Height of the strip with the labels, a multiple of 2."""
_PAPER, _INK, _GREY = 30, 225, 128
_NS = 1_000_000_000
_MILLISECOND = Fraction(1, 1000)
_GRACE_NS = 20_000_000
"""Half a frame: the clocks of the two films round differently."""


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
        width, height = source.streams.video[0].width, source.streams.video[0].height
        video = target.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 2 * width, height + _BAR, "yuv420p"
        video.time_base = video.codec_context.time_base = _MILLISECOND
        video.options = {"preset": "veryfast", "crf": "24", "g": "50"}
        audio = target.add_stream_from_template(source.streams.audio[0])
        sound = deque(p for p in source.demux(source.streams.audio[0]) if p.dts is not None)
        bar = _label_bar(labels, width)
        for time_ns, left, right in _together(original, translated, output_start_ns):
            while sound and _time_ns(sound[0]) <= time_ns:
                _mux(target, sound.popleft(), audio)
            frame = av.VideoFrame.from_ndarray(_joined(bar, left, right), format="yuv420p")
            frame.pts, frame.time_base = time_ns // 1_000_000, _MILLISECOND
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
        while sound:
            _mux(target, sound.popleft(), audio)


def _together(
    original: Path, translated: Path, output_start_ns: int
) -> Iterator[tuple[int, Planes, Planes]]:
    """Time and picture of the translated film, with the original of the same media time."""
    shots = film.frames(original)
    coming = next(shots, None)
    left: Planes | None = None
    for time_ns, frame in film.frames(translated):
        right = _planes(frame, frame.width, frame.height)
        while coming is not None and (
            left is None or coming[0] <= time_ns + output_start_ns + _GRACE_NS
        ):
            left = _planes(coming[1], frame.width, frame.height)
            coming = next(shots, None)
        yield time_ns, right if left is None else left, right


def _planes(frame: av.VideoFrame, width: int, height: int) -> Planes:
    scaled = frame.reformat(width=width, height=height, format="yuv420p")
    return scaled.to_ndarray().astype(np.uint8, copy=False)


def _joined(bar: Planes, left: Planes, right: Planes) -> Planes:
    """I420 of the strip above both pictures."""
    height, width = left.shape[0] * 2 // 3, left.shape[1]
    parts = [bar, np.hstack([left[:height], right[:height]])]
    quarter = height // 2 * (width // 2)
    for plane in range(2):
        first = height * width + plane * quarter
        sides = [
            side.reshape(-1)[first : first + quarter].reshape(height // 2, width // 2)
            for side in (left, right)
        ]
        parts += [np.full((_BAR // 2, width), _GREY, np.uint8), np.hstack(sides)]
    return np.concatenate([part.reshape(-1) for part in parts]).reshape(-1, 2 * width)


def _label_bar(labels: tuple[str, str], width: int) -> Planes:
    """Luma of the strip."""
    bar = np.full((_BAR, 2 * width), _PAPER, np.uint8)
    for number, label in enumerate(labels):
        place = (number * width + 12, _BAR - 11)
        cv2.putText(bar, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.56, _INK, 1, cv2.LINE_AA)
    return bar


def _time_ns(packet: "av.Packet[AudioStream]") -> float:
    return float((packet.dts or 0) * packet.time_base * _NS)


def _mux(target: OutputContainer, packet: "av.Packet[AudioStream]", stream: AudioStream) -> None:
    packet.stream = stream
    target.mux(packet)
