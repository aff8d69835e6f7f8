"""The sample visitor in other picture sizes, as a camera of that size would have filmed her."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

_TICKS = 90_000


def write_film(source: Path, target: Path, width: int, height: int, longest_s: float) -> None:
    """Write ``source`` scaled to a height, its sides mirrored outwards or cut to the width.

    Sound is copied as it is. Mirrored sides cost an encoder what real ones do; black ones do not.

    Args:
        source: a film with picture and sound.
        target: MP4 to write; H.264 without B-frames, a keyframe every second.
        width: of the picture.
        height: of the picture.
        longest_s: what comes later is left out.

    Raises:
        av.FFmpegError: the film cannot be read.
    """
    with av.open(str(source)) as film, av.open(str(target), "w") as made:
        seen, heard = film.streams.video[0], film.streams.audio[0]
        rate = seen.average_rate or Fraction(25)
        picture = made.add_stream(
            "libx264", rate=rate, options={"preset": "veryfast", "crf": "20", "bf": "0"}
        )
        picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
        picture.gop_size = round(rate)
        picture.codec_context.time_base = Fraction(1, _TICKS)
        sound = made.add_stream_from_template(heard)
        for packet in film.demux(seen, heard):
            if packet.pts is None or packet.time_base is None:
                continue
            if packet.pts * packet.time_base >= longest_s:
                continue
            if packet.stream is heard:
                packet.stream = sound
                made.mux(packet)
                continue
            for frame in packet.decode():
                if not isinstance(frame, av.VideoFrame) or frame.time is None:
                    continue
                fitted = _fitted(frame.to_ndarray(format="bgr24"), width, height)
                shown = av.VideoFrame.from_ndarray(fitted, format="bgr24")
                shown.pts, shown.time_base = round(frame.time * _TICKS), Fraction(1, _TICKS)
                made.mux(picture.encode(shown))
        made.mux(picture.encode(None))


def _fitted(picture: NDArray[Any], width: int, height: int) -> NDArray[np.uint8]:
    """BGR (h, w, 3) uint8 in another size."""
    scaled_width = round(picture.shape[1] * height / picture.shape[0])
    scaled = cv2.resize(picture, (scaled_width, height), interpolation=cv2.INTER_CUBIC)
    missing = width - scaled_width
    if missing < 0:
        left = -missing // 2
        return np.array(scaled[:, left : left + width], np.uint8)
    left = missing // 2
    wide = cv2.copyMakeBorder(scaled, 0, 0, left, missing - left, cv2.BORDER_REFLECT)
    return np.asarray(wide, np.uint8)
