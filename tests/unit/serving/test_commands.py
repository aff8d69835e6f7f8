import json

import pytest

from edge_worker.serving.board import Board
from edge_worker.serving.commands import Commands
from edge_worker.serving.live import Stage
from edge_worker.serving.tokens import Scope
from mqtt_schemas import Channel, StreamInfo, TalkbackCancel, TalkbackSay, decode
from tests.unit.serving.conftest import Client, Serve
from tests.unit.serving.wire import TOPICS, Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def client(stage: Stage, serve: Serve, wire: Wire) -> Client:
    board = Board()
    await board.listen(wire.link, TOPICS)
    await wire.say(Channel.STREAM_INFO, StreamInfo(stream="door"), stream="door")
    return await serve(Commands(stage.access, board, wire.announcer).routes())


def bearer(stage: Stage, scope: Scope) -> dict[str, str]:
    return {"Authorization": f"Bearer {stage.access.tokens.of('door', scope)}"}


async def test_set_when_a_language_is_chosen_then_it_is_commanded_on_mqtt(
    stage: Stage, client: Client, wire: Wire
) -> None:
    answer = await client.post(
        "/streams/door/set/target_language", data="de", headers=bearer(stage, Scope.TALK)
    )
    assert answer.status == 202
    assert wire.published == [("polylip/stream/door/set/target_language", b"de")]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/streams/door/set/voice", b"x", 404),
        ("/streams/door/set/activation", b"off", 404),
        ("/streams/gate/set/target_language", b"de", 401),
        ("/streams/door/set/target_language", b"x" * 65, 400),
        ("/streams/door/set/target_language", b"\xff", 400),
        ("/streams/door/set/target_language", b"x" * 70_000, 413),
        ("/streams/door/say", b"", 400),
        ("/streams/door/say", b"[" * 5000, 400),
        ("/streams/door/say", b'{"text": "hello"}', 400),
        ("/streams/door/say", b'{"text": 7, "language": "en"}', 400),
        ("/streams/door/say", b'{"text": "hello", "language": "../en"}', 400),
        ("/streams/door/cancel", b'{"transaction": "a/b"}', 400),
    ],
)
async def test_post_when_a_command_is_wrong_then_it_is_refused_and_nothing_is_published(
    stage: Stage, client: Client, wire: Wire, path: str, body: bytes, status: int
) -> None:
    answer = await client.post(path, data=body, headers=bearer(stage, Scope.TALK))
    assert answer.status == status
    assert (await answer.json())["error"]
    assert wire.published == []


async def test_post_when_a_token_only_opens_the_view_then_it_commands_nothing(
    stage: Stage, client: Client, wire: Wire
) -> None:
    for path in ("/streams/door/set/target_language", "/streams/door/say", "/streams/door/cancel"):
        answer = await client.post(path, data="de", headers=bearer(stage, Scope.VIEW))
        assert answer.status == 403
    assert wire.published == []


async def test_say_when_a_text_is_sent_then_it_is_asked_for_on_mqtt_and_can_be_cancelled(
    stage: Stage, client: Client, wire: Wire
) -> None:
    headers = bearer(stage, Scope.TALK)
    body = json.dumps({"text": "I am coming", "language": "en", "stream": "gate"})
    answer = await client.post("/streams/door/say", data=body, headers=headers)
    transaction = (await answer.json())["transaction"]
    topic = TOPICS.talkback_say("door")
    say = decode(TalkbackSay, topic, wire.on(topic)[0])
    assert (say.stream, say.text, say.language) == ("door", "I am coming", "en")
    assert say.transaction == transaction
    again = await client.post("/streams/door/say", data=body, headers=headers)
    assert (await again.json())["transaction"] != transaction
    body = json.dumps({"transaction": transaction})
    await client.post("/streams/door/cancel", data=body, headers=headers)
    topic = TOPICS.talkback_cancel("door")
    assert decode(TalkbackCancel, topic, wire.on(topic)[0]).transaction == transaction
