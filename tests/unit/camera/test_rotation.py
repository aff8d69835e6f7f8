"""Recordings of an upright telephone."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_worker.camera.rotation import turned
from edge_worker.camera.source import SourceAddress, open_source
from edge_worker.camera.tracks import Tracks
from edge_worker.media.decode import VideoDecoder


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_picture_when_turned_then_every_plane_turns_clockwise(turns: int) -> None:
    planes = np.arange(6 * 12, dtype=np.uint8).reshape(12, 6)  # 6 wide, 8 high
    height, width = (6, 8) if turns % 2 else (8, 6)
    result = turned(planes, turns)
    assert result.shape == (height * 3 // 2, width)
    luma = planes[:8]
    assert (result.reshape(-1)[: 6 * 8].reshape(height, width) == np.rot90(luma, -turns)).all()
    blue = planes.reshape(-1)[48:60].reshape(4, 3)
    found = result.reshape(-1)[48:60].reshape(height // 2, width // 2)
    assert (found == np.rot90(blue, -turns)).all()


def test_recording_when_its_note_says_turn_then_the_pictures_come_upright(tmp_path: Path) -> None:
    lying, noted = tmp_path / "lying.mp4", tmp_path / "noted.mp4"
    picture = "color=black:size=320x240:rate=10:duration=0.5,drawbox=w=160:h=240:color=white:t=fill"
    quiet = ["ffmpeg", "-y", "-loglevel", "error"]
    subprocess.run([*quiet, "-f", "lavfi", "-i", picture, str(lying)], check=True, timeout=60)
    turning = ["-c", "copy", "-metadata:s:v:0", "rotate=90"]
    subprocess.run([*quiet, "-i", str(lying), *turning, str(noted)], check=True, timeout=60)
    source = open_source(SourceAddress(str(noted)))
    tracks = Tracks(source)
    decoder = VideoDecoder("h264", "")
    frame = next(f for unit in tracks.units() for f in decoder.decode(unit))
    source.close()
    shown = subprocess.run(
        [*quiet, "-i", str(noted), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
        check=True, capture_output=True, timeout=60,
    ).stdout  # fmt: skip
    assert (frame.width, frame.height) == (240, 320)
    by_ffmpeg = np.frombuffer(shown, np.uint8).reshape(320, 240)
    assert ((by_ffmpeg > 128) == (frame.planes[:320] > 128)).mean() > 0.98
