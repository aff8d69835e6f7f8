"""What is told of replies: every step to everybody, the end to who asked."""

import json

from edge_worker.ledger import Address, Ledger, asker_of
from edge_worker.session.announcer import Announcer
from edge_worker.session.wording import sentence
from edge_worker.transport import Message
from mqtt_schemas import (
    RULES,
    Channel,
    Response,
    ResponseStatus,
    TalkbackReply,
    TalkbackStatus,
    encode,
)

OVER = {
    TalkbackStatus.SPOKEN,
    TalkbackStatus.CANCELLED,
    TalkbackStatus.EXPIRED,
    TalkbackStatus.FAILED,
}
"""Nothing follows."""
_FOR_GOOD = {TalkbackStatus.SPOKEN, TalkbackStatus.CANCELLED}
_RESPONSE = "talkback"
"""Answers go to ``response/talkback`` where the asker names no topic."""
_SENTENCE = 512


class Answers:
    """Publishes ``talkback/status`` of one stream, and answers each of its requests once.

    Args:
        stream: id.
        announcer: the way out.
    """

    def __init__(self, stream: str, announcer: Announcer) -> None:
        self._stream = stream
        self._announcer = announcer
        self._ledger = Ledger(self._send)

    def asker(self, message: Message) -> Address:
        """Where the answer to a request goes.

        Raises:
            MessageRefused: to where it must not.
        """
        return asker_of(message, self._announcer.topics.prefix)

    def open(self, transaction: str, asker: Address) -> bool:
        """Note a request; True when it is new, else its asker gets the first answer."""
        return self._ledger.open(transaction, asker)

    def known(self, transaction: str) -> bool:
        """It is under way, or was answered."""
        return self._ledger.known(transaction)

    def remember(self, told: TalkbackReply) -> None:
        """Another owner has seen to a reply, for good: whoever asks again is told so.

        One that failed or expired there is not remembered: it may be sent again.
        """
        if told.status in _FOR_GOOD:
            self._ledger.remember(_answer(told))

    def tell(self, told: TalkbackReply) -> None:
        """How a reply stands."""
        self._announcer.say(Channel.TALKBACK_STATUS, told, stream=self._stream)
        if told.status in OVER:
            self._ledger.answer(_answer(told))

    def refuse(self, transaction: str, reason: str) -> None:
        """A reply cannot be said, for a reason that people can read."""
        self.tell(self._reply(transaction, TalkbackStatus.FAILED, reason))

    def cancelled(self, transaction: str) -> None:
        """A reply was taken back before it was one."""
        self.tell(self._reply(transaction, TalkbackStatus.CANCELLED, "cancelled"))

    def answer_cancel(self, transaction: str, asker: Address, *, found: bool) -> None:
        """Answer whoever cancels, where they named a topic: else the request's answer says it."""
        if asker.topic:
            told = self._reply(transaction, TalkbackStatus.CANCELLED)
            nothing = _error(transaction, "no such reply is under way")
            self._send(asker, _ok(told) if found else nothing)

    def _reply(self, transaction: str, status: TalkbackStatus, reason: str = "") -> TalkbackReply:
        return TalkbackReply(
            stream=self._stream,
            transaction=transaction,
            status=status,
            reason=sentence(reason, _SENTENCE),
        )

    def _send(self, asker: Address, response: Response) -> None:
        rules = RULES[Channel.RESPONSE]
        topic = asker.topic or self._announcer.topics.response(_RESPONSE)
        self._announcer.link.publish(
            topic,
            encode(response, topic),
            qos=rules.qos,
            expiry_s=rules.expiry_s or 0,
            correlation_data=asker.correlation,
        )


def _answer(told: TalkbackReply) -> Response:
    """What the asker of a reply that is over is told."""
    if told.status is TalkbackStatus.SPOKEN:
        return _ok(told)
    return _error(told.transaction, told.reason)


def _ok(told: TalkbackReply) -> Response:
    return Response(
        transaction=told.transaction, status=ResponseStatus.OK, data=json.loads(encode(told))
    )


def _error(transaction: str, reason: str) -> Response:
    return Response(transaction=transaction, status=ResponseStatus.ERROR, error=reason)
