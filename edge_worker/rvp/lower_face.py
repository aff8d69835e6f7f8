"""How one person's lower face looks, so that something before it is noticed."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from edge_worker.rvp.picture import Box, FacePlanes
from engines.face.head import canonical_head
from engines.face.topology import FACE_OVAL, INNER_MIDDLE_RING, INNER_RING

_Floats = NDArray[np.float32]

_DIM: Final = 4.0  # of 255, added to brightness: darkness has no ratios
_NEIGHBOURS: Final = 5
_ROUNDS: Final = 3
_OUTLIER: Final = 0.12  # log brightness; what is further off does not pull the light's slope
_STEADY: Final = 6.0  # how strongly the slope of the light is held to none
_TOLERANCE: Final = 0.11
_RESTLESS: Final = 3.0
_YOUNG: Final = 0.2  # more tolerance at first, while the restlessness is not known
_PACE: Final = 0.12
_COVERED: Final = 0.10  # share of the lower face that looks like something else
_ALIKE: Final = 0.71  # correlation: behind hands and fingers 0.66, behind a drop of water 0.74
_LIKE_STILL: Final = 0.30  # correlation: hands in infrared 0.27, a hotspot that wanders 0.35
_DOUBTFUL: Final = 0.04  # share, where the pattern is not alike


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The colours of one face in one picture."""

    brightness: _Floats
    """Log brightness at every sampled landmark, shape (n,)."""
    colour: _Floats
    """Cb and Cr over the skin's brightness, shape (n, 2)."""
    skin_luma: float
    """Mean brightness of nose and cheeks above black, 0..239."""
    colourful: bool
    """False where the skin has no colour: infrared."""


def box_of(points: _Floats, iod_px: float, width: int, height: int) -> Box:
    """What ``look_of`` needs to see of the picture; empty if the face lies outside."""
    sampled = points[sampled_points(), :2]
    margin = 0.3 * iod_px
    left, top = (sampled.min(0) - margin).tolist()
    right, bottom = (sampled.max(0) + margin).tolist()
    return Box(int(left), int(top), int(right) + 1, int(bottom) + 1).even(width, height)


def look_of(face: FacePlanes, points: _Floats) -> Look:
    """Read the colours at landmarks, shape (468, 3)."""
    places = points[sampled_points(), :2]
    luma = np.maximum(face.coarse_at(places), 0)
    colours = face.colours_at(places)
    upper = len(upper_points())
    skin = float(luma[:upper].mean())
    hue = np.abs(colours[:upper].mean(0)).max()
    return Look(
        np.log(luma + _DIM).astype(np.float32),
        (colours / max(skin, _DIM)).astype(np.float32),
        skin,
        bool(hue > _COLOURLESS),
    )


_COLOURLESS: Final = 1.2


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How a look differs from what is known of a face."""

    off: _Floats
    """How far each place of the lower face is off, whatever the light, shape (n,)."""
    strange: float
    """Share of the lower face that looks like something else, 0..1."""
    likeness: float
    """Correlation of the pattern of light and dark on the lower face with the known one, -1..1.

    Where lips, chin and folds are does not depend on how bright or how coloured anything is: this
    tells a hand from the skin behind it where infrared makes both equally white.
    """

    @property
    def clear(self) -> bool:
        """Whether this is the known face with nothing before it."""
        return self.strange <= _COVERED and self.likeness >= _ALIKE

    @property
    def doubtful(self) -> bool:
        """Whether a tilt of the head or a lamp may have changed the pattern, and nothing else."""
        return self.strange <= _DOUBTFUL and self.likeness >= _LIKE_STILL


class LowerFace:
    """What is known of a person's lower face.

    Args:
        look: the first one.
    """

    def __init__(self, look: Look) -> None:
        self._brightness = look.brightness.copy()
        self._colour = look.colour.copy()
        self._restless = np.zeros(len(lower_points()), np.float32)
        self._count = 1

    def compared(self, look: Look) -> Comparison:
        """Hold a look against what is known."""
        upper = len(upper_points())
        bright = _unlit(look.brightness - self._brightness)
        tint = look.colour - self._colour
        tint = tint - np.median(tint[:upper], 0)
        off = np.hypot(bright, 2 * np.hypot(tint[:, 0], tint[:, 1]))[upper:]
        # Averaged with its like.
        off = np.asarray(off[_neighbours()].mean(1), np.float32)
        limit = _TOLERANCE + _RESTLESS * self._restless + _YOUNG / self._count
        return Comparison(
            off,
            strange=float((off > limit).mean()),
            likeness=_correlation(self._brightness[upper:], look.brightness[upper:]),
        )

    def learn(self, look: Look, comparison: Comparison) -> None:
        """Take in a look at the bare face, compared before."""
        self._count += 1
        pace = np.float32(max(_PACE, 1 / self._count))
        self._restless += pace * (comparison.off - self._restless)
        self._brightness += pace * (look.brightness - self._brightness)
        self._colour += pace * (look.colour - self._colour)


def _correlation(one: _Floats, other: _Floats) -> float:
    one, other = one - one.mean(), other - other.mean()
    power = float(one @ one) * float(other @ other)
    return float(one @ other) / max(math.sqrt(power), 1e-9)


def _unlit(change: _Floats) -> _Floats:
    """A change of brightness less what light that varies evenly over the face explains."""
    basis = _light_basis()
    weights = np.ones(len(change), np.float32)
    held = np.diag([0.0, _STEADY, _STEADY]).astype(np.float32)
    rest = change
    for _ in range(_ROUNDS):
        weighted = basis * weights[:, None]
        light = np.linalg.solve(weighted.T @ basis + held, weighted.T @ change)
        rest = change - basis @ light
        weights = 1 / (1 + np.square(rest / _OUTLIER))
        weights[: len(upper_points())] *= 2
    return np.asarray(rest, np.float32)


@cache
def lower_points() -> NDArray[np.intp]:
    """Skin and outer lips of the lower face; not its outline, where the background moves."""
    head = canonical_head().points
    low = (head[:, 1] > 0.03) & (head[:, 1] < 0.75) & (np.abs(head[:, 0]) < 0.42)
    inside = np.concatenate([INNER_RING, INNER_MIDDLE_RING, FACE_OVAL])
    return np.setdiff1d(np.flatnonzero(low), inside)


@cache
def upper_points() -> NDArray[np.intp]:
    """Nose and cheeks below the eyes: what a hand on the mouth leaves free."""
    head = canonical_head().points
    high = (head[:, 1] > -0.32) & (head[:, 1] < -0.08) & (np.abs(head[:, 0]) < 0.36)
    return np.setdiff1d(np.flatnonzero(high), FACE_OVAL)


@cache
def sampled_points() -> NDArray[np.intp]:
    """The upper points, then the lower ones."""
    return np.concatenate([upper_points(), lower_points()])


@cache
def _neighbours() -> NDArray[np.intp]:
    """The places next to each lower point, itself among them, shape (n, 5)."""
    head = canonical_head().points[lower_points(), :2]
    apart = np.linalg.norm(head[:, None] - head[None], axis=2)
    return np.argsort(apart, axis=1)[:, :_NEIGHBOURS]


@cache
def _light_basis() -> _Floats:
    head = canonical_head().points[sampled_points()]
    return np.column_stack([np.ones(len(head)), head[:, 0], head[:, 1]]).astype(np.float32)
