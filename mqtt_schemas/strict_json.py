"""JSON from outside, read strictly: what RFC 8259 leaves to chance is refused."""

import json
import math
from collections import Counter
from typing import Any, NoReturn

from .errors import shown
from .limits import MAX_DEPTH

_MAX_DIGITS = 19
"""Every 64-bit integer fits; longer ones would cost quadratic time."""


class StrictJsonError(ValueError):
    """The text is no JSON that two readers would understand alike."""


def loads(payload: bytes) -> Any:  # noqa: ANN401 - JSON is any of its own types
    """The value of a JSON text in UTF-8.

    Raises:
        StrictJsonError: not UTF-8 or not JSON; NaN, Infinity or numbers beyond 64 bits; a name that
            occurs twice in one object; half a surrogate pair; nested beyond ``MAX_DEPTH``.
    """
    try:
        value = json.loads(
            payload.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_number,
            parse_constant=_constant,
        )
    except UnicodeDecodeError as error:
        raise StrictJsonError(f"is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise StrictJsonError(f"is not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise StrictJsonError(f"is nested beyond {MAX_DEPTH} levels") from None
    _inspect(value, MAX_DEPTH)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise StrictJsonError(f"names {shown(twice)} twice")
    return names


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > _MAX_DIGITS or not -(1 << 63) <= int(digits) < 1 << 63:
        raise StrictJsonError(f"has a number beyond 64 bits: {shown(digits)}")
    return int(digits)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise StrictJsonError(f"has a number beyond 64 bits: {shown(text)}")
    return value


def _constant(name: str) -> NoReturn:
    raise StrictJsonError(f"has {name}, which is no JSON number")


def _inspect(value: object, depth: int) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list | dict):
        if depth == 0:
            raise StrictJsonError(f"is nested beyond {MAX_DEPTH} levels")
        if isinstance(value, dict):
            for name in value:
                _check_text(name)
        for item in value.values() if isinstance(value, dict) else value:
            _inspect(item, depth - 1)


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StrictJsonError(f"has half a surrogate pair in {shown(text)}") from None
