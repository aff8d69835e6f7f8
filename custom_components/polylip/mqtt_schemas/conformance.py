"""Messages against their JSON schema: the one that ``asyncapi.yaml`` publishes."""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from mashumaro.jsonschema import build_json_schema

from .errors import shown

JsonSchema = Mapping[str, Any]
Fault = tuple[str, str]
"""Path of a field, and what is wrong with it."""


@cache
def json_schema(message: type) -> JsonSchema:
    """The JSON schema (draft 2020-12) of a message's dataclass."""
    return _open(build_json_schema(message).to_dict())


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with unknown fields allowed, all the way down."""
    opened = {
        key: value
        for key, value in schema.items()
        if not (key == "additionalProperties" and value is False)
    }
    for key, value in opened.items():
        if key == "properties":
            opened[key] = {name: _open(field) for name, field in value.items()}
        elif key == "anyOf":
            opened[key] = [_open(choice) for choice in value]
        elif key in {"items", "additionalProperties"} and isinstance(value, dict):
            opened[key] = _open(value)
    return opened


def first_fault(schema: JsonSchema, value: object) -> Fault | None:
    """The first thing in a JSON value that breaks ``schema``; None when it conforms."""
    return next(_faults(schema, value, ""), None)


def _faults(schema: JsonSchema, value: object, path: str) -> Iterator[Fault]:
    if "anyOf" in schema:
        yield from _any_of_faults(schema["anyOf"], value, path)
    elif "enum" in schema:
        if not isinstance(value, str) or value not in schema["enum"]:
            yield path, f"is {shown(value)}; takes {', '.join(schema['enum'])}"
    elif "type" in schema:
        yield from _typed_faults(schema, value, path)


def _any_of_faults(choices: list[JsonSchema], value: object, path: str) -> Iterator[Fault]:
    if value is None and {"type": "null"} in choices:
        return
    (choice,) = (choice for choice in choices if choice != {"type": "null"})
    yield from _faults(choice, value, path)


def _typed_faults(schema: JsonSchema, value: object, path: str) -> Iterator[Fault]:
    match schema["type"], value:
        case "boolean", bool():
            pass
        case "string", str():
            yield from _string_faults(schema, value, path)
        case "integer", int() if not isinstance(value, bool):
            yield from _number_faults(schema, value, path)
        case "number", int() | float() if not isinstance(value, bool):
            yield from _number_faults(schema, value, path)
        case "array", list():
            yield from _array_faults(schema, value, path)
        case "object", dict():
            yield from _object_faults(schema, value, path)
        case kind, _:
            yield path, f"is {shown(value)}, not {_KINDS[kind]}"


_KINDS: Mapping[str, str] = {
    "boolean": "true or false",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "an object",
}


def _string_faults(schema: JsonSchema, value: str, path: str) -> Iterator[Fault]:
    if len(value) > schema.get("maxLength", math.inf):
        yield path, f"has {len(value)} characters; at most {schema['maxLength']} are taken"
    elif "pattern" in schema and not re.fullmatch(schema["pattern"], value):
        yield path, f"is {shown(value)}, which does not match {schema['pattern']}"


def _number_faults(schema: JsonSchema, value: float, path: str) -> Iterator[Fault]:
    if not math.isfinite(value):
        yield path, f"is {value}, which is no JSON number"
    elif value < schema.get("minimum", -math.inf):
        yield path, f"is {shown(value)}, below {schema['minimum']}"
    elif value > schema.get("maximum", math.inf):
        yield path, f"is {shown(value)}, above {schema['maximum']}"
    elif value <= schema.get("exclusiveMinimum", -math.inf):
        yield path, f"is {shown(value)}; it must be above {schema['exclusiveMinimum']}"


def _array_faults(schema: JsonSchema, value: list[Any], path: str) -> Iterator[Fault]:
    if len(value) > schema.get("maxItems", math.inf):
        yield path, f"has {len(value)} items; at most {schema['maxItems']} are taken"
        return
    for index, item in enumerate(value):
        yield from _faults(schema["items"], item, f"{path}[{index}]")


def _object_faults(schema: JsonSchema, value: dict[str, Any], path: str) -> Iterator[Fault]:
    if len(value) > schema.get("maxProperties", math.inf):
        yield path, f"has {len(value)} fields; at most {schema['maxProperties']} are taken"
        return
    for name in schema.get("required", ()):
        if name not in value:
            yield _below(path, name), "is missing"
    for name, field in schema.get("properties", {}).items():
        if name in value:
            yield from _faults(field, value[name], _below(path, name))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
