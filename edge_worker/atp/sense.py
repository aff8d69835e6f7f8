"""What the words of an unfinished transcript say about whether a thought has ended."""

import re
from dataclasses import dataclass

from edge_worker.atp.function_words import FUNCTION_WORDS

_SENTENCE_END = re.compile(r"[.?!\u3002\uff1f\uff01][\"'\u201d\u00bb)\]]*$")
_TRAILS_OFF = re.compile(r"(\.\.\.|[-\u2026\u2013\u2014,])[\"'\u201d\u00bb)\]]*$")
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
    words = _WORD.findall(stripped.lower())
    function_words = FUNCTION_WORDS.get(language.split("-", maxsplit=1)[0], frozenset())
    trails_off = bool(_TRAILS_OFF.search(stripped))
    return Sense(
        words=_count(stripped, words),
        ends_sentence=not trails_off and bool(_SENTENCE_END.search(stripped)),
        leans_on=bool(words) and words[-1] in function_words,
    )


def _count(text: str, words: list[str]) -> int:
    """Words, estimated from the letters where the script does not part them."""
    unspaced = len(_UNSPACED.findall(text))
    return max(len(words), unspaced // _LETTERS_PER_WORD)
