"""Set the portrait in motion: blink, turn the head in depth, put it before its backdrop."""

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.face import Picture
from sample_visitor.gestures import Gesture
from sample_visitor.portrait import HEIGHT, MARGIN, WIDTH, Portrait

_COARSE = 2
"""The motion field is computed at half resolution."""
_TORSO = 0.4
"""How much of the head's sway the shoulders share."""
_GRAIN = 2.2
"""Camera noise, standard deviation in levels."""
_GRAINS = 12
_LASHES = 2.5
"""Height of the dark edge of the upper lid, in pixels."""

_EYES = (
    ((33, 246, 161, 160, 159, 158, 157, 173, 133), (33, 7, 163, 144, 145, 153, 154, 155, 133), 66),
    (
        (362, 398, 384, 385, 386, 387, 388, 466, 263),
        (362, 382, 381, 380, 374, 373, 390, 249, 263),
        296,
    ),
)
"""Upper lid, lower lid, corner to corner from left to right; a point of the brow."""

Map = NDArray[np.float32]


class Puppet:
    """Draws the visitor in any gesture, with whatever mouth the canvas has been given."""

    def __init__(self, portrait: Portrait) -> None:
        self._portrait = portrait
        size = (WIDTH // _COARSE, (HEIGHT + MARGIN) // _COARSE)
        self._depth = _coarse(portrait.depth, size)
        self._head = _coarse(portrait.head, size)
        y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
        self._x, self._y = (x + 0.5) * _COARSE - 0.5, (y + 0.5) * _COARSE - 0.5
        rng = np.random.default_rng(3)
        self._grains = [
            cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH, 1)), (0, 0), 0.7)[..., None]
            * (_GRAIN * 2.2)
            for _ in range(_GRAINS)
        ]

    def draw(self, canvas: Picture, gesture: Gesture, number: int) -> Picture:
        """One frame of the film, shape (480, 640, 3), BGR, from a canvas with its mouth drawn."""
        portrait = self._portrait
        if gesture.blink > 0:
            canvas = _blinked(canvas, portrait, gesture.blink)
        map_x, map_y = self._backward(gesture)
        person = cv2.remap(canvas, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
        matte = cv2.remap(portrait.matte, map_x, map_y, cv2.INTER_LINEAR)[:HEIGHT, :, None]
        behind = portrait.backdrop[:HEIGHT]
        mixed = behind + matte * (person[:HEIGHT].astype(np.float32) - behind)
        noisy = mixed + self._grains[number * 5 % _GRAINS]
        return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)

    def _backward(self, gesture: Gesture) -> tuple[Map, Map]:
        """For every pixel of the film, where on the canvas it comes from."""
        x, y = self._x, self._y
        for _ in range(3):
            # Where does the pixel that lies there go to? Correct the guess by the difference.
            scaled_x, scaled_y = (x + 0.5) / _COARSE - 0.5, (y + 0.5) / _COARSE - 0.5
            depth = _sampled(self._depth, scaled_x, scaled_y)
            head = _sampled(self._head, scaled_x, scaled_y)
            shift_x, shift_y = self._shift(gesture, x, y, depth, head)
            x, y = self._x - shift_x, self._y - shift_y
        size = (WIDTH, HEIGHT + MARGIN)
        return (
            cv2.resize(x, size, interpolation=cv2.INTER_LINEAR).astype(np.float32),
            cv2.resize(y, size, interpolation=cv2.INTER_LINEAR).astype(np.float32),
        )

    def _shift(self, gesture: Gesture, x: Map, y: Map, depth: Map, head: Map) -> tuple[Map, Map]:
        """Where canvas points go: the head turned about the neck, the shoulders following."""
        neck_x, neck_y = self._portrait.neck
        # The neck's joint lies behind the face; turning about it moves the nose sideways.
        dx, dy, dz = x - neck_x, y - neck_y, depth - 0.55 * self._portrait.iod
        turn = _rotation(gesture)[:2] * gesture.zoom
        head_x = turn[0, 0] * dx + turn[0, 1] * dy + turn[0, 2] * dz - dx
        head_y = turn[1, 0] * dx + turn[1, 1] * dy + turn[1, 2] * dz - dy
        # The joint itself stays where the shoulders carry it.
        head_x += (turn[0, 2] * 0.55 * self._portrait.iod) * 0.5 + gesture.x
        head_y += (turn[1, 2] * 0.55 * self._portrait.iod) * 0.5 + gesture.y
        torso_x = _TORSO * gesture.x + (gesture.zoom - 1) * dx
        torso_y = _TORSO * gesture.y + (gesture.zoom - 1) * dy
        return torso_x + head * (head_x - torso_x), torso_y + head * (head_y - torso_y)


def _coarse(field: Map, size: tuple[int, int]) -> Map:
    return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_AREA), np.float32)


def _sampled(field: Map, x: Map, y: Map) -> Map:
    edge = cv2.BORDER_REPLICATE
    return np.asarray(cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=edge), np.float32)


def _rotation(gesture: Gesture) -> NDArray[np.float32]:
    cy, sy = np.cos(gesture.yaw), np.sin(gesture.yaw)
    cp, sp = np.cos(gesture.pitch), np.sin(gesture.pitch)
    cr, sr = np.cos(gesture.roll), np.sin(gesture.roll)
    yaw = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    pitch = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    roll = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return np.asarray(roll @ yaw @ pitch, np.float32)


def _blinked(canvas: Picture, portrait: Portrait, closed: float) -> Picture:
    """Draw the upper lids down: the skin between brow and lid stretches over the eye."""
    out = canvas.copy()
    points = portrait.mesh.points
    for upper, lower, brow in _EYES:
        x0, x1 = int(points[upper[0], 0]) - 1, int(points[upper[-1], 0]) + 3
        top = float(points[brow, 1])
        bottom = float(points[list(lower), 1].max()) + 6
        y0, y1 = int(top), int(bottom)
        columns = np.arange(x0, x1, dtype=np.float32)
        rim = _lid(columns, points[list(lower)])
        lid = np.minimum(_lid(columns, points[list(upper)]) - _LASHES, rim)
        reach = (rim - lid) * closed
        edge = lid + reach
        rows = np.arange(y0, y1, dtype=np.float32)[:, None]
        skin = top + (rows - top) * (lid - top) / (edge - top)
        # The lashes come along unstretched.
        source = np.where(rows < edge, skin, np.where(rows < edge + _LASHES, rows - reach, rows))
        map_x = np.repeat(columns[None], y1 - y0, axis=0)
        lids = cv2.remap(canvas, map_x, source.astype(np.float32), cv2.INTER_LINEAR)
        out[y0:y1, x0:x1] = lids
    return out


def _lid(columns: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    curve = np.polynomial.Polynomial.fit(points[:, 0], points[:, 1], 4)
    inside = np.clip(columns, points[0, 0], points[-1, 0])
    return np.asarray(curve(inside), np.float32)
