"""Is the right thing said, and can it be understood?"""

import re
import unicodedata
from collections.abc import Sequence

import jiwer
import numpy as np
import sacrebleu
from numpy.typing import NDArray

from edge_worker.demo.judge.record import ReferenceUtterance, Span, SpokenUtterance
from engines.asr import SAMPLE_RATE, Recognizer

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen"),
    *("eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_MARGIN_NS = 150_000_000
"""Sound heard on either side of a spoken span: a recognizer wants to hear a word begin."""
_SHARED = 0.2
"""Two utterances belong together when they share this much of the shorter one."""


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


def normalised(text: str) -> str:
    """Lower case, no punctuation, English numbers in words: what can be heard of a text."""
    text = unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"\d+", lambda found: f" {number_in_words(int(found.group()))} ", text)
    text = text.replace("'", "")
    return " ".join(re.findall(r"[^\W_]+", text))


def heard(
    sound: NDArray[np.float32],
    utterances: Sequence[SpokenUtterance],
    recognizer: Recognizer,
    language: str,
) -> dict[str, str]:
    """What a recognizer hears in the output film where each utterance is spoken, by utterance id.

    ``sound`` is 16 kHz.
    """
    texts = {}
    for u in utterances:
        if u.placed is None:
            continue
        first = max(0, u.placed.start_ns - _MARGIN_NS) * SAMPLE_RATE // 1_000_000_000
        last = (u.placed.end_ns + _MARGIN_NS) * SAMPLE_RATE // 1_000_000_000
        texts[u.id] = recognizer.transcribe(sound[first:last], language=language).text.strip()
    return texts


def word_error_rate(said: Sequence[str], heard_texts: Sequence[str]) -> float | None:
    """Edits over words said, all utterances together; None when nothing was said."""
    pairs = [(normalised(a), normalised(b)) for a, b in zip(said, heard_texts, strict=True)]
    pairs = [(a, b) for a, b in pairs if a]
    if not pairs:
        return None
    return float(jiwer.wer([a for a, _ in pairs], [b for _, b in pairs]))


def paired(
    reference: Sequence[ReferenceUtterance], spoken: Sequence[SpokenUtterance]
) -> tuple[tuple[tuple[ReferenceUtterance, ...], tuple[SpokenUtterance, ...]], ...]:
    """Groups of reference sentences and utterances that share source time.

    A cut may join sentences or split one: whatever overlaps, directly or through others, is one
    group, so that the text is compared as a whole. A sentence that nobody translated stands
    alone.
    """
    groups: list[tuple[list[ReferenceUtterance], list[SpokenUtterance]]] = [
        ([r], []) for r in sorted(reference, key=lambda r: r.span.start_ns)
    ]
    for u in sorted(spoken, key=lambda u: u.source.start_ns):
        meets = [g for g in groups if any(_together(r.span, u.source) for r in g[0])]
        if not meets:
            continue
        first = meets[0]
        for other in meets[1:]:
            first[0].extend(other[0])
            first[1].extend(other[1])
            groups.remove(other)
        first[1].append(u)
    return tuple((tuple(r), tuple(u)) for r, u in groups)


def _together(a: Span, b: Span) -> bool:
    shorter = min(a.duration_ns, b.duration_ns)
    return shorter > 0 and a.overlap_ns(b) >= _SHARED * shorter


def translation_score(
    reference: Sequence[ReferenceUtterance], spoken: Sequence[SpokenUtterance]
) -> float | None:
    """Corpus chrF, 0..100, of the target texts against the human ones; omissions count as empty.

    Source: Popovic 2015, as sacrebleu computes it.
    """
    groups = paired(reference, spoken)
    if not groups:
        return None
    human = [" ".join(r.target_text for r in refs) for refs, _ in groups]
    ours = [" ".join(u.target_text for u in said) for _, said in groups]
    return float(sacrebleu.corpus_chrf(ours, [human]).score)
