"""Sources: what is in them, and how two devices become one."""

import subprocess
from pathlib import Path

import pytest

from edge_worker.camera.source import SourceAddress, SourceError, open_source


def _made(path: Path, *what: str) -> Path:
    command = ["ffmpeg", "-y", "-loglevel", "error", "-f", "lavfi", *what, str(path)]
    subprocess.run(command, check=True, timeout=60)
    return path


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return _made(tmp_path / "v.mp4", "-i", "testsrc=size=64x48:rate=25:duration=30")


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return _made(tmp_path / "a.m4a", "-i", "sine=duration=30")


def test_file_when_its_only_picture_is_a_cover_then_it_counts_as_sound(
    tmp_path: Path, sound: Path
) -> None:
    cover = _made(tmp_path / "cover.png", "-i", "testsrc=size=64x48", "-frames:v", "1")
    song = tmp_path / "song.m4a"
    joined = ["-i", str(sound), "-i", str(cover), "-map", "0", "-map", "1", "-c", "copy"]
    attached = ["-disposition:v:0", "attached_pic"]
    command = ["ffmpeg", "-y", "-loglevel", "error", *joined, *attached, str(song)]
    subprocess.run(command, check=True, timeout=60)
    source = open_source(SourceAddress(str(song)))
    assert source.video is None
    assert source.audio is not None
    source.close()


def test_file_when_it_holds_neither_picture_nor_sound_then_that_is_said(tmp_path: Path) -> None:
    titles = tmp_path / "titles.srt"
    titles.write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    with pytest.raises(SourceError, match="neither a picture nor sound"):
        open_source(SourceAddress(str(titles)))


def test_microphone_when_there_is_no_camera_device_then_it_is_refused(picture: Path) -> None:
    with pytest.raises(SourceError, match="only with a video device"):
        open_source(SourceAddress(str(picture), "hw:0"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://u:secret@cam/1", "rtsp://cam/1"),
        ("rtsp://u:s@cret@cam:554/1", "rtsp://cam:554/1"),
        ("rtsp://u:sec/ret@cam/1", "rtsp://..."),
        ("rtsp://u:sec?ret@cam/1", "rtsp://..."),
        ("rtsp://u:1/secret@cam/1", "rtsp://..."),
        ("rtsp://cam/user=u&password=secret&channel=1", "rtsp://cam/user"),
        ("http://cam/video?user=u&pwd=secret", "http://cam/video"),
        ("http://cam?pwd=secret", "http://cam"),
        ("rtsp://[fe80::1]:554/main", "rtsp://[fe80::1]:554/main"),
        ("visitor=1@home.mp4", "visitor=1@home.mp4"),
        ("-", "standard input"),
    ],
)
def test_address_when_shown_then_no_part_of_a_password_is(text: str, shown: str) -> None:
    assert str(SourceAddress(text)) == shown
