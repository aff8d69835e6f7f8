import re
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_worker.media.access_unit import AccessUnit, Codec
from edge_worker.media.nal import AI_MARK, add_sei, is_keyframe, nal_units, read_sei, with_delimiter
from tests.unit.media.clips import own_units

KEYFRAME = next(unit for unit in own_units(0.1) if unit.kind == "video")


@given(st.text(max_size=600))
@settings(deadline=None)
def test_add_sei_when_any_text_is_written_then_it_is_read_back(text: str) -> None:
    marked = add_sei(KEYFRAME, text)
    assert read_sei(marked) == text
    assert read_sei(marked, UUID(int=0)) is None
    assert marked.pts == KEYFRAME.pts


def test_add_sei_when_the_payload_is_zeros_then_no_start_code_appears() -> None:
    before = len(list(nal_units(KEYFRAME.data)))
    assert len(list(nal_units(add_sei(KEYFRAME, "\0\0\0\1" * 20).data))) == before + 1


def test_add_sei_when_ffmpeg_reads_it_then_it_sees_the_message_and_the_same_picture(
    tmp_path: Path,
) -> None:
    plain, marked = tmp_path / "plain.h264", tmp_path / "marked.h264"
    plain.write_bytes(KEYFRAME.data)
    marked.write_bytes(add_sei(KEYFRAME, "ai_modified").data)
    assert headers_of(marked).count(AI_MARK.hex[:8]) == 1
    assert headers_of(plain).count(AI_MARK.hex[:8]) == 0
    assert checksum(marked) == checksum(plain)


def headers_of(path: Path) -> str:
    """The bytes of all UUIDs that ffmpeg's header reader prints, as hexadecimal digits."""
    command = ["ffmpeg", "-v", "info", "-i", str(path), "-c", "copy", "-bsf:v", "trace_headers"]
    log = subprocess.run([*command, "-f", "null", "-"], check=True, capture_output=True, text=True)
    values = re.findall(r"uuid_iso_iec_11578\[\d+\] .*= (\d+)", log.stderr)
    return "".join(f"{int(value):02x}" for value in values)


def checksum(path: Path) -> str:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "md5", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_read_sei_when_there_is_none_of_ours_then_none() -> None:
    assert read_sei(KEYFRAME) is None


@pytest.mark.parametrize(
    ("codec", "data", "key"),
    [
        ("h264", b"\0\0\0\1\x67\x42\0\0\1\x65\x88", True),
        ("h264", b"\0\0\1\x06\x05\0\0\1\x41\x9a", False),
        ("hevc", b"\0\0\1\x40\x01\0\0\1\x26\x01\xaf", True),
        ("hevc", b"\0\0\1\x02\x01\xd0", False),
        ("h264", b"", False),
        ("h264", b"\0\0\1", False),
    ],
)
def test_is_keyframe_when_the_first_slice_says_so(codec: Codec, data: bytes, key: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_keyframe(codec, data) is key


@given(st.sampled_from(["h264", "hevc"]), st.binary(max_size=300))
@settings(deadline=None)
def test_nal_when_given_noise_then_nothing_raises(codec: Codec, noise: bytes) -> None:
    is_keyframe(codec, noise)
    read_sei(AccessUnit("video", codec, 0, 0, noise))
    once = with_delimiter(codec, noise)
    assert with_delimiter(codec, once) == once
