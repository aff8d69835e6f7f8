"""Questions over MQTT: one answer comes back, to whoever asked."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner

from edge_worker.asking import NotAnsweredError, request
from edge_worker.cli import main
from edge_worker.transport import Message
from tests.broker.conftest import Mosquitto

pytestmark = pytest.mark.broker


@asynccontextmanager
async def answering(mosquitto: Mosquitto, answer: dict[str, object]) -> AsyncIterator[list[str]]:
    """Somebody answers every request with ``answer``."""
    asked: list[str] = []
    async with mosquitto.link() as link:

        async def hear(message: Message) -> None:
            question = json.loads(message.payload)
            asked.append(message.topic)
            assert message.response_topic is not None
            for transaction in ("foreign", question["transaction"]):
                link.publish(
                    message.response_topic, json.dumps({"transaction": transaction, **answer})
                )

        await link.wait_connected()
        await link.subscribe("polylip/request/+", hear, qos=1)
        await link.subscribe("polylip/stream/+/talkback/say", hear, qos=1)
        yield asked


async def test_question_when_answered_gives_the_answers_data(mosquitto: Mosquitto) -> None:
    async with answering(mosquitto, {"status": "ok", "data": {"token": "x"}}) as asked:
        data = await request(mosquitto.settings, "view", "door", {"scope": "view"})
    assert data == {"token": "x"}
    assert asked == ["polylip/request/view"]


async def test_question_when_refused_raises_with_the_reason(mosquitto: Mosquitto) -> None:
    async with answering(mosquitto, {"status": "error", "error": "there is no such stream"}):
        with pytest.raises(NotAnsweredError, match="there is no such stream"):
            await request(mosquitto.settings, "view", "attic", {})


async def test_question_when_nobody_is_there_says_what_to_look_at(mosquitto: Mosquitto) -> None:
    with pytest.raises(NotAnsweredError, match="no worker answers"):
        await request(mosquitto.settings, "view", "door", {}, within_s=0.3)


GRANT = {
    "stream": "door",
    "scope": "view",
    "token": "abc",
    "live_url": "http://box:8090/live/door.ts",
    "original_url": "http://box:8090/original/door.ts",
    "mjpeg_url": "http://box:8090/live/door.mjpeg",
    "snapshot_url": "http://box:8090/live/door.jpg",
}
REPLY = {
    "stream": "door",
    "transaction": "t",
    "status": "spoken",
    "text": "Bom dia.",
    "language": "pt",
}


async def run(mosquitto: Mosquitto, *words: str) -> tuple[int, str]:
    place = ("--host", mosquitto.host, "--port", str(mosquitto.port))
    done = await asyncio.to_thread(CliRunner().invoke, main, [*words, *place])
    return done.exit_code, done.stdout or done.stderr.splitlines()[-1]


async def test_view_when_granted_prints_one_address_with_its_token(mosquitto: Mosquitto) -> None:
    async with answering(mosquitto, {"status": "ok", "data": GRANT}):
        told = await run(mosquitto, "view", "door", "--what", "original")
        missing = await run(mosquitto, "view", "door", "--what", "whep")
    assert told == (0, "http://box:8090/original/door.ts?token=abc\n")
    assert missing == (1, "Error: door: whep is not served")


async def test_say_when_spoken_prints_what_the_visitor_heard(mosquitto: Mosquitto) -> None:
    async with answering(mosquitto, {"status": "ok", "data": REPLY}) as asked:
        told = await run(mosquitto, "say", "door", "Good morning.", "--language", "en")
    assert told == (0, "pt: Bom dia.\n")
    assert asked == ["polylip/stream/door/talkback/say"]
