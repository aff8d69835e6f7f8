"""Pictures larger than what is worked on, and streams that are hard to begin."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import count
from pathlib import Path

import pytest

from edge_worker.items import VideoFrame
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.decode import VideoDecoder
from edge_worker.media.mpegts import Demuxer
from tests.unit.media.clips import ffmpeg_clip


@cache
def units_of(folder: Path, size: str, *codec: str, seconds: float = 0.5) -> list[AccessUnit]:
    source = ("-f", "lavfi", "-i", f"testsrc2=s={size}:r=10", "-t", str(seconds))
    demuxer = Demuxer()
    data = ffmpeg_clip(folder / "clip.ts", *source, *codec)
    return demuxer.feed(data) + demuxer.flush()


def decode(decoder: VideoDecoder, units: list[AccessUnit]) -> list[VideoFrame]:
    return [frame for unit in units for frame in decoder.decode(unit)] + decoder.flush()


X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "0")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")


@pytest.mark.parametrize(
    ("size", "codec", "expected"),
    [
        ("3840x2160", X264, (1280, 720)),
        ("3840x2160", X265, (1280, 720)),
        ("1080x1440", X264, (720, 960)),
        ("1280x720", X264, (1280, 720)),
    ],
)
def test_decode_when_pictures_are_larger_than_what_is_worked_on_then_they_come_out_scaled(
    size: str, codec: tuple[str, ...], expected: tuple[int, int], tmp_path: Path
) -> None:
    decoder = VideoDecoder("hevc" if codec is X265 else "h264", "e")
    frames = decode(decoder, units_of(tmp_path, size, *codec))
    assert {(frame.width, frame.height) for frame in frames} == {expected}
    assert "{}x{}".format(*decoder.source_size or ()) == size


def test_decode_when_interlaced_then_every_frame_comes_out(tmp_path: Path) -> None:
    fields = ("-c:v", "libx264", "-flags", "+ilme+ildct", "-x264opts", "tff=1", "-bf", "2")
    frames = decode(VideoDecoder("h264", "e"), units_of(tmp_path, "704x576", *fields, seconds=1))
    assert len(frames) == 10
    assert not any(frame.degraded for frame in frames)


@pytest.mark.parametrize(("cost_ms", "shown"), [(10, 50), (150, 22 + 2)])
def test_decode_when_large_pictures_cost_too_much_then_only_keyframes_are_decoded(
    cost_ms: int, shown: int, tmp_path: Path
) -> None:
    ticking: Iterator[int] = count(step=cost_ms * 1_000_000)
    units = units_of(tmp_path, "1920x1080", *X264, "-g", "10", seconds=5)
    decoder = VideoDecoder("h264", "e", cpu_ns=lambda: next(ticking))
    frames = decode(decoder, units)
    assert decoder.keyframes_only is (cost_ms > 80)
    assert len(frames) == pytest.approx(shown, abs=1)
    assert decoder.counters.left_out == len(units) - len(frames)


def test_decode_when_pictures_are_small_then_their_cost_leaves_none_out(tmp_path: Path) -> None:
    ticking: Iterator[int] = count(step=200_000_000)
    units = units_of(tmp_path, "320x240", *X264, seconds=5)
    frames = decode(VideoDecoder("h264", "e", cpu_ns=lambda: next(ticking)), units)
    assert len(frames) == 50


def test_decode_when_a_sender_refreshes_without_keyframes_then_pictures_come_after_a_while(
    tmp_path: Path,
) -> None:
    refreshing = ("-x264-params", "intra-refresh=1:keyint=10")
    units = units_of(tmp_path, "160x120", *X264, *refreshing, seconds=50)
    without_keys = [replace(unit, key=False) for unit in units[5:]]
    decoder = VideoDecoder("h264", "e")
    frames = decode(decoder, without_keys)
    assert decoder.counters.skipped == 450
    assert 0 < len(frames) <= len(without_keys) - 450
    assert all(frame.degraded for frame in frames)
