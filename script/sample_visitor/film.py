"""Write pictures and sound into an mp4 the way a door camera would encode them."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from sample_visitor.gestures import FPS
from sample_visitor.portrait import HEIGHT, WIDTH
from sample_visitor.voice import SAMPLE_RATE

BITRATE = 610_000
_SOUND_RATE = 48_000
_SOUND_BITRATE = 64_000
_BLOCK = 1024


def write_film(
    path: Path, pictures: Iterable[Picture], samples: NDArray[np.float32], comment: str
) -> None:
    """H.264 at 25 fps with a keyframe a second, AAC 48 kHz mono."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        container.metadata["comment"] = comment
        video = container.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.bit_rate = BITRATE
        video.options = {
            "preset": "medium",
            "g": str(FPS),
            "bf": "0",
            "threads": "2",
            "maxrate": "900k",
            "bufsize": "1200k",
        }
        audio = container.add_stream("aac", rate=_SOUND_RATE, layout="mono")
        audio.bit_rate = _SOUND_BITRATE
        blocks = _blocks(samples)
        heard = 0.0
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(frame))
            while heard * FPS <= number and (block := next(blocks, None)) is not None:
                container.mux(audio.encode(block))
                heard += block.samples / _SOUND_RATE
        container.mux(video.encode(None))
        for block in blocks:
            container.mux(audio.encode(block))
        container.mux(audio.encode(None))


def _blocks(samples: NDArray[np.float32]) -> Iterator[av.AudioFrame]:
    """Sound of the film at the camera's rate, in time order."""
    whole = av.AudioFrame.from_ndarray(samples[None], format="flt", layout="mono")
    whole.sample_rate, whole.pts = SAMPLE_RATE, 0
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=_SOUND_RATE)
    parts = [f.to_ndarray() for f in (*resampler.resample(whole), *resampler.resample(None))]
    sound = np.concatenate(parts, axis=1)
    for start in range(0, sound.shape[1], _BLOCK):
        block = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound[:, start : start + _BLOCK]), format="fltp", layout="mono"
        )
        block.sample_rate, block.pts, block.time_base = _SOUND_RATE, start, Fraction(1, _SOUND_RATE)
        yield block
