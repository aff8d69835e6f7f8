"""What is no visitor: a cat, a poster."""

from functools import cache
from importlib.resources import files
from typing import Final

import cv2
import numpy as np

from edge_worker.bench.scenes.shot import Floats, Shot, Step, clouds, mixed, noise

_BORDER: Final = 0.03  # of the width
_PRINTED: Final = 0.74


def cat() -> Step:
    """A cat looks into the camera, and about, in place of anybody."""

    def step(shot: Shot) -> Shot:
        width, height = shot.size
        picture = _cat()
        scale = 1.12 * max(width / picture.shape[1], height / picture.shape[0])
        t = shot.time_s
        x = width / 2 + 0.02 * width * np.sin(0.9 * t) - scale * picture.shape[1] / 2
        y = height / 2 + 0.015 * height * np.sin(1.4 * t) - scale * picture.shape[0] / 2
        matrix = np.array([[scale, 0.02 * np.sin(t), x], [0.02 * np.sin(t), scale, y]])
        seen = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REFLECT_101)
        grainy = seen + 2.0 * noise(shot.size, shot.number)
        return Shot(shot.shown(grainy).picture, shot.number, shot.time_s)

    return step


def poster() -> Step:
    """The picture, printed, on a wall; give it one that stands still."""

    def step(shot: Shot) -> Shot:
        width, height = shot.size
        wall = np.array([178, 190, 196], np.float32) * (0.85 + 0.15 * clouds(shot.size, 0.8, 51))
        margin = (1 - _PRINTED) / 2
        left, top = round(margin * width), round(margin * height)
        size = (width - 2 * left, height - 2 * top)
        printed = cv2.resize(shot.picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        border = round(_BORDER * width)
        paper = np.zeros((height, width, 1), np.float32)
        paper[top - border : top + size[1] + border, left - border : left + size[0] + border] = 1
        shadow = np.roll(np.asarray(cv2.GaussianBlur(paper, (0, 0), 8)), (6, 4), (0, 1))[..., None]
        picture = wall * (1 - 0.4 * shadow)
        picture = mixed(picture, np.full(3, 236, np.float32), paper)
        picture[top : top + size[1], left : left + size[0]] = 18 + 0.86 * printed
        face = None
        if shot.face is not None:
            face = shot.face * np.float32(_PRINTED) + np.array([left, top, 0], np.float32)
        grainy = picture + 2.0 * noise(shot.size, shot.number)
        return Shot(shot.shown(grainy).picture, shot.number, shot.time_s, face)

    return step


@cache
def _cat() -> Floats:
    data = (files("edge_worker.bench.scenes") / "cat.jpg").read_bytes()
    return np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), np.float32)
