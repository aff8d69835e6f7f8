"""What the words of an unfinished transcript say about whether a thought has ended."""

import re
from dataclasses import dataclass

from edge_worker.atp.function_words import FUNCTION_WORDS
from engines.language import primary
from engines.text import unmarked

_CLOSERS = r"[\"'\u201d\u2019\u00bb)\]\u300d\u300f\uff09]*$"
_SENTENCE_END = re.compile(r"[.?!\u061f\u06d4\u0964\u3002\uff1f\uff01]" + _CLOSERS)
"""Latin, Arabic, Urdu, Hindi, Chinese."""
_TRAILS_OFF = re.compile(r"(\.\.\.|[-\u2026\u2013\u2014,\u060c\u061b\uff0c\u3001])" + _CLOSERS)
_WORD = re.compile(r"[^\W\d_]+|\d+", re.UNICODE)
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
"""Kana, Han, Thai: written without spaces between words."""
_LETTERS_PER_WORD = 2


@dataclass(frozen=True, slots=True)
class Sense:
    """What the text shows."""

    words: int
    ends_sentence: bool
    """Closed by ``.``, ``?`` or ``!``, not by an ellipsis, dash or comma."""
    leans_on: bool
    """Its last word wants another one after it."""


def sense(text: str, language: str) -> Sense:
    """Read ``text`` (BCP-47 ``language``) for signs of a finished thought."""
    stripped = text.strip()
    words = _WORD.findall(unmarked(stripped.lower()))
    function_words = FUNCTION_WORDS.get(primary(language), frozenset())
    trails_off = bool(_TRAILS_OFF.search(stripped))
    return Sense(
        words=_count(stripped, words),
        ends_sentence=not trails_off and bool(_SENTENCE_END.search(stripped)),
        leans_on=bool(words) and _leans_on(words[-1], function_words),
    )


def _leans_on(last: str, function_words: frozenset[str]) -> bool:
    """Where nothing parts words, the last run of letters ends on one."""
    if _UNSPACED.match(last[-1]):
        return last.endswith(tuple(function_words))
    return last in function_words


def _count(text: str, words: list[str]) -> int:
    """Words, estimated from the letters where the script does not part them."""
    spaced = sum(1 for word in words if not _UNSPACED.search(word))
    return spaced + len(_UNSPACED.findall(text)) // _LETTERS_PER_WORD
