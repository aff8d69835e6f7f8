"""What the camera side takes from the topics of talkback."""

from typing import cast

import pytest

from edge_worker.camera.speaker import Sink, Talkback
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import TalkbackCancel, Topics, encode

TOPICS = Topics()


@pytest.fixture
def cancelled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Transactions that the player was told to end."""
    ended: list[str] = []
    monkeypatch.setattr(
        "edge_worker.camera.speaker.player.Player.cancel", lambda _, name: ended.append(name)
    )
    return ended


async def cancel(body: bytes, *, retain: bool = False) -> None:
    talkback = Talkback(cast("MqttLink", None), TOPICS, "door", cast("Sink", None))
    topic = TOPICS.talkback_cancel("door")
    await talkback._cancel(Message(topic, body, 0, retain=retain))


@pytest.mark.parametrize(
    "body",
    [encode(TalkbackCancel(stream="door", transaction="a")), b'{"transaction": "a"}'],
)
async def test_cancel_when_it_is_of_this_stream_then_the_reply_is_ended(
    body: bytes, cancelled: list[str]
) -> None:
    await cancel(body)
    assert cancelled == ["a"]


async def test_cancel_when_it_names_another_stream_than_its_topic_then_it_is_refused(
    cancelled: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    await cancel(encode(TalkbackCancel(stream="garden", transaction="a")))
    assert cancelled == []
    assert "garden" in caplog.text


async def test_cancel_when_it_was_retained_or_is_nonsense_then_nothing_is_ended(
    cancelled: list[str],
) -> None:
    await cancel(b'{"transaction": "a"}', retain=True)
    await cancel(b"nonsense")
    assert cancelled == []
