"""A sheet to look at: one face a row, one mouth shape a column."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from engines.face import FaceMesh, Picture
from engines.face.head import inter_ocular_px
from engines.face.topology import MOUTH_LEFT, MOUTH_RIGHT
from engines.lipsync import LipCue, LipSession, MouthShape
from engines.lipsync.visemes import ARTICULATIONS, Viseme

_VISEMES: Final = {
    "rest": Viseme.REST,
    "P B M": Viseme.CLOSED,
    "F V": Viseme.LIP_TEETH,
    "EE": Viseme.SPREAD,
    "EH": Viseme.MID,
    "AH": Viseme.OPEN,
    "OH": Viseme.ROUND_OPEN,
    "OO": Viseme.ROUND,
    "S": Viseme.HISS,
    "TH": Viseme.TONGUE_TEETH,
    "L": Viseme.L,
}
_SIDE: Final = 128
_REACH: Final = 1.3  # IOD, the side of a cell
_LOWER: Final = 0.04  # IOD, a cell's middle below that of the mouth
_PAPER: Final = (250, 250, 250)
_INK: Final = (30, 30, 30)


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Somebody to be drawn, and what was learned of them."""

    name: str
    picture: Picture
    mesh: FaceMesh
    session: LipSession


def write_sheet(path: Path, faces: Sequence[Face]) -> None:
    """Write a PNG: the untouched mouth, then every viseme.

    Raises:
        ValueError: nobody to be drawn.
    """
    if not faces:
        raise ValueError("no face for the sheet")
    cv2.imwrite(str(path), np.vstack([_row(face) for face in faces]))


def with_mouth(face: Face, shape: MouthShape) -> Picture:
    """The whole picture with the mouth in ``shape``."""
    patch = face.session.render(face.picture, face.mesh, LipCue(shape, 1.0))
    if patch is None:
        return face.picture
    drawn = face.picture.copy()
    height, width = patch.picture.shape[:2]
    drawn[patch.y : patch.y + height, patch.x : patch.x + width] = patch.picture
    return drawn


def _row(face: Face) -> Picture:
    cells = [_cell(face, face.picture, face.name)]
    for name, viseme in _VISEMES.items():
        cells.append(_cell(face, with_mouth(face, ARTICULATIONS[viseme].shape), name))
    return np.hstack(cells)


def _cell(face: Face, picture: Picture, label: str) -> Picture:
    iod = inter_ocular_px(face.mesh.points)
    x, y = face.mesh.points[[MOUTH_RIGHT, MOUTH_LEFT], :2].mean(0)
    scale, half = _SIDE / (_REACH * iod), _SIDE / 2
    place = np.array([[scale, 0, half - scale * x], [0, scale, half - scale * (y + _LOWER * iod)]])
    shown = cv2.warpAffine(
        picture, place, (_SIDE, _SIDE), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    cell = np.asarray(shown, np.uint8)
    for ink, width in ((_PAPER, 3), (_INK, 1)):
        cv2.putText(cell, label, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, ink, width, cv2.LINE_AA)
    return cell
