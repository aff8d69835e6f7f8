import asyncio
from collections.abc import AsyncIterator

import cv2
import numpy as np
import pytest

from edge_worker.serving import pictures, stills
from edge_worker.serving.live import Stage
from edge_worker.serving.pictures import PictureDecoder, Pictures
from edge_worker.serving.stills import Stills
from edge_worker.serving.tokens import Scope
from tests.unit.serving.conftest import Client, Serve


@pytest.fixture
async def client(stage: Stage, serve: Serve) -> AsyncIterator[Client]:
    made = Pictures(rate=30)
    yield await serve(Stills(stage, made).routes())
    made.close()


def token(stage: Stage) -> dict[str, str]:
    return {"token": stage.access.tokens.of("door", Scope.VIEW)}


def size_of(jpeg: bytes) -> tuple[int, int]:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.shape[1], picture.shape[0]


async def test_snapshot_when_asked_then_it_is_the_newest_picture(
    stage: Stage, client: Client, foreign: bytes
) -> None:
    stage.feeds.take_in("door", foreign)
    answer = await client.get("/original/door.jpg", params=token(stage))
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    assert size_of(await answer.read()) == (160, 120)


async def test_snapshot_when_no_picture_comes_then_it_is_503_with_a_reason(
    client: Client, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stills, "FIRST_S", 0.05)
    answer = await client.get("/live/door.jpg", params=token(stage))
    assert answer.status == 503
    assert "no picture" in (await answer.json())["error"]


async def test_mjpeg_when_two_watch_then_both_see_it_move_and_it_is_decoded_once(
    stage: Stage, client: Client, foreign: bytes
) -> None:
    feed = stage.feeds.original("door")
    feeding = asyncio.create_task(_feed(stage, foreign))
    async with (
        client.get("/original/door.mjpeg", params=token(stage)) as one,
        client.get("/original/door.mjpeg", params=token(stage)) as other,
    ):
        assert one.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=picture"
        seen = [await _part(one) for _ in range(3)]
        assert len(set(seen)) == 3
        assert size_of(await _part(other)) == (160, 120)
        assert feed.viewers == 1
    feeding.cancel()


async def test_of_when_too_many_streams_are_looked_at_then_it_is_503_until_one_is_free(
    stage: Stage, client: Client, foreign: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_AT_ONCE", 1)
    stage.feeds.take_in("door", foreign)
    stage.feeds.translated("door").publish(foreign, key=True)
    async with client.get("/original/door.mjpeg", params=token(stage)) as looking:
        assert looking.status == 200
        assert (await client.get("/live/door.jpg", params=token(stage))).status == 503
    while True:  # the server hears a moment later that it went
        answer = await client.get("/live/door.jpg", params=token(stage))
        if answer.status == 200:
            break
        await asyncio.sleep(0.01)


def test_decoder_when_the_cameras_clock_begins_anew_then_pictures_go_on(foreign: bytes) -> None:
    decoder = PictureDecoder()
    assert decoder.feed(foreign, wanted=True) is not None
    assert decoder.feed(b"", wanted=True) is None
    again = [
        decoder.feed(foreign[at : at + 18_800], wanted=True)
        for at in range(0, len(foreign), 18_800)
    ]
    assert any(again)


@pytest.mark.parametrize("noise", [b"\x47" * 188 * 20, bytes(10_000), b"GIF89a" * 1000])
def test_decoder_when_noise_comes_then_there_is_no_picture(noise: bytes) -> None:
    assert PictureDecoder().feed(noise, wanted=True) is None


async def _feed(stage: Stage, film: bytes) -> None:
    while True:
        for at in range(0, len(film), 1880):
            stage.feeds.take_in("door", film[at : at + 1880])
            await asyncio.sleep(0.02)


async def _part(answer: object) -> bytes:
    content = answer.content  # type: ignore[attr-defined]  # a response of the client library
    await content.readuntil(b"Content-Length: ")
    length = int(await content.readuntil(b"\r\n"))
    await content.readuntil(b"\r\n")
    picture: bytes = await content.readexactly(length)
    return picture
