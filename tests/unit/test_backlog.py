"""What a stream begins with when it is woken or taken over."""

import pytest

from edge_worker.backlog import KEPT_NS, MOST_BYTES, MOST_SEGMENTS, Backlog
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.mpegts import Muxer
from edge_worker.transport import Message

SEGMENT_NS = 120_000_000
TABLES = b"\x47" + bytes(187)
PICTURE = b"\x00\x00\x00\x01\x65" + bytes(40)


def picture(*, key: bool) -> bytes:
    muxer = Muxer(video="h264", audio=None)
    muxer.add(AccessUnit("video", "h264", 9000, 9000, PICTURE, key))
    return muxer.cut()


def segments(backlog: Backlog, keys: str) -> list[int]:
    """Add one segment for each letter, K with a keyframe; which of them are kept."""
    for number, letter in enumerate(keys):
        payload = picture(key=letter == "K")
        backlog.add(Message("t", payload, number * SEGMENT_NS, correlation_data=bytes([number])))
    return [one.correlation_data[0] for one in backlog.take() if one.correlation_data]


def test_backlog_when_it_is_taken_then_it_begins_with_the_last_keyframe_of_the_time_kept() -> None:
    second = "K" + 7 * "-"
    kept = segments(Backlog(), 4 * second)
    assert kept == list(range(16, 32))
    assert (31 - 16) * SEGMENT_NS >= KEPT_NS


def test_backlog_when_there_is_no_keyframe_then_the_newest_moment_is_kept() -> None:
    kept = segments(Backlog(), 40 * "-")
    assert kept == list(range(kept[0], 40))
    assert KEPT_NS <= (39 - kept[0]) * SEGMENT_NS < KEPT_NS + 2 * SEGMENT_NS


def test_backlog_when_keyframes_are_far_apart_then_it_stays_within_what_a_session_takes() -> None:
    assert segments(Backlog(), "K" + 30 * "-") == list(range(31))
    assert segments(Backlog(), "K" + 59 * "-") == list(range(MOST_SEGMENTS))
    assert segments(Backlog(), "K" + 61 * "-") == segments(Backlog(), 62 * "-")


def test_backlog_when_segments_are_large_then_it_stays_within_its_bytes() -> None:
    backlog = Backlog()
    for number in range(8):
        backlog.add(Message("t", picture(key=True) + bytes(1 << 20), number))
        assert backlog.size <= MOST_BYTES
    assert len(backlog.take()) == 3
    assert (len(backlog), backlog.size) == (0, 0)


@pytest.mark.parametrize("garbage", [b"", b"\x47", TABLES, bytes(1000), b"\x47" * 1000])
def test_backlog_when_a_message_is_not_media_then_it_is_kept_like_another(garbage: bytes) -> None:
    backlog = Backlog()
    backlog.add(Message("t", garbage, 0))
    assert [one.payload for one in backlog.take()] == [garbage]
