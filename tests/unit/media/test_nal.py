from typing import Any
from uuid import UUID

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_worker.media.access_unit import AccessUnit, Codec
from edge_worker.media.nal import add_sei, is_keyframe, nal_units, read_sei, with_delimiter
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


def test_add_sei_when_decoded_then_the_message_is_seen_and_the_picture_is_unharmed() -> None:
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    packet = av.Packet(add_sei(KEYFRAME, "ai_modified").data)
    (frame,) = decoder.decode(packet) + decoder.decode(None)
    side_data: Any = frame.side_data  # its stub knows motion vectors only
    messages = [bytes(side_data[number]) for number in range(len(side_data))]
    assert any(message.endswith(b"ai_modified") for message in messages)
    assert not frame.is_corrupt


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
