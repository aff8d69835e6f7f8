"""Recordings of an upright telephone: stored lying, with a note to turn them.

Transport streams have no such note, so the pictures themselves are turned.
"""

import av
import numpy as np
from av.error import FFmpegError

from edge_worker.camera.source import Source, SourceKind
from edge_worker.items import Planes


def quarter_turns(source: Source) -> int:
    """Clockwise quarter turns, 0-3, that a recording's pictures need; live ones need none."""
    if source.kind is not SourceKind.FILE or source.video is None:
        return 0
    try:
        with av.open(source.address.text) as recording:
            first = next(recording.decode(video=0))
    except (FFmpegError, StopIteration):
        return 0
    return round(-first.rotation / 90) % 4  # FFmpeg counts counterclockwise


def turned(planes: Planes, turns: int) -> Planes:
    """The picture (I420, shape (height * 3 // 2, width)) after clockwise quarter turns."""
    if not turns:
        return planes
    width = planes.shape[1]
    height = planes.shape[0] * 2 // 3
    luma = planes.reshape(-1)[: width * height].reshape(height, width)
    chroma = planes.reshape(-1)[width * height :].reshape(2, height // 2, width // 2)
    parts = [np.rot90(part, -turns).reshape(-1) for part in (luma, *chroma)]
    across = height if turns % 2 else width
    return np.concatenate(parts).reshape(-1, across)
