"""The RTSP client against servers that misbehave."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from edge_worker.camera.rtsp import RtspClient, RtspError, RtspLocation

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[RtspLocation]:
    """A server that does as it is told with each connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
            await reader.read()
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        yield RtspLocation.read(f"rtsp://u:s3cret@127.0.0.1:{port}/x")


def saying(text: bytes) -> Answer:
    """Answer the first request with this; ``{}`` is its number."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        number = re.search(r"CSeq: (\d+)", request)
        writer.write(text.replace(b"{}", number[1].encode() if number else b""))

    return answer


OK = b"RTSP/1.0 200 OK\r\nCSeq: {}\r\n\r\n"


@pytest.mark.parametrize(
    "text",
    [
        OK,
        b"\r\n\r\n" + OK,
        b"$\x02\x00\x04abcd" + OK,
        b"RTSP/1.0 200 OK\r\nCSeq: 77\r\n\r\n" + OK,
        b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" + OK,
        b"RTSP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc",
    ],
    ids=["plain", "blank", "media-first", "an-old-answer", "it-asks-itself", "without-number"],
)
async def test_answer_when_other_things_come_before_it_then_it_is_found(text: bytes) -> None:
    async with server(saying(text)) as where, RtspClient(where) as client:
        assert (await client.request("OPTIONS", where.url)).status == 200


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"RTSP/1.0 x\r\nCSeq: {}\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nCSeq: {}\r\nContent-Length: 999999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: x\r\n\r\n",
        b"RTSP/1.0 200 OK\r\n" + b"a: b\r\n" * 100_000,
        b"x" * 1_000_000,
    ],
    ids=["silent", "http", "no-number", "huge", "odd-length", "headers", "one-line"],
)
async def test_server_when_it_answers_nonsense_then_the_error_is_one_sentence(
    text: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.camera.rtsp.client._ANSWERS_WITHIN_S", 0.2)
    async with server(saying(text)) as where, RtspClient(where) as client:
        with pytest.raises(RtspError, match=r"no answer|closed the connection") as caught:
            await client.request("DESCRIBE", where.url)
    assert "s3cret" not in str(caught.value)


async def test_server_when_it_refuses_then_its_words_are_told_without_control_characters() -> None:
    text = b"RTSP/1.0 404 \x1b[31mNot Found\x07\r\nCSeq: {}\r\n\r\n"
    async with server(saying(text)) as where, RtspClient(where) as client:
        with pytest.raises(RtspError, match=r"^DESCRIBE: 404 \[31mNot Found$") as caught:
            await client.request("DESCRIBE", where.url)
    assert caught.value.status == 404


async def test_connection_when_the_server_does_not_read_then_sending_ends_with_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.camera.rtsp.client._ANSWERS_WITHIN_S", 0.3)

    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert isinstance(writer.transport, asyncio.Transport)
        writer.transport.pause_reading()
        await asyncio.sleep(1)
        writer.transport.resume_reading()

    async def flood(client: RtspClient) -> None:
        while True:
            await client.send(0, bytes(60_000))

    async with server(deaf) as where, RtspClient(where) as client:
        with pytest.raises(RtspError, match="takes no sound"):
            await flood(client)
