"""Text as models can take it: no control characters, no pictographs, cut into sentences."""

import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: format characters that Persian and the Indic scripts spell with."""
_DROPPED = ("Cf", "Cs", "Co", "Cn", "So", "Sk")
_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’»)]*\s+(?=\S)")  # noqa: RUF001 - full-width marks end Chinese sentences
_STUTTER = re.compile(r"([^\d\s])\1{3,}")
_ABBREVIATION = re.compile(
    r"(?:^|\s)(?:Sra?|Srta|Dra?|Profa?|Av|Mrs?|Ms|St|Mme|Mlle|Hr|Sig|[A-ZÀ-Ý])\.$"
)


def plain(text: str) -> str:
    """``text`` in NFC on one line, without control characters, pictographs and lone surrogates.

    Translation models answer a pictograph or a control character with invented words, and C
    libraries stop at a NUL. A character four times or more in a row, digits apart, is left three
    times: translation models loop on it.
    """
    kept = "".join(_kept(character) for character in unicodedata.normalize("NFC", text))
    return " ".join(_STUTTER.sub(r"\1\1\1", kept).split())


def _kept(character: str) -> str:
    if character in _JOINERS:
        return character
    category = unicodedata.category(character)
    if category == "Cc":
        return " "
    return "" if category in _DROPPED else character


def has_words(text: str) -> bool:
    """Whether there is anything in ``text`` to translate or to say."""
    return any(character.isalnum() for character in text)


def sentences(text: str, *, longest: int) -> list[str]:
    """Cut ``text`` into its sentences, none longer than ``longest`` characters.

    A sentence that is too long is cut at its last comma, else its last space, else anywhere.
    """
    return [
        piece
        for sentence in _joined_at_abbreviations(_cut_at_ends(text))
        for piece in _shortened(sentence.strip(), longest)
    ]


def _cut_at_ends(text: str) -> list[str]:
    """Cut behind each full stop and the quotation marks or brackets that close with it."""
    parts, start = [], 0
    for end in _SENTENCE_END.finditer(text):
        parts.append(text[start : end.start()] + end.group().rstrip())
        start = end.end()
    return [*parts, text[start:]]


def _joined_at_abbreviations(parts: list[str]) -> list[str]:
    """Undo the cut after "Sr.", "Mrs." or an initial."""
    joined: list[str] = []
    for part in parts:
        if joined and _ABBREVIATION.search(joined[-1]):
            joined[-1] = f"{joined[-1]} {part}"
        else:
            joined.append(part)
    return joined


def _shortened(sentence: str, longest: int) -> list[str]:
    pieces = []
    while len(sentence) > longest:
        head = sentence[:longest]
        cut = max(head.rfind(mark) for mark in (", ", "; ", ": ")) + 1
        if cut <= 0:
            cut = head.rfind(" ") + 1
        if cut <= 0:
            cut = longest
        pieces.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
    return [*pieces, sentence] if sentence else pieces
