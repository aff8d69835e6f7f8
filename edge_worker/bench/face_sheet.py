"""A sheet of stills of one condition: the picture, and the face before and after."""

from pathlib import Path
from typing import Final

import cv2
import numpy as np

from edge_worker.bench.face_play import Played
from edge_worker.bench.scenes import Scene
from edge_worker.items import VideoFrame
from edge_worker.rvp.gates import Gate
from edge_worker.rvp.picture import to_bgr
from edge_worker.rvp.tracker import FaceTrack, TrackedFrame
from engines.face import Picture

_HEIGHT: Final = 240
_WIDE: Final = 320
_GAP: Final = 6
_HEAD: Final = 26
_PAPER: Final = 250
_QUALITY: Final = 82
_REACH: Final = 1.25  # IOD; half the side of what is shown of a face


def write_sheet(path: Path, scene: Scene, played: Played) -> None:
    """Write a JPEG; one column for each still."""
    columns = [_column(tracked, shown) for tracked, shown in played.stills]
    if not columns:
        return
    gap = np.full((columns[0].shape[0], _GAP, 3), _PAPER, np.uint8)
    body = np.concatenate([part for column in columns for part in (column, gap)][:-1], 1)
    head = np.full((_HEAD, body.shape[1], 3), _PAPER, np.uint8)
    text = f"{scene.title}: as filmed, the face, the face as shown"
    cv2.putText(head, text, (4, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (40, 40, 40), 1, cv2.LINE_AA)
    sheet = np.concatenate([head, body], 0)
    cv2.imwrite(str(path), sheet, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])


def _column(tracked: TrackedFrame, shown: VideoFrame) -> Picture:
    source = to_bgr(tracked.frame.planes)
    face = tracked.faces[0] if tracked.faces else None
    gate = face.gate if face else Gate.NO_FACE
    parts = [
        _fitted(source, _WIDE, _HEIGHT),
        _fitted(_face(source, face), _WIDE, _HEIGHT),
        _fitted(_face(to_bgr(shown.planes), face), _WIDE, _HEIGHT),
    ]
    cv2.putText(
        parts[-1], gate.value, (6, _HEIGHT - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5,
        (60, 200, 60) if gate is Gate.OPEN else (60, 60, 230), 1, cv2.LINE_AA,
    )  # fmt: skip
    return np.concatenate(parts, 0)


def _face(picture: Picture, face: FaceTrack | None) -> Picture:
    if face is None:
        return picture
    x, y, _ = face.mesh.points.mean(0).tolist()
    reach = _REACH * face.iod_px
    height, width = picture.shape[:2]
    left, right = max(0, round(x - reach * _WIDE / _HEIGHT)), round(x + reach * _WIDE / _HEIGHT)
    top, bottom = max(0, round(y - reach)), round(y + reach)
    part = picture[top : min(height, bottom), left : min(width, right)]
    return part if part.size else picture


def _fitted(picture: Picture, width: int, height: int) -> Picture:
    """The picture as large as it fits, on paper."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    paper = np.full((height, width, 3), _PAPER, np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    paper[top : top + size[1], left : left + size[0]] = cv2.resize(
        picture, size, interpolation=method
    )
    return paper
