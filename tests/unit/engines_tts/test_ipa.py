import pytest

from engines.tts import Phoneme
from engines.tts.ipa import TONE, in_ipa, is_mandarin, symbols_in_ipa
from engines.tts.phonemes import PiperPhonemizer

SHORT_I = "\N{LATIN LETTER SMALL CAPITAL I}"


def test_in_ipa_when_mandarin_joins_what_belongs_together_and_keeps_the_time() -> None:
    spelled = [Phoneme(symbol, 10) for symbol in ("t", "s", ".", "i", ".", "5", " ", "o", "-", "ɜ")]
    found = in_ipa(spelled, "zh")
    assert [one.symbol for one in found] == ["t", "ʂ", "ɨ", TONE, " ", "ɤ", TONE]
    assert sum(one.samples for one in found) == 100
    assert found[1].samples == 20


def test_in_ipa_when_mandarin_keeps_the_full_stop_that_ends_a_sentence() -> None:
    assert symbols_in_ipa("ni2.", "cmn") == ["n", "i", TONE, "."]


@pytest.mark.parametrize(("language", "vowel"), [("ru", "ɨ"), ("ro-RO", "ɨ"), ("fr", "y")])
def test_in_ipa_rounds_no_vowel_that_the_language_does_not_round(language: str, vowel: str) -> None:
    assert symbols_in_ipa("ty", language) == ["t", vowel]


def test_in_ipa_when_arabic_then_its_short_i_is_a_vowel_that_the_lips_know() -> None:
    assert symbols_in_ipa("kItab", "ar") == ["k", SHORT_I, "t", "a", "b"]


def test_in_ipa_when_the_language_is_another_then_full_stops_and_digits_stay() -> None:
    assert symbols_in_ipa("s.5", "en") == ["s", ".", "5"]
    assert in_ipa([], "zh") == ()


@pytest.mark.parametrize("language", ["zh", "zh_CN", "cmn"])
def test_is_mandarin_knows_its_names(language: str) -> None:
    assert is_mandarin(language)
    assert not is_mandarin("yue")


def test_phonemizer_when_the_text_is_chinese_then_no_stop_is_left_in_a_syllable() -> None:
    phonemes = PiperPhonemizer().phonemes("这是山上的日出,去吃什么", language="zh")
    assert {"ʂ", "ɨ", "ɤ", "ɕ", TONE} <= set(phonemes)
    assert not {".", "-"} & set(phonemes)
