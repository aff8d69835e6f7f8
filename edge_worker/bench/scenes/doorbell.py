"""A portrait doorbell camera: the visitor on a path before a street, seen from below."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import cv2
import numpy as np

from edge_worker.bench.scenes.cutout import matte
from edge_worker.bench.scenes.shot import Floats, Shot, Step, clouds, mixed, noise
from engines.face.topology import CHIN

SIZE: Final = (1080, 1440)
"""Width and height of the picture."""

_FOREHEAD: Final = 10
_HORIZON: Final = 0.46  # of the height
_SOFT: Final = 0.9
_COARSE: Final = 2  # every second pixel of the coat is drawn
_COAT: Final = 3  # its length in heights of the clip
_MARGIN: Final = 120  # pixels beside the visitor into which the shadow reaches
_SHADE: Final = 8  # every 8th pixel of the shadow is drawn


@dataclass(frozen=True, slots=True)
class Place:
    """Where the visitor stands."""

    face_share: float = 0.12
    """Height of the face, forehead to chin, over that of the picture.

    The view from below adds 14 % to it.
    """
    x: float = 0.53
    """Middle of the face in widths of the picture."""
    y: float = 0.30
    """The same in heights."""
    light: float = 1.0
    """Of the street behind; at night it is dark while the lamps reach the visitor."""


def at_the_door(place: Place | None = None) -> Step:
    """Put the visitor before the door; ``wide_angle`` is the lens for it."""
    stands = place or Place()

    def step(shot: Shot) -> Shot:
        scene = _street(stands.light).copy()
        if shot.face is None:
            return shot.shown(scene)
        matrix = _matrix(shot.face if shot.arrival is None else shot.arrival, stands)
        _put(scene, shot, matrix)
        scene += 1.6 * noise(SIZE, shot.number, grain_px=0.8)
        face = np.column_stack(
            [shot.face[:, :2] * matrix[0, 0] + matrix[:, 2], shot.face[:, 2] * matrix[0, 0]]
        )
        return replace(shot.shown(scene), face=face.astype(np.float32))

    return step


def _matrix(face: Floats, place: Place) -> Floats:
    """From the clip to the doorbell's picture, by where the face was at first."""
    top, chin = face[_FOREHEAD, :2], face[CHIN, :2]
    scale = place.face_share * SIZE[1] / float(np.linalg.norm(top - chin))
    stands = np.array([place.x * SIZE[0], place.y * SIZE[1]])
    return np.column_stack([np.eye(2) * scale, stands - scale * (top + chin) / 2])


def _put(scene: Floats, shot: Shot, matrix: Floats) -> None:
    """Draw the visitor, and a soft shadow on what is behind."""
    cover = matte(shot)
    person, body = _with_body(shot.picture.astype(np.float32), cover)
    across = np.flatnonzero((cover[..., 0] > 0.02).any(0))
    if not len(across):
        return
    ends = matrix[0, 0] * across[[0, -1]] + matrix[0, 2] + [-_MARGIN, _MARGIN]
    left, right = np.clip(ends, 0, SIZE[0]).astype(int).tolist()
    size = (right - left, SIZE[1])
    if size[0] < 8 * _SHADE:
        return
    shifted = matrix - np.array([[0, 0, left], [0, 0, 0]])
    seen, matted = (
        np.asarray(cv2.warpAffine(field, shifted, size, borderMode=edge), np.float32)
        for field, edge in ((person, cv2.BORDER_REPLICATE), (body, cv2.BORDER_CONSTANT))
    )
    part = scene[:, left:right]
    part *= 1 - _contact_shade(matted)[..., None]
    part += matted[..., None] * (seen - part)


def _with_body(picture: Floats, cover: Floats) -> tuple[Floats, Floats]:
    """Picture and matte continued below: a coat that falls from the chest."""
    height, width = picture.shape[:2]
    small = (width // _COARSE, _COAT * height // _COARSE)
    colours = cv2.resize(picture[-14:-2].mean(0, keepdims=True), (small[0], 1))
    edge = cv2.resize(cover[-14:-2, :, 0].mean(0, keepdims=True), (small[0], 1))
    coat, outline = (
        np.asarray(cv2.resize(field, (width, _COAT * height)), np.float32)
        for field in _coat(
            np.asarray(colours, np.float32), np.asarray(edge, np.float32), height / _COARSE, small
        )
    )
    return np.concatenate([picture[:-2], coat]), np.concatenate([cover[:-2, :, 0], outline])


def _coat(
    colours: Floats, edge: Floats, height: float, size: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Cloth and its outline, from the colours and the matte along its upper edge."""
    inside = np.flatnonzero(edge[0] > 0.5)
    if not len(inside):
        inside = np.arange(size[0])
    middle, half = float(inside.mean()), max(1.0, float(np.ptp(inside)) / 2)
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    down = y / height
    # From the chest to the elbows it widens, to the hips it narrows.
    form = 1 + 0.1 * np.sin(np.clip(down / 0.7, 0, 1) * np.pi / 2) - 0.2 * np.clip(down - 0.7, 0, 1)
    from_x, rows = (middle + (x - middle) / form).astype(np.float32), np.zeros_like(y)
    cloth, outline = (
        cv2.remap(field, from_x, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        for field in (cv2.GaussianBlur(colours, (0, 0), 1.5, sigmaY=0.1), edge)
    )
    folds = np.asarray(cv2.resize(clouds((size[0], size[1] // 4), 0.6, 41), size), np.float32)
    arms = np.abs((from_x - middle) / half)
    shade = (0.9 + 0.55 * (folds - 0.5)) * (1 - 0.45 * np.minimum(down / 1.5, 1))
    shade *= 1 - 0.5 * np.exp(-(((arms - 0.63 + 0.05 * down) / 0.03) ** 2))
    shade *= 1.12 - 0.42 * np.clip(arms, 0, 1.1) ** 4
    blend = np.minimum(3 * down, 1)[..., None]
    middling = np.median(colours[0, inside], 0)
    plain = mixed(np.asarray(cloth, np.float32), middling, 0.55 * blend)
    return plain * (1 + blend * (shade[..., None] - 1)), np.asarray(outline, np.float32)


def _contact_shade(cover: Floats) -> Floats:
    size = cover.shape[1], cover.shape[0]
    small = cv2.resize(cover, (size[0] // _SHADE, size[1] // _SHADE), interpolation=cv2.INTER_AREA)
    soft = np.asarray(cv2.GaussianBlur(small, (0, 0), 9), np.float32)
    return 0.22 * np.asarray(cv2.resize(soft, size), np.float32)


@cache
def _street(light: float) -> Floats:
    """The other side of the street: sky, a brick house, a hedge, asphalt, the path to the door."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = _sky(y / height)
    for draw in (_house, _hedge, _road, _path, _jamb):
        picture = draw(picture, x, y)
    soft = np.asarray(cv2.GaussianBlur(picture, (0, 0), _SOFT), np.float32)
    return np.asarray(np.clip(light * soft, 0, 255), np.float32)


def _sky(down: Floats) -> Floats:
    blue = np.array([222, 204, 186], np.float32) * (0.86 + 0.16 * down[..., None] / _HORIZON)
    white = np.array([243, 240, 237], np.float32)
    return mixed(blue, white * np.ones((*down.shape, 1), np.float32), clouds(SIZE, 0.5, 2) ** 1.5)


def _house(below: Floats, x: Floats, y: Floats) -> Floats:
    width, height = SIZE
    u, v = x / width, y / height
    wall = (u < 0.62) & (v > 0.14) & (v < _HORIZON + 0.02)
    roof = (v > 0.07 + 0.03 * np.abs(u - 0.2)) & (v <= 0.14) & (u < 0.65)
    row = np.floor(y / 9.0)
    mortar = ((y % 9.0) < 1.4) | (((x + 12 * (row % 2)) % 25.0) < 1.5)
    tone = 0.8 + 0.35 * clouds(SIZE, 0.95, 6)
    brick = np.array([84, 98, 142], np.float32) * tone
    picture = mixed(below, np.where(mortar[..., None], 165 * tone, brick), wall[..., None] * 1.0)
    tiles = np.array([70, 68, 84], np.float32) * (0.8 + 0.3 * clouds(SIZE, 0.9, 7))
    picture = mixed(picture, tiles, roof[..., None] * 1.0)
    for left, top in ((0.06, 0.20), (0.25, 0.20), (0.44, 0.20), (0.06, 0.33), (0.44, 0.33)):
        picture = _window(picture, u - left, v - top)
    return picture


def _window(below: Floats, u: Floats, v: Floats) -> Floats:
    frame = (u > 0) & (u < 0.115) & (v > 0) & (v < 0.085)
    pane = (u > 0.008) & (u < 0.107) & (v > 0.006) & (v < 0.079)
    bar = (np.abs(u - 0.0575) < 0.003) | (np.abs(v - 0.03) < 0.002)
    glass = np.array([118, 104, 92], np.float32) * (1.3 - 5 * v[..., None] + 2 * u[..., None])
    picture = mixed(below, np.full(3, 226, np.float32), frame[..., None] * 1.0)
    return mixed(picture, glass, (pane & ~bar)[..., None] * 1.0)


def _hedge(below: Floats, x: Floats, y: Floats) -> Floats:
    width, height = SIZE
    top = 0.39 + 0.012 * np.sin(x / 37) + 0.02 * clouds(SIZE, 0.8, 12)[..., 0]
    share = np.clip((y / height - top) * 300, 0, 1) * (y / height < _HORIZON + 0.03)
    trees = 0.26 + 0.10 * np.abs(np.sin(x / 130)) + 0.05 * clouds(SIZE, 0.8, 14)[..., 0]
    crown = np.clip((y / height - trees) * 120, 0, 1) * (x / width > 0.60) * (y / height < 0.45)
    leaf = np.array([48, 92, 70], np.float32) * (0.45 + 1.0 * clouds(SIZE, 0.97, 13))
    picture = mixed(below, leaf * 0.85, crown[..., None])
    return mixed(picture, leaf, share[..., None])


def _road(below: Floats, x: Floats, y: Floats) -> Floats:
    height = SIZE[1]
    v = y / height
    asphalt = np.array([128, 126, 124], np.float32) * (0.82 + 0.25 * clouds(SIZE, 0.95, 16))
    picture = mixed(below, asphalt, np.clip((v - _HORIZON - 0.025) * 400, 0, 1)[..., None])
    kerb = np.exp(-(((v - 0.555) / 0.006) ** 2))
    picture = mixed(picture, np.full(3, 188, np.float32), kerb[..., None])
    grass = np.array([62, 118, 92], np.float32) * (0.5 + 0.9 * clouds(SIZE, 0.97, 18))
    blades = np.clip((v - 0.562 - 0.002 * np.sin(x / 3.0)) * 400, 0, 1)
    return mixed(picture, grass, blades[..., None])


def _path(below: Floats, x: Floats, y: Floats) -> Floats:
    width, height = SIZE
    depth = np.clip((y / height - 0.562) / 0.438, 0, 1)
    half = (0.10 + 0.42 * depth) * width
    inside = np.clip((half - np.abs(x - 0.5 * width)) / 3, 0, 1) * (depth > 0)
    rows = np.log(0.12 + depth) * 9
    joints = (np.abs(rows % 1.0 - 0.5) > 0.47) | (
        np.abs(((x - 0.5 * width) / (half + 1) * 2.5) % 1.0 - 0.5) > 0.485
    )
    stone = np.array([150, 160, 170], np.float32) * (0.75 + 0.4 * clouds(SIZE, 0.92, 19))
    return mixed(below, np.where(joints[..., None], stone * 0.62, stone), inside[..., None])


def _jamb(below: Floats, x: Floats, y: Floats) -> Floats:
    """The wall beside the door, close to the lens and out of focus."""
    width, _ = SIZE
    edge = width * 0.93 + 0.02 * (y - SIZE[1] / 2)
    near = np.clip((x - edge) / 14, 0, 1)[..., None]
    plaster = np.array([172, 180, 188], np.float32) * (0.55 + 0.16 * clouds(SIZE, 0.7, 20))
    return mixed(below, plaster, near)
