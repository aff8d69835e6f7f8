"""Messages of every kind, made at random from their own schemas."""

from enum import StrEnum
from typing import Any

from hypothesis import strategies as st

from mqtt_schemas import RULES, MediaProperties, PcmProperties, TalkbackReply
from mqtt_schemas.conformance import json_schema
from mqtt_schemas.identifiers import LANGUAGE_PATTERN

MESSAGES: tuple[type, ...] = (
    *(
        rules.body
        for rules in RULES.values()
        if isinstance(rules.body, type) and not issubclass(rules.body, StrEnum)
    ),
    TalkbackReply,
)
WORDS: tuple[type[StrEnum], ...] = tuple(
    rules.body
    for rules in RULES.values()
    if isinstance(rules.body, type) and issubclass(rules.body, StrEnum)
)
PROPERTIES = (MediaProperties, PcmProperties)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
_TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_LANGUAGES = st.sampled_from(["en", "pt-br", "zh-hant-tw", "es-419", "ca-valencia", "haw"])
"""A few stand for all: drawing them from their pattern takes most of the test's time."""
_DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


def json_bodies(kind: type) -> st.SearchStrategy[Any]:
    """JSON values that a message's schema takes; optional fields come and go."""
    return _values(json_schema(kind))


def _values(schema: Any) -> st.SearchStrategy[Any]:
    if "anyOf" in schema:
        return st.one_of(*(_values(choice) for choice in schema["anyOf"]))
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    values: st.SearchStrategy[Any] = _TYPES[schema["type"]](schema)
    return values


def _strings(schema: Any) -> st.SearchStrategy[str]:
    longest = schema.get("maxLength", 1_000)
    if "pattern" not in schema:
        return _TEXT
    if LANGUAGE_PATTERN[1:-1] in schema["pattern"]:
        return _LANGUAGES
    texts = st.from_regex(schema["pattern"], fullmatch=True, alphabet=st.characters(codec="utf-8"))
    return texts.filter(lambda text: len(text) <= longest)


def _numbers(schema: Any) -> st.SearchStrategy[float]:
    excluded = "exclusiveMinimum" in schema
    return st.floats(
        schema.get("exclusiveMinimum" if excluded else "minimum"),
        schema.get("maximum"),
        exclude_min=excluded,
        allow_nan=False,
        allow_infinity=False,
    )


def _objects(schema: Any) -> st.SearchStrategy[dict[str, Any]]:
    if "properties" not in schema:
        return st.dictionaries(_TEXT, _DATA, max_size=3)
    fields = {name: _values(field) for name, field in schema["properties"].items()}
    required = set(schema.get("required", ()))
    return st.fixed_dictionaries(
        {name: values for name, values in fields.items() if name in required},
        optional={name: values for name, values in fields.items() if name not in required},
    )


_TYPES: dict[str, Any] = {
    "null": lambda _: st.none(),
    "boolean": lambda _: st.booleans(),
    "integer": lambda schema: st.integers(schema["minimum"], schema["maximum"]),
    "number": _numbers,
    "string": _strings,
    "array": lambda schema: st.lists(_values(schema["items"]), max_size=3).map(list),
    "object": _objects,
}
