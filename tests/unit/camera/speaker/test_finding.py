"""Which loudspeaker an address leads to, and what a camera cannot break by what it tells."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edge_worker.camera.source import SourceAddress
from edge_worker.camera.speaker import SinkError, SpeakerAddress, find_sink

AUTO = SpeakerAddress.read("auto")


@asynccontextmanager
async def describing(*lines: str, headers: str = "") -> AsyncIterator[str]:
    """A server that answers everything with one description; gives its URL."""
    body = "\r\n".join(["v=0", "m=audio 0 RTP/AVP 0", "a=sendonly", *lines, ""])
    answer = f"RTSP/1.0 200 OK\r\nCSeq: 1\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer.encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"rtsp://127.0.0.1:{server.sockets[0].getsockname()[1]}/door"


async def test_auto_when_the_camera_has_a_back_channel_then_it_is_found() -> None:
    async with describing("a=control:track1") as url:
        sink = await find_sink(AUTO, SourceAddress(url))
    assert sink is not None
    assert sink.kind == "rtsp"


@pytest.mark.parametrize(
    ("control", "headers"),
    [
        ("rtsp://[x", ""),
        ("//[x", ""),
        ("/x", "Content-Base: rtsp://[x/\r\n"),
    ],
)
async def test_auto_when_the_description_has_no_url_then_there_is_no_talkback_and_the_log_says_so(
    control: str, headers: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with describing(f"a=control:{control}", headers=headers) as url:
        assert await find_sink(AUTO, SourceAddress(url)) is None
    assert "describes a track at no URL" in caplog.text


async def test_auto_when_asking_fails_unexpectedly_then_the_camera_goes_on_without_talkback(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("edge_worker.camera.speaker.backchannel.read_description", lambda _: 1 / 0)
    async with describing() as url:
        assert await find_sink(AUTO, SourceAddress(url)) is None
    assert "no talkback" in caplog.text


async def test_speaker_when_its_program_is_missing_then_that_is_an_error() -> None:
    with pytest.raises(SinkError, match="not installed"):
        await find_sink(SpeakerAddress.read("command:no-such-program"), SourceAddress("x.mp4"))


async def test_speaker_when_none_is_named_then_there_is_none() -> None:
    assert await find_sink(None, SourceAddress("x.mp4")) is None
