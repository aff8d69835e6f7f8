"""Sends jobs and waits for their answers: with a time-out, one more try, and never too many."""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from edge_worker.session.announcer import Announcer
from edge_worker.transport import Message, MqttLink
from mqtt_schemas import (
    PCM_CONTENT_TYPE,
    Channel,
    MessageRefused,
    Response,
    ResponseStatus,
    check_media,
    decode,
)

_TRIES = 2
_AT_ONCE = 8
"""Jobs that may be under way."""


class JobFailedError(Exception):
    """Nobody did the job in time, or whoever took it could not; it says nothing of its content."""


@dataclass(frozen=True, slots=True)
class JobReply:
    """What came of a job."""

    response: Response
    sound: bytes = b""
    """PCM, where the job was to speak."""


@dataclass(slots=True)
class _Pending:
    done: "asyncio.Future[JobReply]"
    speaks: bool
    response: Response | None = field(default=None)


class Requester:
    """One worker's jobs for others.

    Args:
        announcer: the way out.

    Attributes:
        answered: jobs that others did for this worker.
        failed: jobs that nobody did in time.
    """

    def __init__(self, announcer: Announcer) -> None:
        self.answered = 0
        self.failed = 0
        self._announcer = announcer
        # Nobody else knows it, so that nobody else answers.
        self._topic = announcer.topics.response(f"job-{secrets.token_hex(8)}")
        self._pending: dict[str, _Pending] = {}

    @property
    def has_room(self) -> bool:
        """One more job may be sent."""
        return len(self._pending) < _AT_ONCE

    def sent(self, transaction: str) -> bool:
        """This worker sent that job itself, and waits for its answer."""
        return transaction in self._pending

    async def subscribe(self, link: MqttLink) -> None:
        """Hear the answers."""
        await link.subscribe(self._topic, self.hear, qos=1)

    async def ask(
        self,
        channel: Channel,
        payload: bytes,
        transaction: str,
        within_s: float,
        *,
        user_properties: Iterable[tuple[str, str]] = (),
        speaks: bool = False,
        wanted: Callable[[], bool] = lambda: True,
    ) -> JobReply:
        """Have a job done by another worker.

        Args:
            channel: kind of job.
            payload: of its message.
            transaction: its own; the second try has the same, so that it is done once.
            within_s: how long each of two tries may take.
            user_properties: of its message.
            speaks: its answer is followed by PCM.
            wanted: somebody waits for it still; else it is not sent.

        Raises:
            JobFailedError: it was not done.
        """
        if not self.has_room:
            raise JobFailedError(f"{_AT_ONCE} jobs are under way")
        future: asyncio.Future[JobReply] = asyncio.get_running_loop().create_future()
        pending = self._pending[transaction] = _Pending(future, speaks)
        properties = tuple(user_properties)
        try:
            for _ in range(_TRIES):
                if not wanted():
                    break
                self._send(channel, payload, transaction, within_s, properties)
                reply = await self._within(pending, within_s)
                if reply is not None and reply.response.status is ResponseStatus.OK:
                    self.answered += 1
                    return reply
                pending.done = asyncio.get_running_loop().create_future()
                pending.response = None
        finally:
            del self._pending[transaction]
        self.failed += 1
        raise JobFailedError(f"{channel.value} was not done within {_TRIES} x {within_s:.1f} s")

    def _send(
        self,
        channel: Channel,
        payload: bytes,
        transaction: str,
        within_s: float,
        properties: tuple[tuple[str, str], ...],
    ) -> None:
        sent = self._announcer.link.publish(
            self._announcer.topics.build(channel),
            payload,
            qos=1,
            expiry_s=within_s,
            user_properties=properties,
            response_topic=self._topic,
            correlation_data=transaction.encode(),
        )
        if not sent:
            raise JobFailedError("the broker cannot be reached")

    async def _within(self, pending: _Pending, within_s: float) -> JobReply | None:
        try:
            async with asyncio.timeout(within_s):
                return await pending.done
        except TimeoutError:
            return None

    async def hear(self, message: Message) -> None:
        """Take an answer; a second one to the same job is not looked at."""
        transaction = (message.correlation_data or b"").decode("ascii", "replace")
        pending = self._pending.get(transaction)
        if pending is None or pending.done.done():
            return
        try:
            if message.content_type == PCM_CONTENT_TYPE:
                self._hear_sound(pending, message)
            else:
                self._hear_response(pending, message)
        except MessageRefused:
            return  # it is as good as none

    def _hear_response(self, pending: _Pending, message: Message) -> None:
        response = decode(Response, message.topic, message.payload)
        pending.response = response
        if response.status is not ResponseStatus.OK or not pending.speaks:
            pending.done.set_result(JobReply(response))

    def _hear_sound(self, pending: _Pending, message: Message) -> None:
        check_media(message.topic, message.payload, message.content_type, PCM_CONTENT_TYPE)
        if pending.speaks and pending.response is not None:
            pending.done.set_result(JobReply(pending.response, message.payload))
