"""Where decoding can begin, in streams of our own and of others."""

import subprocess

import pytest

from edge_worker.media.mpegts import Demuxer
from edge_worker.media.mpegts.random_access import holds_keyframe
from tests.broker.worker.doors import SAMPLE


def muxed(codec: str, *more: str) -> bytes:
    """Three seconds of the sample as ffmpeg writes them, a keyframe each second."""
    tracks = ("-c:v", codec, "-preset", "ultrafast", "-g", "25", "-s", "160x120", "-c:a", "aac")
    command = ["ffmpeg", "-v", "error", "-t", "3", "-i", str(SAMPLE), *tracks, *more]
    command += ["-f", "mpegts", "-"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_keyframe_when_ffmpeg_wrote_the_stream_then_it_is_found_where_the_demuxer_finds_one(
    codec: str,
) -> None:
    stream, demuxer = muxed(codec), Demuxer()
    expected = sum(unit.kind == "video" and unit.key for unit in demuxer.feed(stream))
    pieces = [stream[at : at + 188 * 20] for at in range(0, len(stream), 188 * 20)]
    assert sum(map(holds_keyframe, pieces)) == expected == 3


def test_keyframe_when_there_is_only_sound_then_there_is_none() -> None:
    assert not holds_keyframe(muxed("libx264", "-vn"))


def test_keyframe_when_a_message_begins_within_a_packet_then_it_is_found() -> None:
    stream = muxed("libx264")
    assert holds_keyframe(stream[100:])
    assert holds_keyframe(b"\x47" + stream)
