"""The reply path of one stream: takes what the owner says, has it said at the door, answers."""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from edge_worker.session.announcer import Announcer
from edge_worker.session.services import Services
from edge_worker.talkback.answers import OVER, Answers
from edge_worker.talkback.echo import Echo, NoEcho
from edge_worker.talkback.held import Held
from edge_worker.talkback.line import WAITING, Line, LineHooks
from edge_worker.talkback.loudspeaker import Loudspeaker
from edge_worker.talkback.pieces import GAP_NS, Pieces
from edge_worker.talkback.preparation import Preparation
from edge_worker.talkback.reply import Reply, ReplyFailedError, TypedWords
from edge_worker.talkback.visitor import VISIT_S, Visitor
from edge_worker.transport import Message
from mqtt_schemas import (
    Channel,
    IdRefused,
    MessageRefused,
    StreamInfo,
    StreamSettings,
    TalkbackCancel,
    TalkbackPlayed,
    TalkbackReply,
    TalkbackSay,
    TopicAddress,
    check_id,
    check_media,
    decode,
)
from mqtt_schemas.media import PCM_CONTENT_TYPE, PcmProperties

_WAIT_NS = 30_000_000_000
"""For its turn, where the owner speaks: there the request has no field for it."""
_SETTLED_S = 0.5
"""By then it is known what the owner before has seen to."""
_LEFT = "the worker that was to say it leaves this stream: send it again"


@dataclass(frozen=True, slots=True)
class TalkbackHooks:
    """What the reply path asks of its stream, and tells it."""

    settings: Callable[[], StreamSettings]
    wake: Callable[[], None] = lambda: None
    """There is something to say: a stream that sleeps wakes up."""
    echo: Echo = field(default_factory=NoEcho)
    """Told what the door's microphone is about to hear."""


class Talkback:
    """Takes the messages of ``talkback/#`` and answers every request once.

    Args:
        stream: id.
        announcer: the way out.
        preparation: makes speech of what the owner says.
        visitor: to whom it is said.
        hooks: of the stream.
    """

    def __init__(
        self,
        stream: str,
        announcer: Announcer,
        preparation: Preparation,
        visitor: Visitor,
        hooks: TalkbackHooks,
    ) -> None:
        self.visitor = visitor
        self._stream = stream
        self._announcer = announcer
        self._hooks = hooks
        self._preparation = preparation
        self._answers = Answers(stream, announcer)
        self._pieces = Pieces()
        self._held = Held()
        self._loudspeaker = Loudspeaker(stream, announcer, hooks.echo)
        self._line = Line(
            stream,
            preparation,
            self._loudspeaker,
            visitor,
            LineHooks(hooks.settings, lambda: self._info, self._told),
        )
        self._info: StreamInfo | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._ours = self._leaving = False

    @property
    def busy(self) -> bool:
        """Something is being said, or waits to be."""
        return bool(len(self._line))

    def declare(self, info: StreamInfo) -> None:
        """The camera side described the stream, and whether it has a loudspeaker."""
        self._info = info

    def begin(self) -> None:
        """The stream is this worker's, and its settings are known: it says what is asked for."""
        if not self._ours:
            self._ours, self._leaving = True, False
            asyncio.get_running_loop().call_later(_SETTLED_S, self._take_up)

    async def drain(self) -> None:
        """Let what is being said end, at most 5 s; answer everything else with an error."""
        self._leaving = True
        self._break_off()
        await self._line.drain(_LEFT)

    def end(self) -> None:
        """The stream is another's: what is under way is answered with an error."""
        self._ours = False
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
            self._preparation.let_go()
        self._break_off()
        self._line.close(_LEFT)

    def take(self, address: TopicAddress, message: Message) -> None:
        """Take a message of the stream's ``talkback`` channels.

        While the stream is another's, texts are kept for the case that nobody sees to them.

        Raises:
            MessageRefused: it breaks the contract; who can be answered has been.
        """
        if not self._ours:
            self._hold(address, message)
            return
        if message.retain:
            raise MessageRefused(message.topic, "", "is retained: what was kept is not said later")
        match address.channel:
            case Channel.TALKBACK_SAY:
                self._answering(address, message, self._say)
            case Channel.TALKBACK_IN:
                self._answering(address, message, self._hear)
            case Channel.TALKBACK_CANCEL:
                self._cancel(decode(TalkbackCancel, address, message.payload), message)
            case Channel.TALKBACK_PLAYED:
                self._loudspeaker.hear(decode(TalkbackPlayed, address, message.payload))

    def follow(self, told: TalkbackReply) -> None:
        """An owner, this worker or another, tells how a reply stands."""
        self._held.seen_to(told.transaction)
        self._answers.remember(told)

    def _hold(self, address: TopicAddress, message: Message) -> None:
        transaction = _transaction_in(message.payload)
        if not transaction or message.retain:
            return
        if address.channel is Channel.TALKBACK_SAY:
            self._held.add(transaction, address, message)
        elif address.channel is Channel.TALKBACK_CANCEL:
            decode(TalkbackCancel, address, message.payload)
            self._held.cancel(transaction, message)

    def _take_up(self) -> None:
        """See to what the owner before has left."""
        if not self._ours:
            return
        for request in self._held.take():
            with suppress(MessageRefused):  # its asker was told
                if request.cancel is None:
                    self.take(request.address, request.message)
                else:
                    self._take_back(request.transaction, request.message, request.cancel)

    def _take_back(self, transaction: str, said: Message, cancel: Message) -> None:
        """A reply was cancelled before anybody took it in."""
        canceller = self._answers.asker(cancel)
        if self._answers.open(transaction, self._answers.asker(said)):
            self._answers.cancelled(transaction)
        self._answers.answer_cancel(transaction, canceller, found=True)

    def _answering(
        self,
        address: TopicAddress,
        message: Message,
        take: Callable[[TopicAddress, Message], None],
    ) -> None:
        """Take a request; one that cannot be read is answered if it tells its transaction."""
        asker = self._answers.asker(message)
        try:
            take(address, message)
        except MessageRefused as error:
            transaction = address.transaction or _transaction_in(message.payload)
            new = bool(transaction) and self._answers.open(transaction, asker)
            if new or transaction in self._pieces:
                self._pieces.forget(transaction)
                self._answers.refuse(transaction, str(error))
            raise

    def _say(self, address: TopicAddress, message: Message) -> None:
        said = decode(TalkbackSay, address, message.payload)
        if self._answers.open(said.transaction, self._answers.asker(message)):
            self._join(
                Reply(
                    said.transaction,
                    TypedWords(said.text, said.language),
                    said.target_language,
                    said.voice,
                    said.wait_ns,
                )
            )

    def _hear(self, address: TopicAddress, message: Message) -> None:
        """A piece of the owner's voice."""
        transaction = address.transaction
        properties = PcmProperties.from_pairs(message.topic, message.user_properties)
        if message.payload or not properties.last:
            check_media(message.topic, message.payload, message.content_type, PCM_CONTENT_TYPE)
        if self._answers.known(transaction) and transaction not in self._pieces:
            if properties.last:
                self._answers.open(transaction, self._answers.asker(message))
            return
        self._answers.open(transaction, self._answers.asker(message))
        refusal = self._refusal()
        if refusal:
            self._pieces.forget(transaction)
            self._answers.refuse(transaction, refusal)
            return
        try:
            words = self._pieces.add(transaction, message.payload, properties)
        except ReplyFailedError as error:
            self._answers.refuse(transaction, str(error))
            return
        asyncio.get_running_loop().call_later(GAP_NS / 1e9 + 0.1, self._tidy)
        if words is not None:
            language = words.language or self._hooks.settings().target_language
            words = replace(words, language=language)
            self._join(Reply(transaction, words, "", "", _WAIT_NS))

    def _break_off(self) -> None:
        for transaction in self._pieces.clear():
            self._answers.refuse(transaction, _LEFT)

    def _tidy(self) -> None:
        for transaction in self._pieces.broken_off():
            gap_s = GAP_NS / 1e9
            self._answers.refuse(
                transaction, f"the sound broke off: nothing came for {gap_s:.0f} s"
            )

    def _join(self, reply: Reply) -> None:
        refusal = self._refusal()
        if refusal:
            self._answers.refuse(reply.transaction, refusal)
            return
        self._hooks.wake()
        self._line.join(reply)

    def _refusal(self) -> str:
        """Why nothing can be said at this door just now; empty when it can."""
        if self._leaving:
            return _LEFT
        if self._info is None or not self._info.talkback:
            return "this door has no loudspeaker: start its polylip camera with --talkback"
        if self._line.full:
            return f"{WAITING} replies wait already: wait for their end, or cancel one"
        return ""

    def _cancel(self, cancel: TalkbackCancel, message: Message) -> None:
        transaction = cancel.transaction
        asker = self._answers.asker(message)
        found = self._line.cancel(transaction)
        if not found and transaction in self._pieces:
            found = True
            self._pieces.forget(transaction)
            self._answers.cancelled(transaction)
        if found or not self._held.cancel(transaction, message):
            self._answers.answer_cancel(transaction, asker, found=found)

    def _told(self, told: TalkbackReply) -> None:
        self._answers.tell(told)
        if told.status in OVER and told.text:
            self._rest_later()

    def _rest_later(self) -> None:
        """Models that the visitor's language took are let go when the visitor has gone."""
        if self._rest is not None:
            self._rest.cancel()
        self._rest = asyncio.get_running_loop().call_later(VISIT_S, self._rest_now)

    def _rest_now(self) -> None:
        self._rest = None
        if self.visitor.present:
            self._rest_later()
        else:
            self._preparation.let_go()


def reply_path(stream: str, services: Services, hooks: TalkbackHooks) -> Talkback:
    """The reply path of a stream, with what a worker lends."""
    min_confidence = services.config.engines.min_confidence
    return Talkback(
        stream,
        services.announcer,
        Preparation(stream, services.engines, min_confidence, services.provision),
        Visitor(time.monotonic_ns, min_confidence),
        hooks,
    )


def _transaction_in(payload: bytes) -> str:
    """The transaction of a request that cannot be read otherwise; empty where there is none."""
    try:
        return check_id(str(json.loads(payload)["transaction"]))
    except (ValueError, KeyError, TypeError, RecursionError, IdRefused):
        return ""
