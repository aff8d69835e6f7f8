"""Colours of what cameras and encoders send, by their values: one green patch, many codings."""

from pathlib import Path

import numpy as np
import pytest

from edge_worker.media.decode import VideoDecoder
from edge_worker.media.mpegts import Demuxer
from tests.unit.media.clips import ffmpeg_clip

GREEN = "0x28C83C"
BT601_LIMITED = (133, 90, 68)
"""Y, Cb, Cr of that green: ITU-R BT.601, 16-235 and 16-240."""

SD, HD = "320x240", "1280x720"
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "4")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:qp=4")


def seen(path: Path, size: str, conversion: str, *codec: str) -> tuple[int, ...]:
    """Mean Y, Cb and Cr of the patch after ffmpeg coded and we decoded it."""
    source = f"color={GREEN}:s={size}:r=5,format=rgb24,scale={conversion}"
    data = ffmpeg_clip(path, "-f", "lavfi", "-i", source, "-t", "0.4", *codec, "-bf", "0")
    demuxer = Demuxer()
    units = demuxer.feed(data) + demuxer.flush()
    decoder = VideoDecoder("hevc" if "libx265" in codec else "h264", "e")
    frames = [frame for unit in units for frame in decoder.decode(unit)] + decoder.flush()
    planes, height = frames[0].planes, frames[0].height
    luma, chroma = planes[:height], planes[height:].reshape(2, -1)
    return tuple(round(float(part.mean())) for part in (luma, chroma[0], chroma[1]))


@pytest.mark.parametrize(
    ("size", "conversion", "codec"),
    [
        pytest.param(SD, "out_color_matrix=bt601,format=yuv420p", X264, id="sd-untagged"),
        pytest.param(HD, "out_color_matrix=bt709,format=yuv420p", X264, id="hd-untagged"),
        pytest.param(
            SD,
            "out_color_matrix=bt709,format=yuv420p",
            (*X264, "-colorspace", "bt709"),
            id="sd-tagged-bt709",
        ),
        pytest.param(
            HD,
            "out_color_matrix=bt601,format=yuv420p",
            (*X264, "-colorspace", "smpte170m"),
            id="hd-tagged-bt601",
        ),
        pytest.param(
            SD,
            "out_color_matrix=bt601:out_range=pc,format=yuvj420p",
            (*X264, "-color_range", "pc"),
            id="full-range",
        ),
        pytest.param(
            HD,
            "out_color_matrix=bt709:out_range=pc,format=yuvj420p",
            (*X264, "-color_range", "pc", "-colorspace", "bt709"),
            id="hd-full-range-bt709",
        ),
        pytest.param(SD, "out_color_matrix=bt601,format=yuv422p", X264, id="4-2-2"),
        pytest.param(SD, "out_color_matrix=bt601,format=yuv420p10le", X265, id="h265-10-bit"),
        pytest.param(
            HD,
            "out_color_matrix=bt2020,format=yuv420p10le",
            (*X265, "-colorspace", "bt2020nc"),
            id="h265-10-bit-bt2020",
        ),
        pytest.param(
            "1920x1080", "out_color_matrix=bt709,format=yuv420p", X264, id="1080p-untagged-scaled"
        ),
    ],
)
def test_colour_when_coded_in_any_way_then_it_is_the_same_bt601_green(
    size: str, conversion: str, codec: tuple[str, ...], tmp_path: Path
) -> None:
    assert seen(tmp_path / "a.ts", size, conversion, *codec) == pytest.approx(BT601_LIMITED, abs=2)


def test_colour_when_bt709_is_taken_for_bt601_then_the_values_tell(tmp_path: Path) -> None:
    """The other way round: these tests would notice."""
    wrong = seen(tmp_path / "a.ts", SD, "out_color_matrix=bt709,format=yuv420p", *X264)
    assert np.abs(np.subtract(wrong, BT601_LIMITED)).max() > 5
