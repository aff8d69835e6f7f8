"""Heads that turn and nod: the picture is bent as the head's own shape would have it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from edge_worker.bench.scenes.shot import Floats, Shot, Step
from engines.face.head import inter_ocular_px
from engines.face.topology import CHIN, LEFT_EYE_OUTER, RIGHT_EYE_OUTER

_COARSE: Final = 4
_JOINT: Final = 0.55  # IOD; how far behind the face the head turns
_SKULL: Final = (1.45, 1.45)  # IOD; half axes of the head with hair
_SKULL_TOP: Final = -0.40  # IOD; its middle above the eyes
_REACH: Final = 0.10  # IOD
_STEPS: Final = 6

Angles = Callable[[float], tuple[float, float]]
"""Yaw and pitch in degrees at a second of the film."""


def turned(angles: Angles) -> Step:
    """Turn the head about its joint; the shoulders stay."""

    def step(shot: Shot) -> Shot:
        yaw, pitch = angles(shot.time_s)
        if shot.face is None or (yaw, pitch) == (0, 0):
            return shot
        return _turned(shot, shot.face, _rotation(np.radians(yaw), np.radians(pitch)))

    return step


def _turned(shot: Shot, face: Floats, rotation: Floats) -> Shot:
    iod = inter_ocular_px(face)
    width, height = shot.size
    size = (width // _COARSE, height // _COARSE)
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    x, y = (x + 0.5) * _COARSE - 0.5, (y + 0.5) * _COARSE - 0.5
    depth, moves = _depth(face, iod, x, y), _moves(face, iod, x, y)
    joint = _joint(face, iod)
    from_x, from_y = x, y
    for _ in range(_STEPS):
        there = (from_x + 0.5) / _COARSE - 0.5, (from_y + 0.5) / _COARSE - 0.5
        z, share = (
            cv2.remap(field, *there, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for field in (depth, moves)
        )
        dx, dy, dz = from_x - joint[0], from_y - joint[1], z - joint[2]
        to_x = rotation[0, 0] * dx + rotation[0, 1] * dy + rotation[0, 2] * dz + joint[0]
        to_y = rotation[1, 0] * dx + rotation[1, 1] * dy + rotation[1, 2] * dz + joint[1]
        from_x = from_x + 0.8 * (x - (from_x + share * (to_x - from_x)))
        from_y = from_y + 0.8 * (y - (from_y + share * (to_y - from_y)))
    map_x, map_y = (
        np.asarray(cv2.resize(field.astype(np.float32), (width, height)), np.float32)
        for field in (from_x, from_y)
    )
    edge = cv2.BORDER_REFLECT_101
    bent = cv2.remap(shot.picture, map_x, map_y, cv2.INTER_CUBIC, borderMode=edge)
    moved = (face - joint) @ rotation.T + joint
    return replace(shot.shown(np.asarray(bent, np.uint8)), face=moved.astype(np.float32))


def _joint(face: Floats, iod: float) -> Floats:
    """Where the head turns: behind the middle of eyes and chin, in the landmarks' own depth."""
    eyes = face[[RIGHT_EYE_OUTER, LEFT_EYE_OUTER]].mean(0)
    middle = 0.55 * eyes + 0.45 * face[CHIN]
    return np.array([middle[0], middle[1], eyes[2] + _JOINT * iod], np.float32)


def _depth(face: Floats, iod: float, x: Floats, y: Floats) -> Floats:
    """The face as its landmarks have it, the rest of the head as half an ellipsoid behind it."""
    eyes = face[[RIGHT_EYE_OUTER, LEFT_EYE_OUTER]].mean(0)
    rx, ry = _SKULL
    radius = ((x - eyes[0]) / (rx * iod)) ** 2 + (
        (y - eyes[1] - _SKULL_TOP * iod) / (ry * iod)
    ) ** 2
    skull = eyes[2] + iod * (0.75 - 0.95 * np.sqrt(np.clip(1 - radius, 0, 1)))
    # Each landmark pulls as strongly as it is near; a Gaussian is one along x by one along y.
    columns, rows = (
        np.exp(-((line - places[:, None]) ** 2) / (2 * (_REACH * iod) ** 2))
        for line, places in ((x[0], face[:, 0]), (y[:, 0], face[:, 1]))
    )
    total = 1e-3 + rows.T @ columns
    pulled = 1e-3 * skull + (rows * face[:, 2:]).T @ columns
    return np.asarray(cv2.GaussianBlur(pulled / total, (0, 0), 0.1 * iod / _COARSE), np.float32)


def _moves(face: Floats, iod: float, x: Floats, y: Floats) -> Floats:
    """1 on the head, falling to 0 down the neck and into the room."""
    eyes = face[[RIGHT_EYE_OUTER, LEFT_EYE_OUTER]].mean(0)
    chin = float(face[CHIN, 1])
    down = np.clip((chin + 0.9 * iod - y) / (0.9 * iod), 0, 1)
    rx, ry = _SKULL
    radius = np.hypot((x - eyes[0]) / (rx * iod), (y - eyes[1] + 0.15 * iod) / ((ry + 0.35) * iod))
    near = np.clip((1.55 - radius) / 0.5, 0, 1)
    return np.asarray(down * down * (3 - 2 * down) * near * near * (3 - 2 * near), np.float32)


def _rotation(yaw: float, pitch: float) -> Floats:
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return np.asarray(about_y @ about_x, np.float32)
