# ruff: noqa: RUF001 - the marks of many scripts are meant
"""Text as models can take it: no control characters, no pictographs, cut into sentences."""

import re
import unicodedata

_JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: format characters that Persian and the Indic scripts spell with."""
_DROPPED = ("Cf", "Cs", "Co", "Cn", "So", "Sk")
_SENTENCE_END = re.compile(
    r"(?<=[.!?…؟۔।])[\"'”’»)]*\s+(?=\S)"
    r"|(?<=[。！？])[\"'”’»)」』）]*\s*(?=[^\s。！？\"'”’»)」』）])"
)
"""Chinese and Japanese put no space after a full stop."""
_CLAUSE_ENDS = (", ", "; ", ": ", "، ", "؛ ", "，", "、", "；", "：")
_STUTTER = re.compile(r"([^\d\s])\1{3,}")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:Sra?|Srta|Dra?|Profa?|Av|Mrs?|Ms|St|Mme|Mlle|Hr|Fr|Sig|Dott|Ing|Ud|Nr|Tel"
    r"|[Dd]hr|[Mm]evr|[Bb]ijv|[Uu]l|[Nn]p|[Pp]an|[Ss]tr|[Dd]l|[Bb]l|Sn|ул|кв|им|вул|буд|[zuтдг]"
    r"|z\.\s?B|u\.\s?a|[A-ZÀ-ÝА-ЯІЇЄҐ])\.$"
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


def unmarked(text: str) -> str:
    """``text`` without marks above and below its letters that are not part of them in NFC.

    Arabic is written with and without vowel signs; é keeps its accent.
    """
    composed = unicodedata.normalize("NFC", text)
    return "".join(letter for letter in composed if unicodedata.category(letter) != "Mn")


def has_words(text: str) -> bool:
    """Whether there is anything in ``text`` to translate or to say."""
    return any(character.isalnum() for character in text)


def sentences(text: str, *, longest: int) -> list[str]:
    """Cut ``text`` into its sentences, none longer than ``longest`` characters.

    A sentence that is too long is cut at its last comma, else its last space, else between two
    characters.
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
        cut = _cut_within(sentence, longest)
        pieces.append(sentence[:cut].strip())
        sentence = sentence[cut:].strip()
    return [*pieces, sentence] if sentence else pieces


def _cut_within(sentence: str, longest: int) -> int:
    """After the last comma, else after the last space, else between two characters."""
    head = sentence[:longest]
    cut = max((head.rfind(mark) + 1 for mark in _CLAUSE_ENDS), default=0)
    return cut or head.rfind(" ") + 1 or character_boundary(sentence, longest)


def character_boundary(text: str, longest: int) -> int:
    """Where ``text`` can be cut to at most ``longest`` code points without parting a character.

    A letter stays with its accents and vowel signs; only a letter with more marks than fit is
    parted.
    """
    if longest >= len(text):
        return len(text)
    cut = longest
    while cut > 0 and _belongs_to_previous(text[cut]):
        cut -= 1
    return cut or longest


def within_bytes(text: str, most: int) -> str:
    """The beginning of ``text`` that takes at most ``most`` bytes as UTF-8, in whole characters."""
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= most:
        return encoded.decode()
    whole = len(encoded[:most].decode("utf-8", "ignore"))
    return encoded.decode()[: character_boundary(text, whole)]


def _belongs_to_previous(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character) in {"Mn", "Mc", "Me"}
