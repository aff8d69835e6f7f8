"""What the cameras of a load bench see: somebody who speaks, somebody silent, nobody."""

from enum import StrEnum
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edge_worker.demo import SAMPLE

_RATE = 48_000
_BLOCK = 1024
_SIZE = (640, 480)
_FPS = 25
_FILM_S = 10
_GRAIN = 1.5
"""Of a camera's picture, standard deviation of 255."""
_SWAY_PX, _SWAY_S = 4.0, 4.0
"""How somebody stands who stands still."""
_ROOM = 0.002
"""Of a room's sound, root mean square: -54 dB."""


class Scene(StrEnum):
    """What is before a camera."""

    SPEAKING = "speaking"
    """The sample's visitor."""
    SILENT = "silent"
    """The same, who stands in a quiet room and says nothing."""
    EMPTY = "empty"
    """A door, a quiet room and a camera's grain."""


def film_of(scene: Scene, folder: Path) -> Path:
    """The film of a scene: MP4, H.264 at 640x480 and 25 a second, AAC; made once, whole."""
    visitor = SAMPLE / "visitor.mp4"
    if scene is Scene.SPEAKING:
        return visitor
    film = folder / f"{scene}.mp4"
    if not film.exists():
        part = film.with_suffix(".part.mp4")
        _write(part, _first_picture(visitor) if scene is Scene.SILENT else _door())
        part.replace(film)
    return film


def _first_picture(film: Path) -> NDArray[np.uint8]:
    with av.open(str(film)) as opened:
        return np.asarray(next(opened.decode(video=0)).to_ndarray(format="bgr24"), np.uint8)


def _door() -> NDArray[np.uint8]:
    """A wall, and a door in it."""
    width, height = _SIZE
    picture = np.full((height, width, 3), 120, np.uint8)
    picture[height // 8 :, width // 3 : 2 * width // 3] = (60, 90, 140)
    return picture


def _write(target: Path, scene: NDArray[np.uint8]) -> None:
    """A still scene, BGR, that sways a little, through a camera's grain."""
    width, height = _SIZE
    noise = np.random.default_rng(1)
    with av.open(str(target), "w") as made:
        options = {"preset": "veryfast", "crf": "23", "bf": "0", "x264-params": "scenecut=0"}
        picture = made.add_stream("libx264", rate=_FPS, options=options)
        picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
        picture.gop_size = _FPS
        room = _Room(made)
        for number in range(_FILM_S * _FPS):
            room.until(number / _FPS)
            sway = _SWAY_PX * np.sin(2 * np.pi * number / (_SWAY_S * _FPS))
            aside = np.array([[1, 0, sway], [0, 1, 0]], np.float32)
            moved = cv2.warpAffine(scene, aside, _SIZE, borderMode=cv2.BORDER_REFLECT)
            grain = noise.normal(0, _GRAIN, (height, width, 1)).astype(np.float32)
            shown = np.clip(moved + grain, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(shown, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, _FPS)
            made.mux(picture.encode(frame))
        made.mux(picture.encode(None))
        room.end()


class _Room:
    """Writes the sound of a quiet room beside pictures."""

    def __init__(self, made: "av.container.OutputContainer") -> None:
        self._made = made
        self._sound = made.add_stream("aac", rate=_RATE, layout="mono")
        self._noise = np.random.default_rng(2)
        self._samples = 0

    def until(self, at_s: float) -> None:
        """Write as much as belongs before a picture."""
        while self._samples < at_s * _RATE:
            block = self._noise.normal(0, _ROOM, (1, _BLOCK)).astype(np.float32)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = _RATE, self._samples
            frame.time_base = Fraction(1, _RATE)
            self._made.mux(self._sound.encode(frame))
            self._samples += _BLOCK

    def end(self) -> None:
        """Write what the encoder holds."""
        self._made.mux(self._sound.encode(None))
