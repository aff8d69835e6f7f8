"""Decoded pictures as I420 planes: even dimensions, limited range, BT.601."""

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from edge_worker.items import Planes

_BT709 = 1
_FULL_RANGE_FORMATS = frozenset({"yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p", "yuvj411p"})


def planes_of(frame: av.VideoFrame) -> Planes:
    """Copy a decoded frame into one array; odd sizes lose their last row or column.

    Returns:
        I420, shape (height * 3 // 2, width), height and width even.

    Raises:
        ValueError: the picture is smaller than 2x2.
    """
    width, height = frame.width & ~1, frame.height & ~1
    if not width or not height:
        raise ValueError(f"a picture of {frame.width}x{frame.height} has no I420 form")
    frame = _as_limited_yuv420(frame)
    planes = np.empty(width * height * 3 // 2, np.uint8)
    sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
    position = 0
    for plane, (columns, rows) in zip(frame.planes, sizes, strict=True):
        source = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        target = planes[position : position + rows * columns].reshape(rows, columns)
        target[:] = source[:rows, :columns]
        position += rows * columns
    return planes.reshape(height * 3 // 2, width)


def _as_limited_yuv420(frame: av.VideoFrame) -> av.VideoFrame:
    full_range = frame.format.name in _FULL_RANGE_FORMATS or frame.color_range == ColorRange.JPEG
    bt709 = frame.colorspace == _BT709
    if frame.format.name == "yuv420p" and not full_range and not bt709:
        return frame
    return frame.reformat(
        format="yuv420p",
        src_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
        dst_color_range=ColorRange.MPEG,
        src_colorspace=Colorspace.ITU709 if bt709 else Colorspace.ITU601,
        dst_colorspace=Colorspace.ITU601,
        threads=1,
    )


def frame_of(planes: Planes) -> av.VideoFrame:
    """An encoder's frame with a copy of the planes.

    Raises:
        ValueError: the array is not an I420 picture.
    """
    rows, width = planes.shape
    height = rows * 2 // 3
    if rows % 3 or width % 2 or height % 2:
        raise ValueError(
            f"I420 planes have shape (height * 3 // 2, width), even; got {planes.shape}"
        )
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(planes), format="yuv420p")
