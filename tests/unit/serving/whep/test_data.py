"""The data channel: for who may speak, and for no more than a button says."""

import asyncio

import numpy as np
import pytest
from aiortc import RTCDataChannel

from edge_worker.serving.tokens import Scope
from edge_worker.serving.whep.data import HELD_BYTES, decline
from tests.broker.watching import until
from tests.unit.serving.whep.conftest import House
from tests.unit.serving.whep.talker import Talker
from tests.unit.serving.whep.viewer import Viewer, viewing


def media_of(sdp: str) -> list[str]:
    """Kind and port of each of its media."""
    return [" ".join(line.split()[:2]) for line in sdp.splitlines() if line.startswith("m=")]


async def opened(viewer: Viewer, house: House, scope: Scope, channels: int = 1) -> RTCDataChannel:
    """A viewer with data channels that asked for the door; the first of them."""
    made = [viewer.connection.createDataChannel("talk") for _ in range(channels)]
    assert (await viewer.ask(house.client, house.url(scope=scope))).status == 201
    await until(lambda: viewer.connection.connectionState == "connected")
    return made[0]


def microphone() -> Talker:
    return Talker(np.zeros(1600, np.int16))


@pytest.mark.parametrize(
    "order", [("video", "audio", "application"), ("application", "audio", "video")]
)
async def test_channel_when_the_viewer_may_only_watch_then_it_is_declined_in_its_place(
    house: House, monkeypatch: pytest.MonkeyPatch, order: tuple[str, ...]
) -> None:
    async with viewing(monkeypatch, order=order) as viewer:
        answer = await (await viewer.ask(house.client, house.url())).text()
    assert [media.split()[0] for media in media_of(answer)] == [f"m={kind}" for kind in order]
    assert "m=application 0 UDP/DTLS/SCTP webrtc-datachannel" in answer
    group = next(line for line in answer.splitlines() if line.startswith("a=group:BUNDLE"))
    assert len(group.split()) == 3


async def test_channel_when_the_viewer_may_only_watch_then_nothing_is_kept_of_what_it_sends(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch, microphone()) as viewer:
        channel = await opened(viewer, house, Scope.VIEW)
        await asyncio.sleep(0.5)
        assert channel.readyState == "connecting"
        assert house.sessions.watched("door") == 1


async def test_channel_when_the_viewer_may_speak_then_its_button_is_heard(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed: list[str] = []
    monkeypatch.setattr(
        "edge_worker.serving.whep.microphone.Microphone.button",
        lambda _microphone, word: pressed.append(word),
    )
    async with viewing(monkeypatch, microphone()) as viewer:
        channel = await opened(viewer, house, Scope.TALK)
        await until(lambda: channel.readyState == "open")
        for word in ("start", "stop") * 200:
            channel.send(word)
        await until(lambda: pressed == ["start", "stop"] * 200)
        assert house.sessions.watched("door") == 1


async def test_channel_when_a_message_does_not_end_then_its_sender_is_sent_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch, microphone()) as viewer:
        channel = await opened(viewer, house, Scope.TALK)
        await until(lambda: channel.readyState == "open")
        channel.send(bytes(4 * HELD_BYTES))
        await until(lambda: house.sessions.watched("door") == 0)


async def test_channel_when_there_are_many_then_their_viewer_is_sent_away(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with viewing(monkeypatch, microphone()) as viewer:
        await opened(viewer, house, Scope.TALK, channels=5)
        await until(lambda: house.sessions.watched("door") == 0)


def test_decline_when_no_channel_is_offered_then_nothing_changes() -> None:
    offer = "v=0\r\na=group:BUNDLE 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\n"
    declined = decline(offer)
    assert (declined.offer, declined.complete(offer)) == (offer, offer)


def test_decline_when_a_channel_is_offered_then_the_bundle_is_without_it() -> None:
    session = "v=0\r\na=group:BUNDLE 0 1\r\n"
    video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n"
    channel = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\na=sctp-port:5000\r\n"
    declined = decline(session + channel + video)
    assert declined.offer == "v=0\r\na=group:BUNDLE 1\r\n" + video
    assert media_of(declined.complete(declined.offer)) == ["m=application 0", "m=video 9"]
