import itertools
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from edge_worker.items import VideoFrame
from edge_worker.media.access_unit import AccessUnit, VideoCodec
from edge_worker.media.decode import AudioDecoder, VideoDecoder
from edge_worker.media.i420 import frame_of, planes_of
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.timestamps import ticks_to_ns
from tests.unit.media.clips import ffmpeg_clip, own_units, picture

PICTURES = [unit for unit in own_units(3.0) if unit.kind == "video"]


def demuxed(data: bytes) -> list[AccessUnit]:
    demuxer = Demuxer()
    return demuxer.feed(data) + demuxer.flush()


def decode(decoder: VideoDecoder, units: list[AccessUnit]) -> list[VideoFrame]:
    return [frame for unit in units for frame in decoder.decode(unit)]


@pytest.mark.parametrize(
    ("codec", "encoder"),
    [("h264", ("libx264", "-bf", "3")), ("hevc", ("libx265", "-x265-params", "log-level=none"))],
)
def test_decode_when_b_frames_come_then_every_picture_is_in_order(
    codec: VideoCodec, encoder: tuple[str, ...], tmp_path: Path
) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25", "-t", "3", "-g", "50", "-c:v")
    units = demuxed(ffmpeg_clip(tmp_path / "b.ts", *source, *encoder))
    assert any(unit.pts != unit.dts for unit in units)
    decoder = VideoDecoder(codec, "e")
    frames = decode(decoder, units) + decoder.flush()
    assert [frame.pts_ns for frame in frames] == sorted(ticks_to_ns(unit.pts) for unit in units)
    assert len(frames) == 75
    assert decoder.counters.late == decoder.counters.failed == decoder.counters.degraded == 0


def test_decode_when_a_picture_comes_again_then_it_is_left_out() -> None:
    decoder = VideoDecoder("h264", "e")
    assert len(decode(decoder, [PICTURES[0], PICTURES[0], PICTURES[1]])) == 2
    assert decoder.counters.late == 1


def test_decode_when_there_are_no_b_frames_then_a_picture_comes_with_its_unit() -> None:
    decoder = VideoDecoder("h264", "e")
    for unit in PICTURES:
        (frame,) = decoder.decode(unit)
        assert (frame.pts_ns, frame.epoch) == (ticks_to_ns(unit.pts), "e")
        assert frame.planes.shape == (360, 320)
        assert not frame.degraded


def test_decode_when_the_stream_is_entered_between_keyframes_then_it_waits_for_one() -> None:
    decoder = VideoDecoder("h264", "e")
    frames = decode(decoder, PICTURES[5:])
    assert frames[0].pts_ns == ticks_to_ns(PICTURES[25].pts)
    assert decoder.counters.skipped == 20
    assert not any(frame.degraded for frame in frames)


def test_decode_when_a_picture_is_lost_then_those_until_the_keyframe_are_degraded() -> None:
    decoder = VideoDecoder("h264", "e")
    units = [*PICTURES[:5], replace(PICTURES[6], gap=True), *PICTURES[7:]]
    frames = decode(decoder, units)
    degraded = [frame.pts_ns for frame in frames if frame.degraded]
    assert degraded == [ticks_to_ns(unit.pts) for unit in PICTURES[6:25]]
    assert decoder.counters.degraded == 19


def test_decode_when_a_unit_is_rubbish_then_it_is_counted_and_the_next_keyframe_heals() -> None:
    decoder = VideoDecoder("h264", "e")
    rubbish = replace(PICTURES[3], data=b"\0\0\0\1\x67\xff\xff\xff" + bytes(range(200)))
    frames = decode(decoder, [*PICTURES[:3], rubbish, *PICTURES[4:]])
    assert decoder.counters.failed >= 1
    assert all(frame.degraded for frame in frames if frame.pts_ns in range(
        ticks_to_ns(PICTURES[4].pts), ticks_to_ns(PICTURES[25].pts)))  # fmt: skip
    assert not any(f.degraded for f in frames if f.pts_ns >= ticks_to_ns(PICTURES[25].pts))


def test_decode_when_the_picture_size_changes_then_frames_follow(tmp_path: Path) -> None:
    decoder = VideoDecoder("h264", "e")
    shapes = []
    for number, size in enumerate(("320x240", "640x360")):
        source = ("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25", "-t", "0.4")
        units = demuxed(ffmpeg_clip(tmp_path / "s.ts", *source, "-c:v", "libx264", "-bf", "0"))
        moved = [
            replace(u, pts=u.pts + number * 90_000, dts=u.dts + number * 90_000) for u in units
        ]
        shapes += [frame.planes.shape for frame in decode(decoder, moved)]
    assert shapes == [(360, 320)] * 10 + [(540, 640)] * 10


def test_decode_when_declared_pictures_are_huge_then_they_are_refused(tmp_path: Path) -> None:
    source = ("-f", "lavfi", "-i", "color=s=8192x4320:r=5", "-t", "0.2")
    options = ("-c:v", "libx264", "-preset", "ultrafast")
    units = demuxed(ffmpeg_clip(tmp_path / "huge.ts", *source, *options))
    decoder = VideoDecoder("h264", "e")
    assert decode(decoder, units) == []
    assert decoder.counters.failed == len(units)


@pytest.mark.parametrize("pixels", ["yuvj420p", "yuv422p", "yuv444p", "yuv420p10le", "gray"])
def test_planes_when_pixels_have_another_form_then_they_become_limited_i420(pixels: str) -> None:
    limited = picture(0)
    source = frame_of(limited)
    source.color_range = 1
    planes = planes_of(source.reformat(format=pixels, dst_color_range=2 if "j" in pixels else 1))
    assert planes.shape == limited.shape
    assert np.abs(planes.astype(int) - limited).mean() < 1.5


def test_planes_when_the_matrix_is_bt709_then_it_becomes_bt601() -> None:
    rgb = np.full((240, 320, 3), (40, 200, 60), np.uint8)
    source = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    expected = planes_of(source.reformat(format="yuv420p", dst_colorspace="ITU601"))
    hd = source.reformat(format="yuv420p", dst_colorspace="ITU709")
    hd.colorspace = 1
    assert np.abs(planes_of(hd).astype(int) - expected).max() <= 2


def test_planes_when_dimensions_are_odd_then_the_last_row_and_column_go() -> None:
    source = av.VideoFrame(35, 27, "yuv420p")
    for plane, value in zip(source.planes, (50, 100, 150), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    planes = planes_of(source)
    assert planes.shape == (39, 34)
    assert set(planes[:26].ravel()) == {50}
    assert set(planes[26:].ravel()) == {100, 150}


def test_planes_when_there_is_nothing_left_then_the_error_says_the_size() -> None:
    with pytest.raises(ValueError, match="1x8 has no I420 form"):
        planes_of(av.VideoFrame(1, 8, "gray"))
    with pytest.raises(ValueError, match="I420 planes have shape"):
        frame_of(np.zeros((10, 10), np.uint8))


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_sound_when_decoded_then_blocks_touch_and_are_mono(
    rate: int, channels: int, tmp_path: Path
) -> None:
    source = ("-f", "lavfi", "-i", f"sine=300:r={rate}", "-t", "2", "-ac", str(channels))
    units = demuxed(ffmpeg_clip(tmp_path / "a.ts", *source, "-c:a", "aac", "-b:a", "48k"))
    decoder = AudioDecoder("aac", "e")
    blocks = [block for unit in units for block in decoder.decode(unit)]
    assert {block.sample_rate for block in blocks} == {rate}
    assert all(abs(a.end_ns - b.pts_ns) <= 1 for a, b in itertools.pairwise(blocks))
    assert blocks[0].pts_ns == ticks_to_ns(units[0].pts)
    sound = np.concatenate([block.samples for block in blocks])[rate // 2 : rate]
    assert 0.05 < float(np.sqrt(np.mean(sound**2))) < 0.15
    spectrum = np.abs(np.fft.rfft(sound))
    assert abs(int(np.argmax(spectrum)) * rate / len(sound) - 300) < 3


@pytest.mark.parametrize(
    ("codec", "options"),
    [("mp2", ("mp2",)), ("mp2", ("libmp3lame",)), ("opus", ("libopus",))],
)
def test_sound_when_it_is_of_another_codec_then_it_is_decoded(
    codec: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    source = ("-f", "lavfi", "-i", "sine=300:r=48000", "-t", "1", "-c:a", *options)
    units = demuxed(ffmpeg_clip(tmp_path / "a.ts", *source))
    decoder = AudioDecoder("opus" if codec == "opus" else "mp2", "e")
    blocks = [block for unit in units for block in decoder.decode(unit)]
    assert sum(len(block.samples) for block in blocks) >= 47_000
    assert max(float(np.abs(block.samples).max()) for block in blocks) < 0.3


def test_sound_when_timestamps_leap_then_the_block_takes_the_new_place() -> None:
    units = [unit for unit in own_units(1.0) if unit.kind == "audio"]
    decoder = AudioDecoder("aac", "e")
    decoder.decode(units[0])
    (block,) = decoder.decode(replace(units[5], pts=units[5].pts))
    assert block.pts_ns == ticks_to_ns(units[5].pts)


def test_sound_when_it_is_rubbish_then_it_is_counted() -> None:
    decoder = AudioDecoder("aac", "e")
    assert decoder.decode(AccessUnit("audio", "aac", 0, 0, bytes(range(100)))) == []
    assert decoder.counters.failed == 1
