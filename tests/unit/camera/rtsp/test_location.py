"""RTSP URLs taken apart."""

import pytest

from edge_worker.camera.rtsp import RtspLocation


def test_url_when_it_has_an_account_then_it_is_decoded_and_not_asked_with() -> None:
    where = RtspLocation.read("rtsp://admin:p%40ss%2Fword@door:8554/live?channel=1&subtype=0")
    assert where.account == ("admin", "p@ss/word")
    assert (where.host, where.port, where.encrypted) == ("door", 8554, False)
    assert where.url == "rtsp://door:8554/live?channel=1&subtype=0"
    assert "word" not in repr(where)


@pytest.mark.parametrize(
    ("text", "host", "port", "encrypted"),
    [
        ("rtsp://192.168.1.20/x", "192.168.1.20", 554, False),
        ("rtsps://door/x", "door", 322, True),
        ("rtsp://[fe80::1]/x", "fe80::1", 554, False),
    ],
)
def test_url_when_it_has_no_port_then_the_usual_one_is_taken(
    *, text: str, host: str, port: int, encrypted: bool
) -> None:
    where = RtspLocation.read(text)
    assert (where.host, where.port, where.encrypted, where.account) == (host, port, encrypted, None)


@pytest.mark.parametrize(
    "text",
    ["rtsp://a:s3cret/x@door/1", "rtsp://a:s3#cret@door/1", "http://s3cret/", "rtsp:///s3cret"],
)
def test_url_when_it_cannot_be_read_then_the_error_does_not_repeat_it(text: str) -> None:
    with pytest.raises(ValueError, match="RTSP URL") as caught:
        RtspLocation.read(text)
    assert "s3" not in str(caught.value)
