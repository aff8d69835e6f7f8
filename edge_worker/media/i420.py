"""Decoded pictures as I420 planes: even dimensions, limited range, BT.601."""

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from edge_worker.items import Planes

_FULL_RANGE_FORMATS = frozenset({"yuvj420p", "yuvj422p", "yuvj444p", "yuvj440p", "yuvj411p"})
_UNSPECIFIED = 2
# Matrix coefficients of ITU-T H.273, 8.3, other than BT.601's own (5 and 6).
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
_HD_WIDTH, _HD_HEIGHT = 1280, 576
"""From this width, or above this height, a picture that does not say so is BT.709, as players
and cameras have it."""


def planes_of(frame: av.VideoFrame, size: tuple[int, int] | None = None) -> Planes:
    """Copy a decoded frame into one array; odd sizes lose their last row or column.

    Args:
        frame: of any pixel format, bit depth, range and matrix.
        size: (width, height), even, to scale it to; its own without.

    Returns:
        I420, shape (height * 3 // 2, width), height and width even.

    Raises:
        ValueError: the picture is smaller than 2x2.
    """
    width, height = size or (frame.width & ~1, frame.height & ~1)
    if not width or not height:
        raise ValueError(f"a picture of {frame.width}x{frame.height} has no I420 form")
    matrix = _matrix_of(frame)
    frame = _as_limited_yuv420(frame, size or (frame.width, frame.height))
    if matrix != Colorspace.ITU601:
        frame = _as_bt601(frame, matrix)
    planes = np.empty(width * height * 3 // 2, np.uint8)
    sizes = ((width, height), (width // 2, height // 2), (width // 2, height // 2))
    position = 0
    for plane, (columns, rows) in zip(frame.planes, sizes, strict=True):
        source = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        target = planes[position : position + rows * columns].reshape(rows, columns)
        target[:] = source[:rows, :columns]
        position += rows * columns
    return planes.reshape(height * 3 // 2, width)


def _matrix_of(frame: av.VideoFrame) -> Colorspace:
    """How its colours were turned into luma and chroma."""
    if not frame.format.name.startswith("yuv") or frame.format.name.startswith("yuyv"):
        return Colorspace.ITU601  # what webcams send raw, and what RGB is turned into
    if frame.colorspace == _UNSPECIFIED:
        hd = frame.width >= _HD_WIDTH or frame.height > _HD_HEIGHT
        return Colorspace.ITU709 if hd else Colorspace.ITU601
    return _MATRICES.get(frame.colorspace, Colorspace.ITU601)


def _as_limited_yuv420(frame: av.VideoFrame, size: tuple[int, int]) -> av.VideoFrame:
    """Size, pixel format and range; the matrix stays."""
    full_range = frame.format.name in _FULL_RANGE_FORMATS or frame.color_range == ColorRange.JPEG
    same_size = (frame.width, frame.height) == size
    if frame.format.name == "yuv420p" and not full_range and same_size:
        return frame
    return frame.reformat(
        *size,
        format="yuv420p",
        src_color_range=ColorRange.JPEG if full_range else ColorRange.MPEG,
        dst_color_range=ColorRange.MPEG,
        src_colorspace=Colorspace.ITU601,
        dst_colorspace=Colorspace.ITU601,
        interpolation=Interpolation.AREA,
        threads=1,
    )


def _as_bt601(frame: av.VideoFrame, matrix: Colorspace) -> av.VideoFrame:
    """A step of its own: together with scaling it costs more than after it."""
    return frame.reformat(
        format="yuv420p",
        src_color_range=ColorRange.MPEG,
        dst_color_range=ColorRange.MPEG,
        src_colorspace=matrix,
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
