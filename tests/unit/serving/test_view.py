import pytest

from edge_worker.requests import RequestRefusedError
from edge_worker.serving.tokens import Scope, Tokens
from edge_worker.serving.view import ViewDesk
from mqtt_schemas import Request, ViewScope

URL = "http://192.168.1.9:8090"


def desk(tokens: Tokens) -> ViewDesk:
    return ViewDesk(tokens, URL, lambda stream: stream == "door")


@pytest.mark.parametrize(
    ("data", "scope"),
    [({}, Scope.VIEW), ({"scope": "view"}, Scope.VIEW), ({"scope": "talk"}, Scope.TALK)],
)
async def test_answer_when_asked_then_the_token_opens_that_stream_that_far(
    data: dict[str, str], scope: Scope
) -> None:
    tokens = Tokens()
    grant = await desk(tokens).answer(Request(transaction="t", stream="door", data=data))
    assert tokens.scope(grant.token, "door") is scope
    assert grant.scope is ViewScope(scope.name.lower())
    assert grant.live_url == f"{URL}/live/door.ts"
    assert grant.token not in grant.live_url


@pytest.mark.parametrize(
    ("stream", "data", "why"),
    [("gate", {}, "no stream"), ("", {}, "no stream"), ("door", {"scope": "all"}, "scope")],
)
async def test_answer_when_it_cannot_be_granted_then_the_reason_is_told(
    stream: str, data: dict[str, str], why: str
) -> None:
    with pytest.raises(RequestRefusedError, match=why):
        await desk(Tokens()).answer(Request(transaction="t", stream=stream, data=data))
