"""Write asyncapi.yaml from the message dataclasses and the channel rules.

With --check nothing is written: the exit status says whether the file is up to date.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Collection, Iterator
from copy import deepcopy
from dataclasses import is_dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args, get_type_hints

import yaml
from generated import write_or_compare

from mqtt_schemas import (
    DEFAULT_PREFIX,
    PCM_CONTENT_TYPE,
    PROTOCOL_VERSION,
    RULES,
    SEGMENT_CONTENT_TYPE,
    SETTINGS,
    Body,
    Channel,
    MediaProperties,
    Party,
    PcmProperties,
    TalkbackReply,
    TopicAddress,
    ViewGrant,
    ViewRequest,
)
from mqtt_schemas.codec import IDENTITIES
from mqtt_schemas.conformance import json_schema

TARGET = Path(__file__).resolve().parent.parent / "asyncapi.yaml"
HEADER = "# Written by script/asyncapi from mqtt_schemas; do not edit.\n"

PARAMETERS = {
    "worker": "Id of a worker: 1 to 63 of a-z 0-9 _ -, a letter or digit first.",
    "stream": "Id of a stream: 1 to 63 of a-z 0-9 _ -, a letter or digit first.",
    "language": "BCP-47, canonical, lower case.",
    "utterance": "Id of an utterance.",
    "transaction": "Id chosen by the asker.",
    "name": "Name of a request, such as view, say or translate.",
}

Node = dict[str, Any]


def document() -> Node:
    """The whole AsyncAPI 3.0 document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Polylip",
            "version": PROTOCOL_VERSION,
            "description": (
                "The wire contract between cameras, workers and clients. JSON messages ignore "
                "unknown fields; an id that a body repeats must be the topic's."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "home": {"host": "localhost:1883", "protocol": "mqtt", "protocolVersion": "5.0"}
        },
        "channels": {key(channel): channel_node(channel) for channel in Channel},
        "operations": {key(channel): operation_node(channel) for channel in Channel},
        "components": {"messages": message_nodes()},
    }


def key(channel: Channel) -> str:
    """A channel's name in the document: ``workerInfo``."""
    first, *rest = channel.name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


def channel_node(channel: Channel) -> Node:
    """Address, parameters and message of a channel."""
    names = [name for name in TopicAddress.__dataclass_fields__ if f"{{{name}}}" in channel]
    message = message_name(channel)
    return {
        "address": f"{{prefix}}/{channel}",
        "description": RULES[channel].summary,
        "parameters": {
            "prefix": {"default": DEFAULT_PREFIX, "description": "The same for all of a home."}
        }
        | {name: parameter_node(name) for name in names},
        "messages": {message: {"$ref": f"#/components/messages/{message}"}},
    }


def parameter_node(name: str) -> Node:
    """What a part of a topic takes."""
    if name == "setting":
        return {"description": "Name of a setting.", "enum": list(SETTINGS)}
    return {"description": PARAMETERS[name]}


def operation_node(channel: Channel) -> Node:
    """What a worker does on a channel, with its MQTT rules."""
    rules = RULES[channel]
    binding: Node = {"qos": rules.qos, "retain": rules.retained, "bindingVersion": "0.2.0"}
    if rules.expiry_s is not None:
        binding["messageExpiryInterval"] = rules.expiry_s
    return {
        "action": "send" if rules.publisher is Party.WORKER else "receive",
        "channel": {"$ref": f"#/channels/{key(channel)}"},
        "summary": rules.summary,
        "bindings": {"mqtt": binding},
    }


def message_name(channel: Channel) -> str:
    """Name of the message that a channel carries."""
    body = RULES[channel].body
    return (
        body.__name__
        if isinstance(body, type)
        else {Body.TEXT: "SettingText", Body.SEGMENT: "Segment", Body.PCM: "Pcm"}[body]
    )


def message_nodes() -> Node:
    """Every message once, and those that travel as the data of a request or a response."""
    nodes = {
        message_name(channel): message_node(RULES[channel].body, channel) for channel in Channel
    }
    data = (TalkbackReply, ViewRequest, ViewGrant)
    return nodes | {kind.__name__: json_node(kind, ()) for kind in data}


def message_node(body: type | Body, channel: Channel) -> Node:
    """One message."""
    if isinstance(body, Body):
        return body_node(body)
    if issubclass(body, StrEnum):
        return {
            "summary": summary(body),
            "contentType": "text/plain",
            "payload": {"type": "string", "enum": [str(word) for word in body]},
        }
    return json_node(body, [name for name in IDENTITIES if f"{{{name}}}" in channel])


def body_node(body: Body) -> Node:
    """A message that is neither JSON nor a word."""
    if body is Body.TEXT:
        return {
            "summary": "The bare value of a setting.",
            "contentType": "text/plain",
            "payload": {"type": "string"},
        }
    content_type, properties = {
        Body.SEGMENT: (SEGMENT_CONTENT_TYPE, MediaProperties),
        Body.PCM: (PCM_CONTENT_TYPE, PcmProperties),
    }[body]
    return {
        "summary": summary(properties),
        "description": "The headers travel as MQTT 5 user properties, as text.",
        "contentType": content_type,
        "headers": described(properties),
        "payload": {"type": "string", "format": "binary"},
    }


def json_node(message: type, from_topic: Collection[str]) -> Node:
    """A JSON message; ids that the topic gives may be left out of the body."""
    payload = described(message)
    required = [name for name in payload.pop("required", ()) if name not in from_topic]
    if required:
        payload["required"] = required
    return {"summary": summary(message), "payload": payload}


def described(message: type) -> Node:
    """A dataclass's schema with the docstrings of its fields."""
    schema: Node = deepcopy(dict(json_schema(message)))
    describe(schema, message)
    return schema


def describe(schema: Node, message: type) -> None:
    """Write field docstrings into a schema, all the way down."""
    texts = field_docstrings(message)
    for name, hint in get_type_hints(message).items():
        field = schema["properties"][name]
        if name in texts:
            field["description"] = texts[name]
        for part in dataclasses_in(hint):
            describe(object_in(field), part)


def dataclasses_in(hint: object) -> Iterator[type]:
    """The dataclass within ``X``, ``X | None`` or ``tuple[X, ...]``."""
    if is_dataclass(hint) and isinstance(hint, type):
        yield hint
    for argument in get_args(hint):
        yield from dataclasses_in(argument)


def object_in(schema: Node) -> Node:
    """The object schema within a field's schema."""
    if "anyOf" in schema:
        return next(choice for choice in schema["anyOf"] if choice.get("type") == "object")
    inner: Node = schema["items"] if schema.get("type") == "array" else schema
    return inner


def field_docstrings(message: type) -> dict[str, str]:
    """The literal that follows each field, by the field's name."""
    module = ast.parse(textwrap.dedent(inspect.getsource(message)))
    body = [line for part in module.body if isinstance(part, ast.ClassDef) for line in part.body]
    return {
        field.target.id: " ".join(literal.value.value.split())
        for field, literal in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(literal, ast.Expr)
        and isinstance(literal.value, ast.Constant)
        and isinstance(literal.value.value, str)
    }


def summary(kind: type) -> str:
    """First line of a docstring."""
    return (inspect.getdoc(kind) or "").partition("\n")[0]


class _Plain(yaml.SafeDumper):
    """YAML without anchors."""

    def ignore_aliases(self, _data: object) -> bool:
        return True


def text() -> str:
    """The document as it is written."""
    body = yaml.dump(document(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)
    return HEADER + body


if __name__ == "__main__":
    sys.exit(write_or_compare(TARGET, text(), source="mqtt_schemas", command="script/asyncapi"))
