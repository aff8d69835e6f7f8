"""Requests and their answers: each is answered once, and a repeated one with the same words."""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from edge_worker.transport import Message
from mqtt_schemas import MessageRefused, Response

_REMEMBERED = 256
"""Answers that are kept for askers who ask again."""
_ASKERS = 4
"""Addresses to which one answer goes."""
_MAX_TOPIC = 512
_GRANTED = re.compile(r"response/[^/]+")
"""Below the prefix; deeper ones the documented access rules keep from everybody."""
_MAX_CORRELATION = 256
"""Bytes that an asker may have us remember."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes."""

    topic: str
    """The MQTT 5 response topic; empty for ``response/<name>``."""
    correlation: bytes | None = None
    """MQTT 5 correlation data, given back as it came."""


def asker_of(message: Message, prefix: str) -> Address:
    """Where the answer to a request goes.

    Args:
        message: the request.
        prefix: first part of every topic of ours; below it only ``response/<name>`` may be asked
            for, so that nobody has us say what they may not say themselves.

    Raises:
        MessageRefused: another response topic, or more correlation data than is remembered.
    """
    correlation = message.correlation_data
    if correlation is not None and len(correlation) > _MAX_CORRELATION:
        fault = f"has {len(correlation)} bytes; at most {_MAX_CORRELATION} are taken"
        raise MessageRefused(message.topic, "correlation data", fault)
    topic = message.response_topic or ""
    ours = topic.startswith(f"{prefix}/") and not topic.startswith(f"{prefix}/response/")
    if ours or topic.startswith("$") or len(topic) > _MAX_TOPIC or set(topic) & set("+#\0"):
        raise MessageRefused(
            message.topic, "response topic", f"is neither below {prefix}/response nor your own"
        )
    if topic.startswith(f"{prefix}/") and not _GRANTED.fullmatch(topic.removeprefix(f"{prefix}/")):
        fault = f"is one that the access rules do not grant: take {prefix}/response/ and one name"
        raise MessageRefused(message.topic, "response topic", fault)
    return Address(topic, correlation)


@dataclass(slots=True)
class _Entry:
    askers: list[Address] = field(default_factory=list)
    answer: Response | None = None


class Ledger:
    """Remembers which transactions are under way and how others were answered.

    Args:
        send: publishes an answer.
    """

    def __init__(self, send: Callable[[Address, Response], None]) -> None:
        self._send = send
        self._entries: OrderedDict[str, _Entry] = OrderedDict()

    def open(self, transaction: str, asker: Address) -> bool:
        """Note a request; True when it is new, else its asker gets the first answer."""
        entry = self._entries.get(transaction)
        if entry is None:
            self._entries[transaction] = _Entry([asker])
            return True
        if entry.answer is not None:
            self._send(asker, entry.answer)
        elif asker not in entry.askers and len(entry.askers) < _ASKERS:
            entry.askers.append(asker)
        return False

    def known(self, transaction: str) -> bool:
        """It is under way, or was answered."""
        return transaction in self._entries

    def remember(self, answer: Response) -> None:
        """Take over the answer that another gave, for askers who ask again."""
        if answer.transaction not in self._entries:
            self._entries[answer.transaction] = _Entry(answer=answer)
            self._forget_oldest()

    def answer(self, answer: Response) -> None:
        """Answer everybody who asked; only the first answer of a transaction counts."""
        entry = self._entries.get(answer.transaction)
        if entry is None or entry.answer is not None:
            return
        entry.answer = answer
        for asker in entry.askers:
            self._send(asker, answer)
        self._entries.move_to_end(answer.transaction)
        self._forget_oldest()

    def turn_away(self, answer: Response) -> None:
        """Tell everybody who asked that it cannot be done now; who asks again asks anew."""
        entry = self._entries.get(answer.transaction)
        if entry is None or entry.answer is not None:
            return
        del self._entries[answer.transaction]
        for asker in entry.askers:
            self._send(asker, answer)

    def _forget_oldest(self) -> None:
        answered = [name for name, entry in self._entries.items() if entry.answer is not None]
        for name in answered[: max(0, len(answered) - _REMEMBERED)]:
            del self._entries[name]
