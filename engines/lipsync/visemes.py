# ruff: noqa: RUF001 - the IPA letters are meant
"""Mouth shapes of phones: 20 visemes for the IPA of the languages of the catalogue.

What is heard alike may look unlike and the other way round: the English r rounds the lips, a rolled
one does not; the Mandarin x and the Polish s with an acute spread them where sh rounds them.
"""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from engines.lipsync import MouthShape


class Viseme(StrEnum):
    """Phones that look alike on the lips."""

    REST = "rest"
    CLOSED = "p b m"
    NEAR = "bv"
    """Lips that approach without touching, as in Spanish *haber*."""
    LIP_TEETH = "f v"
    TONGUE_TEETH = "th"
    TONGUE_RIDGE = "t d n"
    HISS = "s z"
    HUSH = "sh zh"
    BACK = "k g"
    R = "r"
    L = "l"
    W = "w"
    Y = "y"
    H = "h"
    SPREAD = "ee"
    MID = "eh"
    OPEN = "ah"
    NEUTRAL = "uh"
    ROUND_OPEN = "oh"
    ROUND = "oo"


@dataclass(frozen=True, slots=True)
class Articulation:
    """What a viseme asks of the mouth, and how strongly beside its neighbours.

    The weights are the dominances of Cohen and Massaro, "Modeling coarticulation in synthetic
    visual speech", 1993.
    """

    shape: MouthShape
    hold_opening: float
    """Weight on opening, tuck, press and tongue."""
    hold_width: float
    """Weight on width and rounding, which spread over more neighbours."""


def _mouth(
    opening: float, width: float, rounding: float, *, tuck: float = 0, tongue: float = 0
) -> MouthShape:
    return MouthShape(opening, width, rounding, tuck=tuck, tongue=tongue)


ARTICULATIONS: Final[dict[Viseme, Articulation]] = {
    Viseme.REST: Articulation(MouthShape(), 1.0, 0.4),
    Viseme.CLOSED: Articulation(MouthShape(rounding=0.05, press=0.5), 4.0, 0.25),
    Viseme.NEAR: Articulation(_mouth(0.020, 0, 0.1), 2.0, 0.3),
    Viseme.LIP_TEETH: Articulation(_mouth(0.010, 0.02, 0, tuck=1), 3.0, 0.4),
    Viseme.TONGUE_TEETH: Articulation(_mouth(0.085, 0.03, 0, tongue=1), 1.3, 0.35),
    Viseme.TONGUE_RIDGE: Articulation(_mouth(0.050, 0.04, 0, tongue=0.35), 0.7, 0.25),
    Viseme.HISS: Articulation(_mouth(0.040, 0.07, 0), 1.2, 0.6),
    Viseme.HUSH: Articulation(_mouth(0.055, -0.04, 0.5), 1.1, 1.4),
    Viseme.BACK: Articulation(_mouth(0.065, 0.02, 0), 0.5, 0.15),
    Viseme.R: Articulation(_mouth(0.055, -0.03, 0.45), 0.7, 0.9),
    Viseme.L: Articulation(_mouth(0.090, 0.03, 0, tongue=0.8), 0.9, 0.3),
    Viseme.W: Articulation(_mouth(0.030, -0.06, 0.9), 1.6, 1.8),
    Viseme.Y: Articulation(_mouth(0.045, 0.08, 0), 0.8, 0.8),
    Viseme.H: Articulation(_mouth(0.080, 0, 0), 0.12, 0.08),
    Viseme.SPREAD: Articulation(_mouth(0.065, 0.11, 0), 1.0, 1.0),
    Viseme.MID: Articulation(_mouth(0.105, 0.05, 0), 1.0, 0.9),
    Viseme.OPEN: Articulation(_mouth(0.155, -0.02, 0), 1.2, 0.8),
    Viseme.NEUTRAL: Articulation(_mouth(0.085, 0.01, 0.05), 0.6, 0.4),
    Viseme.ROUND_OPEN: Articulation(_mouth(0.125, -0.04, 0.55), 1.1, 1.4),
    Viseme.ROUND: Articulation(_mouth(0.050, -0.06, 0.85), 1.2, 1.7),
}

_PHONES: Final = {
    Viseme.CLOSED: "p b m ɓ ʙ",
    Viseme.NEAR: "β ɸ",
    Viseme.LIP_TEETH: "f v ɱ ʋ",
    Viseme.TONGUE_TEETH: "θ ð",
    Viseme.TONGUE_RIDGE: "t d n ɾ r ʈ ɖ ɳ ɗ ɲ c ɟ ɽ ʎ",
    Viseme.HISS: "s z ɬ ɮ ɕ ʑ ʦ ʣ ʨ ʥ",
    Viseme.HUSH: "ʃ ʒ ʂ ʐ ʧ ʤ",
    Viseme.BACK: "k ɡ g ŋ x ɣ q ɢ χ ʁ ʀ ɴ ʟ",
    Viseme.R: "ɹ ɻ",
    Viseme.L: "l ɭ ɫ",
    Viseme.W: "w ʍ ɥ",
    Viseme.Y: "j ç ʝ",
    Viseme.H: "h ɦ ħ ʕ ʔ",
    Viseme.SPREAD: "i ɪ ɨ ɯ",
    Viseme.MID: "e ɛ æ",
    Viseme.OPEN: "a ɑ ʌ ɶ",
    Viseme.NEUTRAL: "ə ɐ ɜ ɘ ɚ ɝ ɞ ɤ ᵻ",
    Viseme.ROUND_OPEN: "o ɔ ɒ ɵ œ",
    Viseme.ROUND: "u ʊ y ʏ ø ʉ",
}
_OF_PHONE: Final = {phone: viseme for viseme, row in _PHONES.items() for phone in row.split()}
_PAUSES: Final = frozenset(".,;:!?…—-^$\n¿¡،؛؟。，、；：！？")
_MARKS: Final = frozenset('"')
"""What espeak-ng writes after a palatalised consonant of Russian."""
_STRESS: Final = frozenset("ˈˌ")


def viseme_of(symbol: str) -> Viseme | None:
    """The viseme of a phone, ``REST`` for punctuation, None for marks and unknown symbols."""
    if symbol in _PAUSES:
        return Viseme.REST
    # A phone may carry diacritics (nasal, length, aspiration): the letter decides.
    bare = unicodedata.normalize("NFD", symbol)[:1]
    return _OF_PHONE.get(symbol) or _OF_PHONE.get(bare)


def is_mark(symbol: str) -> bool:
    """True for what colours a phone without moving the lips of its own accord.

    Length, nasality, palatalisation, pharyngealisation, place of the tongue and tones.
    """
    return symbol in _MARKS or unicodedata.category(symbol[:1] or " ") in {"Mn", "Lm", "Sk", "Nd"}


def is_stress(symbol: str) -> bool:
    """True for marks that stand before the phone they belong to."""
    return symbol in _STRESS
