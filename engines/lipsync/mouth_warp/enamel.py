"""Finding teeth in the picture of an open mouth, and completing what the lips hid of them."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.lipsync.mouth_warp.light import Light
from engines.lipsync.mouth_warp.teeth import (
    ABOVE,
    DENSITY,
    HALF_WIDTH,
    LOWER_EDGE,
    Row,
    drawn_lower,
    drawn_upper,
)

_Floats = NDArray[np.float32]
_Mask = NDArray[np.bool_]

_NEAR_UPPER: Final = round(0.10 * DENSITY)
"""The upper row begins this close to its lip, gums between them; deeper inside is the tongue."""
_NEAR_LOWER: Final = round(0.03 * DENSITY)
_FRONT: Final = 0.07  # IOD on each side of the middle: the incisors
_FRONT_SEEN: Final = 0.7  # share of these columns
_LOWEST: Final = 0.020  # IOD, a visible upper row's height; a glint is less
_LOWEST_LOWER: Final = 0.016
_LINE_WITHIN: Final = (0.35, 0.85)  # of the teeth's height: where clenched rows may meet
_LINE: Final = 1.03  # how much brighter the teeth are on both sides of that line
_EDGE_WITHIN: Final = (0.014, 0.046)  # IOD, where people's upper incisors end
_SHORTEST: Final = 0.3  # of the typical height
_GAP: Final = round(0.03 * DENSITY)  # columns: dark lines between teeth break no row
_FRINGE: Final = round(0.012 * DENSITY)  # pixels at the lips, coloured by them
_DARK: Final = 0.6  # of the teeth's brightness: what lies above a lower row that shows
_JOIN: Final = round(0.03 * DENSITY)  # columns over which own teeth pass into drawn ones
_LOWER_DIM: Final = 0.62  # lower teeth stand in the upper ones' shadow
_LOWER_LEAST: Final = 0.55  # of the upper ones' brightness: darker is no enamel


def toothness(shade: _Floats, light: Light) -> _Floats:
    """0..1: bright and less coloured than the skin, as enamel is and lips and tongue are not.

    Args:
        shade: shape (h, w, 3), BGR, relative to the skin's brightness.
        light: of the same face; where it has no colour, brightness alone must tell.
    """
    blue, green, red = cv2.split(shade)
    brightest = cv2.max(cv2.max(blue, green), red)
    chroma = 1 - cv2.min(cv2.min(blue, green), red) / np.maximum(brightest, 1e-3)
    level = (blue + green + red) * np.float32(1 / 3)
    bright = (level - np.float32(0.85 - 0.30 * light.colour)) * np.float32(5)
    most = np.float32(0.86 * light.chroma + 0.04)
    pale = (most - chroma) * np.float32(1 / (0.12 * light.chroma + 0.03))
    return np.asarray(np.clip(bright, 0, 1) * np.clip(pale, 0, 1), dtype=np.float32)


def upper_row(tooth: _Floats, inside: _Floats, shade: _Floats) -> _Floats | None:
    """Where the upper teeth are, shape (h, w), 0..1; None where they do not show.

    They begin at the upper lip and end at the first gap, or at the line between clenched rows.
    """
    row = _from_lip(tooth * inside, inside, _NEAR_UPPER)
    if not _shows(row, _LOWEST):
        return None
    row = row * _above_lower_row(shade, row)
    return row if _shows(row, _LOWEST) else None


def lower_row(
    tooth: _Floats, inside: _Floats, shade: _Floats, upper: _Floats | None
) -> _Floats | None:
    """Where the lower teeth are, shape (h, w), 0..1; None where they do not show.

    They begin at the lower lip and end at the first gap above, or where the upper ones begin.
    """
    free = tooth * inside
    if upper is not None:
        last = _last(upper > 0.5)
        ends = np.where(last > 0, last, np.median(last[_front()]))
        free = free * (np.arange(len(free))[:, None] > ends[None, :])
    row = _from_lip(free[::-1], inside[::-1], _NEAR_LOWER)[::-1]
    if not _shows(row, _LOWEST_LOWER):
        return None
    level = float(np.median(shade[row > 0.5]))
    if upper is None:
        # Without the upper row for a witness, the mouth's dark must lie above.
        above = shade.mean(-1)[np.maximum((row > 0.5).argmax(axis=0) - _GAP, 0), _columns(row)]
        return row if float(np.median(above[_front()])) < _DARK * level else None
    return row if level > _LOWER_LEAST * float(np.median(shade[upper > 0.5])) else None


def completed_upper(shade: _Floats, row: _Floats) -> Row:
    """The upper row as seen; behind the lip it goes on, towards the cheeks it is drawn."""
    own, known = row > 0.5, _front_columns(row > 0.5)
    edges = _last(own) / DENSITY - ABOVE
    edge = float(np.median(edges[_middle_columns(known)]))
    hidden = np.arange(len(own))[:, None] < own.argmax(axis=0)[None, :]
    drawn = _continuing(drawn_upper(), _last(drawn_upper().cover > 0.5), edges, known)
    whole = _joined(_unfringed(shade, own), row, hidden, known, drawn)
    # Landmarks that strayed, or a lip that hid the edge, must not leave a mouth without teeth.
    return whole.moved(min(max(edge, _EDGE_WITHIN[0]), _EDGE_WITHIN[1]) - edge)


def completed_lower(shade: _Floats, row: _Floats) -> Row:
    """The lower row as seen, its edges where they lie with the jaw closed."""
    own, known = row > 0.5, _front_columns(row > 0.5)
    edges = own.argmax(axis=0) / DENSITY - ABOVE
    edge = float(np.median(edges[_middle_columns(known)]))
    hidden = np.arange(len(own))[:, None] > _last(own)[None, :]
    drawn = _continuing(drawn_lower(), (drawn_lower().cover > 0.5).argmax(axis=0), edges, known)
    return _joined(_unfringed(shade, own), row, hidden, known, drawn).moved(LOWER_EDGE - edge)


def lower_like(shade: _Floats, upper: _Floats) -> Row:
    """A drawn lower row in the colour of the upper one."""
    colour = np.median(shade[upper > 0.5], axis=0)
    return drawn_lower().tinted(_LOWER_DIM * colour)


def drawn_rows(enamel: _Floats, *, rise: float) -> tuple[Row, Row]:
    """Average rows in the colour ``enamel``, the upper one ``rise`` IOD higher than usual."""
    upper = drawn_upper().moved(-rise) if rise else drawn_upper()
    return upper.tinted(enamel), drawn_lower().tinted(_LOWER_DIM * enamel)


def size_of(row: _Floats) -> float:
    """Visible teeth in square IOD."""
    return float((row > 0.5).sum()) / DENSITY**2


def detail_of(shade: _Floats, row: _Floats) -> float:
    """How sharp the teeth are: motion blur makes a poor donor."""
    edges = np.abs(cv2.Laplacian(shade.mean(-1), cv2.CV_32F))
    return 0.02 + float(edges[row > 0.5].mean())


def _from_lip(tooth: _Floats, inside: _Floats, reach: int) -> _Floats:
    """Each column's teeth from the aperture's first pixel on, down to the first gap."""
    begun = np.maximum.accumulate(tooth > 0.5, axis=0)
    gap = np.maximum.accumulate(begun & (tooth < 0.25), axis=0)
    lip, first = (inside > 0.5).argmax(axis=0), begun.argmax(axis=0)
    near = (first - lip <= reach) & begun.any(axis=0)
    row = (tooth * ~gap * near[None, :]).astype(np.float32)
    # Dark lines between teeth are part of the row.
    return np.asarray(cv2.morphologyEx(row, cv2.MORPH_CLOSE, np.ones((1, _GAP))), np.float32)


def _front() -> slice:
    middle, half = round(HALF_WIDTH * DENSITY), round(_FRONT * DENSITY)
    return slice(middle - half, middle + half + 1)


def _shows(row: _Floats, lowest: float) -> bool:
    """True if the incisors are there, not just a glint."""
    heights = (row[:, _front()] > 0.5).sum(axis=0) / DENSITY
    return bool((heights >= lowest).mean() >= _FRONT_SEEN)


def _above_lower_row(shade: _Floats, row: _Floats) -> _Mask:
    """Rows of pixels above the dark line between clenched teeth, if there is one."""
    keep: _Mask = np.ones((len(row), 1), bool)
    front = row[:, _front()]
    weight = front.sum(axis=1)
    seen = np.flatnonzero(weight > 0.3 * weight.max())
    level = (shade.mean(-1)[:, _front()] * front).sum(axis=1) / np.maximum(weight, 1e-3)
    level = level[seen]
    high, low = (round(share * len(seen)) for share in _LINE_WITHIN)
    if low - high < 1:
        return keep
    line = high + int(level[high:low].argmin())
    if level[line:].max() > _LINE * level[line] and level[:line].max() > _LINE * level[line]:
        keep[seen[line] :] = False
    return keep


def _last(own: _Mask) -> NDArray[np.intp]:
    """The last pixel of each column; 0 where it has none."""
    backwards = own[::-1].argmax(axis=0)
    return np.where(own.any(axis=0), len(own) - 1 - backwards, 0)


def _front_columns(own: _Mask) -> _Mask:
    """The unbroken run of well-seen columns at the middle: glints in the corners are no teeth."""
    heights = own.sum(axis=0)
    seen = _closed(heights > _SHORTEST * np.median(heights[heights > 0]))
    middle = int(np.median(np.flatnonzero(seen)))
    breaks = np.flatnonzero(~seen)
    places = np.arange(len(seen))
    left = int(breaks[breaks < middle].max(initial=-1))
    right = int(breaks[breaks > middle].min(initial=len(seen)))
    return np.asarray((places > left) & (places < right) & seen)


def _middle_columns(known: _Mask) -> _Mask:
    front = np.zeros_like(known)
    front[_front()] = True
    both = known & front
    return both if both.any() else known


def _continuing(
    drawn: Row, drawn_edge: NDArray[np.intp], edges: NDArray[np.floating], known: _Mask
) -> Row:
    """The drawn row, its edge going on from where the own one's ends on each side."""
    places = np.flatnonzero(known)
    ends = [places[:_JOIN], places[-_JOIN:]]
    shifts = [float(np.median(edges[end] - (drawn_edge[end] / DENSITY - ABOVE))) for end in ends]
    across = np.interp(np.arange(len(known)), [end.mean() for end in ends], shifts)
    return drawn.moved(across.astype(np.float32))


def _closed(seen: _Mask) -> _Mask:
    """Without the narrow breaks."""
    kernel = np.ones((1, _GAP), np.uint8)
    whole = cv2.morphologyEx(seen[None].astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    return np.asarray(whole[0] > 0)


def _columns(row: _Floats) -> NDArray[np.intp]:
    return np.arange(row.shape[1])


def _unfringed(shade: _Floats, own: _Mask) -> _Floats:
    """Beyond its ends each column goes on in the colour it has a little inside them."""
    top, bottom = own.argmax(axis=0) + 3 * _FRINGE // 2, _last(own) - _FRINGE
    middle = (top + bottom) // 2
    top, bottom = np.minimum(top, middle), np.maximum(bottom, middle)
    rows = np.clip(np.arange(len(own))[:, None], top[None, :], bottom[None, :])
    level = np.take_along_axis(shade, rows[..., None], axis=0)
    inside = (np.arange(len(own))[:, None] == rows)[..., None]
    smooth = cv2.GaussianBlur(level, (0, 0), sigmaX=1.5, sigmaY=0.5)
    return np.where(inside, shade, smooth).astype(np.float32)


def _joined(shade: _Floats, row: _Floats, hidden: _Mask, known: _Mask, drawn: Row) -> Row:
    """Own teeth in the middle, drawn ones of their colour beside them."""
    share = known.astype(np.float32)
    inner = cv2.erode(share[None], np.ones((1, _JOIN + 1), np.uint8), borderValue=0)
    share = cv2.blur(inner, (_JOIN, 1))[0][None, :]
    behind = np.where(hidden & known[None, :], np.float32(1), row)
    cover = cv2.GaussianBlur(behind, (0, 0), 1.0)
    border = (share[0] > 0.05) & (share[0] < 0.95)
    both = (row > 0.5) & (drawn.cover > 0.5) & border[None, :]
    if both.any():
        beside = np.median(shade[both], 0) / np.median(drawn.shade[both], 0)
    else:
        beside = np.median(shade[row > 0.5], 0)
    sides = drawn.tinted(np.minimum(beside, 1.3))
    weight = share[..., None]
    return Row.of(
        sides.shade + weight * (shade - sides.shade),
        sides.cover + share * (cover - sides.cover),
    )
