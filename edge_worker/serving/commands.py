"""What viewers with the scope ``talk`` may do: choose languages, and have a text said at the door.

Both go over MQTT, so that it does not matter which worker owns the stream; what came of them is
told by ``state`` and ``talkback/status``, which the page reads.
"""

import asyncio
import json
import secrets

from aiohttp import web

from edge_worker.serving.access import Access
from edge_worker.serving.board import Board
from edge_worker.serving.live import STREAM
from edge_worker.serving.refusal import refusal
from edge_worker.serving.tokens import Scope
from edge_worker.session.announcer import Announcer
from mqtt_schemas import RULES, Channel, MessageRefused, TalkbackCancel, TalkbackSay, decode

_SETTINGS = frozenset({"enabled", "source_language", "target_language"})
_MAX_VALUE = 64
_BODY_S = 10.0


class Commands:
    """Takes commands of viewers.

    Args:
        access: who may.
        board: which streams there are.
        announcer: the way to their owners.
    """

    def __init__(self, access: Access, board: Board, announcer: Announcer) -> None:
        self._access = access
        self._board = board
        self._announcer = announcer

    def routes(self) -> list[web.RouteDef]:
        """Its routes."""
        return [
            web.post(f"/streams/{STREAM}/set/{{setting:[a-z_]{{1,32}}}}", self._set),
            web.post(f"/streams/{STREAM}/say", self._say),
            web.post(f"/streams/{STREAM}/cancel", self._cancel),
        ]

    async def _set(self, request: web.Request) -> web.Response:
        """The body is the bare value, as on ``stream/<stream>/set/<setting>``."""
        stream, value = self._stream(request), await _text(request)
        setting = request.match_info["setting"]
        if setting not in _SETTINGS:
            raise refusal(404, f"{setting} cannot be set here; {', '.join(sorted(_SETTINGS))} can")
        if len(value) > _MAX_VALUE:
            raise refusal(400, f"a value has at most {_MAX_VALUE} characters")
        rules = RULES[Channel.SET]
        topic = self._announcer.topics.set(stream, setting)
        self._announcer.link.publish(topic, value, qos=rules.qos, expiry_s=rules.expiry_s or 0)
        return web.Response(status=202)

    async def _say(self, request: web.Request) -> web.Response:
        """The body is JSON, ``text`` and its ``language``; answers with the ``transaction``."""
        stream, body = self._stream(request), await _object(request)
        body |= {"stream": stream, "transaction": secrets.token_hex(8)}
        try:
            say = decode(TalkbackSay, request.path, json.dumps(body).encode())
        except MessageRefused as refused:
            raise refusal(400, f"field {refused.field!r} {refused.reason}") from refused
        self._announcer.say(Channel.TALKBACK_SAY, say, stream=stream)
        return web.json_response({"transaction": say.transaction}, status=202)

    async def _cancel(self, request: web.Request) -> web.Response:
        """The body is JSON, the ``transaction`` to be cancelled."""
        stream, body = self._stream(request), await _object(request)
        try:
            cancel = decode(
                TalkbackCancel, request.path, json.dumps(body | {"stream": stream}).encode()
            )
        except MessageRefused as refused:
            raise refusal(400, f"field {refused.field!r} {refused.reason}") from refused
        self._announcer.say(Channel.TALKBACK_CANCEL, cancel, stream=stream)
        return web.Response(status=202)

    def _stream(self, request: web.Request) -> str:
        stream = request.match_info["stream"]
        self._access.require(request, Scope.TALK, stream)
        if stream not in self._board.streams:
            raise refusal(404, f"there is no stream {stream}")
        return stream


async def _text(request: web.Request) -> str:
    """The body, which the application bounds.

    Raises:
        web.HTTPException: it is not UTF-8, or does not come.
    """
    try:
        async with asyncio.timeout(_BODY_S):
            return (await request.read()).decode()
    except TimeoutError:
        raise refusal(408, f"the body did not come within {_BODY_S:.0f} s") from None
    except UnicodeDecodeError:
        raise refusal(400, "the body is not UTF-8") from None


async def _object(request: web.Request) -> dict[str, object]:
    """The body as a JSON object.

    Raises:
        web.HTTPException: it is none.
    """
    try:
        body = json.loads(await _text(request))
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise refusal(400, "the body is no JSON object")
    return body
