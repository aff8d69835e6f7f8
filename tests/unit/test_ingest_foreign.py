"""What foreign senders publish: ffmpeg's own transport streams, without properties or info."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.mpegts import Muxer
from tests.unit.media.clips import SECOND_NS, ffmpeg_clip, own_units, segments_of
from tests.unit.test_ingest import Run

SOUND = ("-f", "lavfi", "-i", "sine=440:r=48000")
X264 = ("-c:v", "libx264", "-preset", "ultrafast")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none")
MESSAGE = 188 * 40


def film(size: str = "320x240", rate: str = "25") -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}", *SOUND)


def fed(data: bytes, run: Run | None = None) -> Run:
    """The bytes in messages cut anywhere."""
    run = run or Run()
    for at in range(0, len(data), MESSAGE):
        run.feed(data[at : at + MESSAGE])
    return run


@pytest.mark.parametrize(
    "codec",
    [
        pytest.param((*X264, "-bf", "3", "-g", "200"), id="h264-b-frames-gop-10-s"),
        pytest.param((*X265, "-bf", "4", "-g", "200"), id="h265-b-frames-gop-10-s"),
        pytest.param((*X265, "-pix_fmt", "yuv420p10le"), id="h265-10-bit"),
        pytest.param(("-c:v", "libx264", "-flags", "+ilme+ildct", "-bf", "2"), id="interlaced"),
    ],
)
def test_stream_when_ffmpeg_codes_it_in_any_way_then_every_picture_comes_in_order(
    codec: tuple[str, ...], tmp_path: Path
) -> None:
    data = ffmpeg_clip(tmp_path / "a.ts", *film(rate="20"), "-t", "3", *codec, "-c:a", "aac")
    run = fed(data).finish()
    assert len(run.frames) == 60
    assert {later - earlier for earlier, later in pairwise(run.stamps)} == {50_000_000}
    assert not any(frame.degraded for frame in run.frames)
    assert sum(len(block.samples) for block in run.blocks) >= 3 * 48_000
    assert run.notes == []


def test_stream_when_joined_in_the_middle_of_a_long_gop_then_sound_comes_at_once(
    tmp_path: Path,
) -> None:
    coding = (*X265, "-g", "100", "-bf", "2", "-c:a", "aac")
    data = ffmpeg_clip(tmp_path / "a.ts", *film(), "-t", "6", *coding)
    run = fed(data[len(data) // 4 // 188 * 188 :]).finish()
    assert run.blocks[0].pts_ns < run.frames[0].pts_ns - SECOND_NS
    first_key_ns = run.frames[0].pts_ns
    assert not any(frame.degraded for frame in run.frames if frame.pts_ns >= first_key_ns)
    assert len(run.frames) == pytest.approx(50, abs=2)


def test_stream_when_it_has_no_pcr_then_nothing_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    units = own_units(2.0)
    with_clock = [segment.data for segment in segments_of(units)]
    monkeypatch.setattr(Muxer, "_advance_clock", lambda *_: None)
    without = [segment.data for segment in segments_of(units)]
    run = Run()
    for data in without:
        run.feed(data)
    assert sum(map(len, without)) < sum(map(len, with_clock))
    assert len(run.finish().frames) == 50
    assert run.notes == []


@pytest.mark.parametrize("leap", [-3600, 3600, 20_000])
def test_stream_when_timestamps_leap_without_a_flag_then_a_new_epoch_begins(leap: int) -> None:
    units = own_units(3.0)
    moved = [replace(u, pts=u.pts + leap * 90_000, dts=u.dts + leap * 90_000) for u in units]
    run = Run()
    for segment in segments_of(units) + segments_of(moved):
        run.feed(segment.data)
    run.finish()
    epochs = list(dict.fromkeys(frame.epoch for frame in run.frames))
    assert len(epochs) == 2
    assert [sum(frame.epoch == epoch for frame in run.frames) for epoch in epochs] == [75, 75]
    assert run.notes.count("epoch") == 1


def _numbered(units: list[AccessUnit]) -> Run:
    muxer, run = Muxer(), Run()
    for unit in units:
        muxer.add(unit)
        run.feed(muxer.cut())
    return run.finish()


def test_pictures_when_their_timestamps_stand_still_then_sound_goes_on_and_it_is_said() -> None:
    units = own_units(2.0)
    first = units[0].pts
    stuck = [replace(u, pts=first, dts=first) if u.kind == "video" else u for u in units]
    run = _numbered(stuck)
    assert len(run.frames) == 1
    assert len(run.blocks) == len(_numbered(units).blocks)
    assert run.notes == ["timestamps"]


def test_pictures_when_4k_comes_straight_from_a_camera_then_it_is_scaled_and_said_once(
    tmp_path: Path,
) -> None:
    source = film("3840x2160", "10")
    data = ffmpeg_clip(tmp_path / "a.ts", *source, "-t", "1", *X264, "-b:v", "4M", "-c:a", "aac")
    run = Run()
    notes = []
    for at in range(0, len(data), MESSAGE * 20):
        notes += run.feed(data[at : at + MESSAGE * 20]).notes
    run.finish()
    assert {(frame.width, frame.height) for frame in run.frames} == {(1280, 720)}
    assert len(run.frames) == 10
    (note,) = notes
    assert note.kind == "scaled"
    assert "3840x2160 are scaled to 1280x720; a sub-stream" in note.text


def test_pictures_when_upright_then_they_keep_their_proportion(tmp_path: Path) -> None:
    data = ffmpeg_clip(tmp_path / "a.ts", *film("1080x1440", "10"), "-t", "0.5", *X264)
    run = fed(data).finish()
    assert {(frame.width, frame.height) for frame in run.frames} == {(720, 960)}


def test_pictures_when_too_large_to_take_then_the_limit_is_said(tmp_path: Path) -> None:
    data = ffmpeg_clip(tmp_path / "a.ts", *film("5120x2880", "5"), "-t", "0.4", *X264)
    run = Run()
    notes = [
        note for at in range(0, len(data), 900_000) for note in run.feed(data[at:][:900_000]).notes
    ]
    assert run.frames == []
    assert notes[0].kind == "undecodable"
    assert "above 12.6 megapixels" in notes[0].text


@pytest.mark.parametrize(
    ("codec", "says"),
    [
        (("-c:a", "ac3"), "AC-3 sound (stream type 0x81)"),
        (("-c:a", "aac", "-mpegts_flags", "+latm"), "AAC in LATM (stream type 0x11)"),
    ],
)
def test_sound_when_its_coding_cannot_be_read_then_pictures_pass_and_it_is_said_by_name(
    codec: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    data = ffmpeg_clip(tmp_path / "a.ts", *film(), "-t", "1", *X264, *codec)
    run = Run()
    notes = [
        note for at in range(0, len(data), MESSAGE) for note in run.feed(data[at:][:MESSAGE]).notes
    ]
    run.finish()
    (note,) = notes
    assert says in note.text
    assert len(run.frames) == 25
    assert run.blocks == []


def test_clock_when_no_time_is_stated_then_arrivals_place_the_stream_on_utc(
    tmp_path: Path,
) -> None:
    data = ffmpeg_clip(tmp_path / "a.ts", *film(), "-t", "2", *X264, "-c:a", "aac")
    run = fed(data)
    assert run.ingest.clock.source == "arrival"
    steps = np.diff([run.ingest.clock.utc_of(stamp) for stamp in run.stamps])
    assert np.abs(steps - 40_000_000).max() < 1_000_000
