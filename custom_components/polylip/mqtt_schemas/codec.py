"""Messages to bytes and back: nothing that breaks the contract passes, in either direction."""

import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from mashumaro.codecs.basic import BasicDecoder, BasicEncoder
from mashumaro.exceptions import InvalidFieldValue

from .conformance import first_fault, json_schema
from .errors import MessageRefused, shown
from .fields import SCHEMA
from .limits import MAX_MESSAGE_BYTES
from .strict_json import StrictJsonError, loads
from .topics import TopicAddress

Message = TypeVar("Message")
Word = TypeVar("Word", bound=StrEnum)

IDENTITIES = ("worker", "stream", "language", "utterance", "transaction")
"""Parts of a topic that a body may repeat, and must not contradict."""


def encode(message: object, topic: str = "") -> bytes:
    """The JSON of a message; ``topic`` is for the error.

    Raises:
        MessageRefused: it breaks the contract; the reader would refuse it too.
    """
    kind: type = type(message)
    where = topic or kind.__name__
    try:
        data = _encoder(kind).encode(message)
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        payload = text.encode()
        written = loads(payload)
    except (AttributeError, TypeError, ValueError, RecursionError) as error:
        raise MessageRefused(where, "", f"cannot be written: {error}") from error
    _conform(kind, written, where)
    return _bounded(payload, where)


def decode(kind: type[Message], address: TopicAddress | str, payload: bytes) -> Message:
    """The message in a payload; an id that its body leaves out is taken from the topic.

    Args:
        kind: the message's dataclass.
        address: the topic it came on, read; or any topic, when it is none of the contract.
        payload: as it came.

    Raises:
        MessageRefused: it breaks the contract, or names another id than its topic.
    """
    topic = address if isinstance(address, str) else address.topic
    try:
        data = loads(_bounded(payload, topic))
    except StrictJsonError as error:
        raise MessageRefused(topic, "", str(error)) from None
    if not isinstance(data, dict):
        raise MessageRefused(topic, "", f"is {shown(data)}, not an object")
    _check_schema(data, topic)
    if isinstance(address, TopicAddress):
        data = _identified(kind, data, address)
    _conform(kind, data, topic)
    message: Message = _built(kind, data, topic)
    return message


def decode_data(kind: type[Message], data: Mapping[str, Any], where: str = "data") -> Message:
    """The message that is the ``data`` of a request or of its answer.

    Args:
        kind: the message's dataclass.
        data: as it stood in a decoded message.
        where: for the error.

    Raises:
        MessageRefused: it breaks the contract.
    """
    return decode(kind, where, json.dumps(dict(data)).encode())


def decode_word(kind: type[Word], address: TopicAddress | str, payload: bytes) -> Word:
    """The enum member whose bare text a payload is.

    Raises:
        MessageRefused: it is none of them.
    """
    topic = address if isinstance(address, str) else address.topic
    text = decode_text(address, payload)
    if text not in set(kind):
        raise MessageRefused(topic, "", f"is {shown(text)}; takes {', '.join(kind)}")
    return kind(text)


def decode_text(address: TopicAddress | str, payload: bytes) -> str:
    """The bare text of a payload, as ``set`` messages carry it.

    Raises:
        MessageRefused: too long, or not UTF-8.
    """
    topic = address if isinstance(address, str) else address.topic
    try:
        return _bounded(payload, topic).decode()
    except UnicodeDecodeError as error:
        raise MessageRefused(topic, "", f"is not UTF-8 at byte {error.start}") from None


def _bounded(payload: bytes, topic: str) -> bytes:
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MessageRefused(
            topic, "", f"has {len(payload)} bytes; at most {MAX_MESSAGE_BYTES} are taken"
        )
    return payload


def _check_schema(data: dict[str, Any], topic: str) -> None:
    schema = data.get("schema", SCHEMA)
    if isinstance(schema, int) and schema > SCHEMA:
        raise MessageRefused(
            topic, "schema", f"is {schema}, this side knows {SCHEMA}: update this side"
        )


def _identified(kind: type, data: dict[str, Any], address: TopicAddress) -> dict[str, Any]:
    named = json_schema(kind)["properties"]
    ids = {part: getattr(address, part) for part in IDENTITIES if part in named}
    for part, value in ids.items():
        if value and data.get(part, value) != value:
            raise MessageRefused(
                address.topic, part, f"is {shown(data[part])}, but the topic says {value!r}"
            )
    return {part: value for part, value in ids.items() if value} | data


def _conform(kind: type, data: object, topic: str) -> None:
    if fault := first_fault(json_schema(kind), data):
        raise MessageRefused(topic, *fault)


def _built(kind: type, data: dict[str, Any], topic: str) -> Any:  # noqa: ANN401 - a ``kind``
    try:
        return _decoder(kind).decode(data)
    except InvalidFieldValue as error:
        raise MessageRefused(topic, *_cause(error)) from None


def _cause(error: InvalidFieldValue) -> tuple[str, str]:
    """Path of the innermost field that could not be read, and why."""
    path = [str(error.field_name)]
    cause = error.__context__
    while isinstance(cause, InvalidFieldValue):
        path.append(str(cause.field_name))
        cause = cause.__context__
    return ".".join(path), str(cause)


@cache
def _decoder(kind: type) -> BasicDecoder[Any]:
    return BasicDecoder(kind)


@cache
def _encoder(kind: type) -> BasicEncoder[Any]:
    return BasicEncoder(kind)
