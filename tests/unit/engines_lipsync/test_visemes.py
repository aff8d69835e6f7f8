# ruff: noqa: RUF001 - the letters of many scripts and the IPA's are meant
from functools import cache

import pytest

from engines.lipsync.visemes import ARTICULATIONS, Viseme, is_mark, is_stress, viseme_of
from engines.tts.espeak import EspeakSynthesizer
from engines.tts.phonemes import Phonemizer, PiperPhonemizer
from tests.unit.spoken_languages import SENTENCES, texts

CLOSURES = {
    "ar": ("باب مفتوح", 2), "de": ("Bub Pump", 4), "en": ("pump bob", 4), "es": ("pampa", 2),
    "fr": ("pompe", 2), "it": ("bomba", 3), "nl": ("pomp", 3), "pl": ("pompa", 3),
    "pt": ("pomba", 2), "ro": ("pompa", 3), "ru": ("помпа", 3), "tr": ("pembe", 3),
    "uk": ("помпа", 3), "zh": ("妈妈爸爸跑步", 6),
}  # fmt: skip
"""Words and how often the lips meet in them, at least."""


@cache
def phonemizers() -> tuple[tuple[str, Phonemizer], ...]:
    return (("espeak-ng", EspeakSynthesizer()), ("piper", PiperPhonemizer()))


def spoken(language: str) -> list[str]:
    """Every symbol of every text by every phonemizer that knows the language."""
    symbols: list[str] = []
    for name, phonemizer in phonemizers():
        if name == "espeak-ng" and language == "zh":
            continue
        for text in texts(language):
            symbols += phonemizer.phonemes(text, language=language)
    return symbols


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_viseme_of_every_phone_of_the_language_is_known(language: str) -> None:
    symbols = spoken(language)
    unknown = {
        symbol
        for symbol in symbols
        if viseme_of(symbol) is None
        and not is_stress(symbol)
        and not is_mark(symbol)
        and not symbol.isspace()
    }
    assert unknown == set()
    assert len([symbol for symbol in symbols if viseme_of(symbol)]) > 800


@pytest.mark.parametrize("language", sorted(SENTENCES))
def test_viseme_of_p_b_and_m_closes_the_lips_in_every_language(language: str) -> None:
    text, least = CLOSURES[language]
    symbols = PiperPhonemizer().phonemes(text, language=language)
    closed = [symbol for symbol in symbols if viseme_of(symbol) is Viseme.CLOSED]
    assert len(closed) >= least
    assert set(closed) <= {"p", "b", "m"}


@pytest.mark.parametrize(
    ("language", "text", "visemes"),
    [
        ("ar", "في", {Viseme.LIP_TEETH, Viseme.SPREAD}),
        ("ar", "حق", {Viseme.H, Viseme.BACK}),  # made in the throat: nothing to be seen
        ("de", "für", {Viseme.LIP_TEETH, Viseme.ROUND}),
        ("en", "three", {Viseme.TONGUE_TEETH, Viseme.R, Viseme.SPREAD}),
        ("es", "haber", {Viseme.NEAR, Viseme.TONGUE_RIDGE}),  # neither closed nor rounded
        ("fr", "lune", {Viseme.L, Viseme.ROUND}),
        ("fr", "huit", {Viseme.ROUND, Viseme.SPREAD}),
        ("it", "raro", {Viseme.TONGUE_RIDGE}),
        ("nl", "water", {Viseme.LIP_TEETH, Viseme.OPEN}),
        ("pl", "ząb", {Viseme.ROUND_OPEN, Viseme.CLOSED}),
        ("pl", "siano", {Viseme.HISS}),
        ("pl", "szyna", {Viseme.HUSH}),
        ("ro", "câine", {Viseme.BACK, Viseme.SPREAD}),
        ("pt", "mãe", {Viseme.CLOSED, Viseme.NEUTRAL}),
        ("ru", "ты", {Viseme.TONGUE_RIDGE, Viseme.SPREAD}),
        ("tr", "ılık", {Viseme.SPREAD, Viseme.L}),
        ("tr", "göz", {Viseme.HISS}),
        ("uk", "щур", {Viseme.HUSH, Viseme.ROUND}),
        ("zh", "西", {Viseme.HISS, Viseme.SPREAD}),
        ("zh", "书", {Viseme.HUSH, Viseme.ROUND}),
        ("zh", "喝", {Viseme.NEUTRAL}),
    ],
)
def test_viseme_of_a_word_shows_what_the_lips_of_that_language_do(
    language: str, text: str, visemes: set[Viseme]
) -> None:
    found = {viseme_of(symbol) for symbol in PiperPhonemizer().phonemes(text, language=language)}
    assert visemes <= found


@pytest.mark.parametrize("symbol", ["ã", "ç", "õ", "aː", "tʲ", "dˤ", "ɔ̃", "ỹ"])
def test_viseme_of_a_phone_with_diacritics_is_its_letters(symbol: str) -> None:
    assert viseme_of(symbol) is not None


@pytest.mark.parametrize("symbol", ["ː", "ˑ", "\u0303", "ʲ", "ˤ", "ʰ", "˥", "˩", "5", "ʷ"])
def test_marks_and_tones_are_no_visemes(symbol: str) -> None:
    assert viseme_of(symbol) is None
    assert is_mark(symbol)


@pytest.mark.parametrize("symbol", ".,;:!?…—¿¡،؛؟。，、；：！？")
def test_punctuation_of_any_script_closes_the_mouth(symbol: str) -> None:
    assert viseme_of(symbol) is Viseme.REST


def test_every_viseme_has_an_articulation() -> None:
    assert set(ARTICULATIONS) == set(Viseme)
