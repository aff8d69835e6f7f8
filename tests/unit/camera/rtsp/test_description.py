"""Session descriptions, and which of their tracks takes sound."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_worker.camera.rtsp import Format, back_channel, control_url, read_description

DOORBELL = """v=0
o=- 1 1 IN IP4 192.168.1.20
s=Session
a=control:rtsp://192.168.1.20/live/
m=video 0 RTP/AVP 96
a=rtpmap:96 H264/90000
a=recvonly
a=control:track1
m=audio 0 RTP/AVP 0
a=recvonly
a=control:track2
m=audio 0 RTP/AVP 8 97 0
a=rtpmap:97 mpeg4-generic/16000/1
a=fmtp:97 mode=AAC-hbr;config=1408
a=sendonly
a=control:track3
"""


def test_description_when_read_then_every_track_and_format_is_there() -> None:
    session, tracks = read_description(DOORBELL.replace("\n", "\r\n"))
    assert session == "rtsp://192.168.1.20/live/"
    assert [(t.medium, t.direction, t.control) for t in tracks] == [
        ("video", "recvonly", "track1"),
        ("audio", "recvonly", "track2"),
        ("audio", "sendonly", "track3"),
    ]
    assert tracks[2].formats == (
        Format(8, "PCMA", 8000),
        Format(97, "MPEG4-GENERIC", 16_000, 1, "mode=AAC-hbr;config=1408"),
        Format(0, "PCMU", 8000),
    )


def test_back_channel_when_directions_are_the_client_s_then_it_is_the_sendonly_sound() -> None:
    found = back_channel(read_description(DOORBELL)[1])
    assert found is not None
    assert found.control == "track3"


def test_back_channel_when_directions_are_the_server_s_then_it_is_the_recvonly_sound() -> None:
    turned = (
        DOORBELL.replace("recvonly", "x").replace("sendonly", "recvonly").replace("x", "sendonly")
    )
    found = back_channel(read_description(turned)[1])
    assert found is not None
    assert found.control == "track3"


def test_back_channel_when_there_is_none_then_nothing_is_found() -> None:
    without = DOORBELL[: DOORBELL.rindex("m=audio")]
    assert back_channel(read_description(without)[1]) is None
    assert back_channel([]) is None


@pytest.mark.parametrize(
    ("base", "control", "url"),
    [
        ("rtsp://x/live/", "track1", "rtsp://x/live/track1"),
        ("rtsp://x/live", "track1", "rtsp://x/live/track1"),
        ("rtsp://x/live?a=1", "trackID=1", "rtsp://x/live?a=1/trackID=1"),
        ("rtsp://x/live/", "rtsp://x/other", "rtsp://x/other"),
        ("rtsp://x/live/", "/other", "rtsp://x/other"),
        ("rtsp://x/live/", "*", "rtsp://x/live/"),
        ("rtsp://x/live/", "", "rtsp://x/live/"),
    ],
)
def test_control_when_relative_then_it_is_appended(base: str, control: str, url: str) -> None:
    assert control_url(base, control) == url


@pytest.mark.parametrize(
    ("base", "control"),
    [("rtsp://x/live/", "rtsp://[x"), ("rtsp://x/live/", "//[x"), ("rtsp://[x", "/other")],
)
def test_control_when_it_is_no_url_then_that_is_one_kind_of_error(base: str, control: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        control_url(base, control)


@given(st.text(), st.text())
def test_control_when_it_is_anything_then_it_is_a_url_or_refused(base: str, control: str) -> None:
    with suppress(ValueError):
        control_url(base, control)


@given(st.lists(st.sampled_from([*DOORBELL.splitlines(), "m=", "a=rtpmap:0", "a=rtpmap:97 x/y/z"])))
def test_description_when_it_is_muddled_then_nothing_breaks(lines: list[str]) -> None:
    back_channel(read_description("\n".join(lines))[1])


@given(st.text())
def test_description_when_it_is_anything_then_nothing_breaks(text: str) -> None:
    read_description(text)
