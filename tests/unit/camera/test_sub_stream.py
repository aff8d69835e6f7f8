"""Where makers keep their smaller pictures."""

import pytest

from edge_worker.camera.sub_stream import large_enough, likely_sub_stream

ACCOUNT = "rtsp://u:p@10.0.0.2:554"


@pytest.mark.parametrize(
    ("large", "small"),
    [
        ("/Streaming/Channels/101", "/Streaming/Channels/102"),
        ("/Streaming/Channels/1601?transport=tcp", "/Streaming/Channels/1602?transport=tcp"),
        ("/h264/ch1/main/av_stream", "/h264/ch1/sub/av_stream"),
        ("/cam/realmonitor?channel=1&subtype=0", "/cam/realmonitor?channel=1&subtype=1"),
        ("/h264Preview_01_main", "/h264Preview_01_sub"),
        ("/h265Preview_01_main", "/h264Preview_01_sub"),
        ("/Preview_01_main", "/Preview_01_sub"),
        ("/stream1", "/stream2"),
        ("/media/video1", "/media/video2"),
        ("/videoMain", "/videoSub"),
    ],
)
def test_path_when_its_maker_is_known_then_the_sub_stream_is_on_the_same_host(
    large: str, small: str
) -> None:
    assert likely_sub_stream(ACCOUNT + large) == ACCOUNT + small


@pytest.mark.parametrize(
    "url",
    [
        f"{ACCOUNT}/live",
        f"{ACCOUNT}/Streaming/Channels/102",
        f"{ACCOUNT}/stream10",
        f"{ACCOUNT}/cam/realmonitor?channel=1&subtype=1",
        "rtsp://stream1",
        "rtsp://stream1/live",
        "http://10.0.0.2/stream1",
        "/dev/video0",
    ],
)
def test_path_when_no_maker_is_known_then_nothing_is_guessed(url: str) -> None:
    assert likely_sub_stream(url) is None


@pytest.mark.parametrize(
    ("size", "enough"), [((640, 360), True), ((704, 576), True), ((352, 288), False)]
)
def test_picture_when_too_small_for_lips_then_it_is_not_taken_unasked(
    size: tuple[int, int], *, enough: bool
) -> None:
    assert large_enough(*size) is enough
