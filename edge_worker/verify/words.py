"""Is the right thing said, and can it be understood?"""

import re
import unicodedata
from collections.abc import Sequence

import jiwer
import numpy as np
import sacrebleu
from numpy.typing import NDArray

from edge_worker.captions import Caption
from edge_worker.span import Span
from edge_worker.verify.reference import ReferenceUtterance
from engines.asr import SAMPLE_RATE, Recognizer

_UNSPACED = frozenset({"bo", "ja", "km", "lo", "my", "th", "yue", "zh"})
"""Languages written without spaces between words."""
_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MARGIN_NS = 150_000_000
"""Sound heard on either side of a spoken span: a recognizer wants to hear a word begin."""
_NS = 1_000_000_000
_SHARED = 0.2
"""Two utterances belong together when they share this much of the shorter one."""

Group = tuple[tuple[ReferenceUtterance, ...], tuple[Caption, ...]]
"""Reference sentences and the utterances that cover them."""


def counts_characters(language: str) -> bool:
    """Whether errors are counted in characters, since the language writes no spaces."""
    return language.partition("-")[0] in _UNSPACED


def number_in_words(number: int) -> str:
    """English cardinal of 0..999; larger numbers stay digits, spoken one by one."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens = _TENS[number // 10 - 2]
        return tens if number % 10 == 0 else f"{tens} {_ONES[number % 10]}"
    if number < 1000:
        hundreds = f"{_ONES[number // 100]} hundred"
        rest = number % 100
        return hundreds if rest == 0 else f"{hundreds} {number_in_words(rest)}"
    return " ".join(_ONES[int(digit)] for digit in str(number))


def normalised(text: str, language: str = "en") -> str:
    """What can be heard of a text: lower case, no punctuation, English numbers in words.

    Spaces go where the language has none.
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    if language.partition("-")[0] == "en":
        text = re.sub(r"\d+", lambda found: f" {number_in_words(int(found.group()))} ", text)
    text = text.replace("'", "")
    letters = "".join(kept if _sounds(kept) else " " for kept in text)
    return ("" if counts_characters(language) else " ").join(letters.split())


def _sounds(character: str) -> bool:
    """Letters, digits, and the marks that Indic and Arabic scripts write vowels with."""
    return unicodedata.category(character)[0] in "LNM"


def heard(
    sound: NDArray[np.float32], spans: Sequence[Span], recognizer: Recognizer, language: str
) -> tuple[str | None, ...]:
    """What a recognizer hears in each span of a film's sound, 16 kHz; None beyond the sound."""
    texts: list[str | None] = []
    for span in spans:
        first = max(0, span.start_ns - _MARGIN_NS) * SAMPLE_RATE // 1_000_000_000
        last = (span.end_ns + _MARGIN_NS) * SAMPLE_RATE // 1_000_000_000
        part = sound[first:last] if span.start_ns * SAMPLE_RATE < len(sound) * _NS else sound[:0]
        texts.append(
            recognizer.transcribe(part, language=language).text.strip() if len(part) else None
        )
    return tuple(texts)


def error_rate(said: Sequence[str], heard_texts: Sequence[str], language: str) -> float | None:
    """Edits over words said, all utterances together; None when nothing was said.

    Characters instead of words where ``counts_characters``.
    """
    pairs = [
        (normalised(a, language), normalised(b, language))
        for a, b in zip(said, heard_texts, strict=True)
    ]
    pairs = [(a, b) for a, b in pairs if a]
    if not pairs:
        return None
    count = jiwer.cer if counts_characters(language) else jiwer.wer
    return float(count([a for a, _ in pairs], [b for _, b in pairs]))


def paired(
    reference: Sequence[ReferenceUtterance], spoken: Sequence[Caption], shift_ns: int
) -> tuple[Group, ...]:
    """Groups of reference sentences and utterances that share source time.

    A cut may join sentences or split one: whatever overlaps, directly or through others, is one
    group, so that the text is compared as a whole. A sentence that nobody translated stands
    alone. ``shift_ns`` is the film time of the reference's time 0.
    """
    groups: list[tuple[list[ReferenceUtterance], list[Caption]]] = [
        ([r], []) for r in sorted(reference, key=lambda r: r.span.start_ns)
    ]
    placed = [(one.source.shifted(-shift_ns), one) for one in spoken if one.source is not None]
    for source, one in sorted(placed, key=lambda pair: pair[0].start_ns):
        meets = [g for g in groups if any(_together(r.span, source) for r in g[0])]
        if not meets:
            continue
        first = meets[0]
        for other in meets[1:]:
            first[0].extend(other[0])
            first[1].extend(other[1])
            groups.remove(other)
        first[1].append(one)
    return tuple((tuple(r), tuple(u)) for r, u in groups)


def _together(a: Span, b: Span) -> bool:
    shorter = min(a.duration_ns, b.duration_ns)
    return shorter > 0 and a.overlap_ns(b) >= _SHARED * shorter


def translation_score(groups: Sequence[Group]) -> float | None:
    """Corpus chrF, 0..100, of the target texts against the human ones; omissions count as empty.

    Source: Popovic 2015, as sacrebleu computes it.
    """
    if not groups:
        return None
    human = [" ".join(r.target_text for r in refs) for refs, _ in groups]
    ours = [" ".join(one.target_text for one in said) for _, said in groups]
    return float(sacrebleu.corpus_chrf(ours, [human]).score)
