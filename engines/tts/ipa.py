"""What espeak-ng spells in its own way, in IPA, so that the lips do what the language asks.

Russian and Romanian get a front rounded vowel where a central one is meant, which would round the
lips. Arabic gets a capital for its short *i*. Mandarin is written with stops, dashes and digits: a
full stop after ``s`` or ``i`` curls the tongue back (``ts.h`` begins *chá*), a dash after ``o``
spreads the lips (*hē*), digits and ``ɜ`` are tones. Left as they are, the stops would close the
lips in the middle of a syllable.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from engines.language import primary
from engines.tts import Phoneme

TONE = "\N{MODIFIER LETTER LOW TONE BAR}"

_MANDARIN = frozenset({"zh", "cmn"})
_PAIRS = {("s", "."): "ʂ", ("i", "."): "ɨ", ("o", "-"): "ɤ"}
_TONES = dict.fromkeys("12345ɜ", TONE)
_VOWELS = {"ar": {"I": "\N{LATIN LETTER SMALL CAPITAL I}"}, "ru": {"y": "ɨ"}, "ro": {"y": "ɨ"}}


def is_mandarin(language: str) -> bool:
    """Whether ``language`` (BCP-47 or espeak-ng's own tag) is Mandarin."""
    return primary(language) in _MANDARIN


def in_ipa(phonemes: Iterable[Phoneme], language: str) -> tuple[Phoneme, ...]:
    """The same sounds and times with IPA symbols; joined symbols last as long as both."""
    if is_mandarin(language):
        return tuple(_renamed(_joined(tuple(phonemes)), _TONES))
    return tuple(_renamed(phonemes, _VOWELS.get(primary(language), {})))


def symbols_in_ipa(symbols: Iterable[str], language: str) -> list[str]:
    """As ``in_ipa``, for symbols without times."""
    return [one.symbol for one in in_ipa((Phoneme(symbol, 0) for symbol in symbols), language)]


def _renamed(phonemes: Iterable[Phoneme], names: dict[str, str]) -> Iterator[Phoneme]:
    for one in phonemes:
        yield Phoneme(names.get(one.symbol, one.symbol), one.samples)


def _joined(phonemes: Sequence[Phoneme]) -> Iterator[Phoneme]:
    taken = False
    for one, following in pairwise((*phonemes, Phoneme("", 0))):
        symbol = _PAIRS.get((one.symbol, following.symbol))
        if taken:
            taken = False
        elif symbol is not None:
            taken = True
            yield Phoneme(symbol, one.samples + following.samples)
        else:
            yield one
