"""Good bytes made bad, the same way for the same seed."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from mqtt_schemas.conformance import first_fault

_NASTY_BYTES = (0x00, 0x01, 0x47, 0x7F, 0x80, 0xFE, 0xFF)
_NASTY_NUMBERS = (0, -1, 1, 2**31, -(2**31), 2**53, 2**63 - 1, -(2**63), 2**64, 1e308, 0.5)
_NASTY_TEXTS = (
    *(
        "",
        " ",
        "a",
        "A" * 200,
        "x" * 5000,
        "\u0000",
        "\ud7ff",
        "\u202e\u2066",
        "é\u0301",
        "../../x",
    ),
    *("$(id)", "%s%n", "{0}", "door/+", "#", "pt-BR", "en", "1.0", "null", "\U0001f6aa" * 40),
)

_SCALARS: Mapping[Any, Sequence[Any]] = {
    "integer": (1, 7, 48_000, *_NASTY_NUMBERS),
    "number": (0.5, 1, 25.0, *_NASTY_NUMBERS),
    "boolean": (True, False),
    "string": ("en", "door", "1.0", "u1", "https://box:8090", *_NASTY_TEXTS),
}


def mutated(data: bytes, chance: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """One to eight small faults: bits, runs, cuts, repeats, and pieces of others."""
    body = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if not body:
            body += chance.randbytes(chance.randint(1, 64))
            continue
        at = chance.randrange(len(body))
        match chance.randrange(7):
            case 0:
                body[at] ^= 1 << chance.randrange(8)
            case 1:
                body[at] = chance.choice(_NASTY_BYTES)
            case 2:
                del body[at : at + chance.randint(1, 188)]
            case 3:
                body[at:at] = body[at : at + chance.randint(1, 376)]
            case 4:
                body[at:at] = chance.randbytes(chance.randint(1, 32))
            case 5:
                del body[at:]
            case _ if others:
                other = chance.choice(others)
                start = chance.randrange(max(1, len(other)))
                body[at : at + 188] = other[start : start + 188]
            case _:
                body.reverse()
    return bytes(body)


def instance_of(schema: Mapping[str, Any], chance: random.Random, depth: int = 0) -> Any:  # noqa: ANN401 - JSON
    """A JSON value that mostly fits a schema, and now and then does not."""
    if chance.random() < 0.01 or depth > 20:
        return anything(chance)
    if "anyOf" in schema:
        return instance_of(chance.choice(schema["anyOf"]), chance, depth + 1)
    if "enum" in schema:
        return chance.choice([*schema["enum"] * 20, *_NASTY_TEXTS[:3]])
    kind = schema.get("type")
    if kind == "object":
        return _object_of(schema, chance, depth)
    if kind == "array":
        count = chance.choice((0, 1, 2, 5, 70)) if depth < 3 else 1
        return [instance_of(schema.get("items", {}), chance, depth + 1) for _ in range(count)]
    return _scalar_of(schema, chance) if kind in _SCALARS else anything(chance)


def _scalar_of(schema: Mapping[str, Any], chance: random.Random) -> Any:  # noqa: ANN401 - JSON
    values = _SCALARS[schema["type"]]
    fitting = [value for value in values if first_fault(schema, value) is None]
    return chance.choice(fitting if fitting and chance.random() < 0.97 else values)


def _object_of(schema: Mapping[str, Any], chance: random.Random, depth: int) -> dict[str, Any]:
    given = {
        name: instance_of(field, chance, depth + 1)
        for name, field in schema.get("properties", {}).items()
        if chance.random() < 0.98
    }
    return given | ({chance.choice(_NASTY_TEXTS): 1} if chance.random() < 0.1 else {})


def anything(chance: random.Random) -> Any:  # noqa: ANN401 - JSON
    """A JSON value that fits nothing in particular."""
    nested: Any = []
    for _ in range(chance.choice((1, 5, 40))):
        nested = [nested]
    return chance.choice(
        (None, True, {}, nested, *_NASTY_NUMBERS, *_NASTY_TEXTS, {"": {"": [None] * 30}})
    )
