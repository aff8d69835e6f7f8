# ruff: noqa: RUF001 - the letters of many scripts are meant
import pytest

from edge_worker.atp.function_words import FUNCTION_WORDS
from edge_worker.atp.sense import sense


@pytest.mark.parametrize(
    "text",
    [
        "Bom dia.",
        "Quem é?",
        "Socorro!",
        'Ele disse "não."',
        "是的。",
        "「是的。」",
        "من هناك؟",
        "ٹھیک ہے۔",
    ],
)
def test_sense_of_closed_text_ends_a_sentence(text: str) -> None:
    assert sense(text, "pt").ends_sentence


@pytest.mark.parametrize(
    "text", ["Eu queria...", "Eu queria…", "Bom dia,", "Eu que-", "", "Sim", "是的，", "نعم،"]
)
def test_sense_of_text_that_trails_off_ends_no_sentence(text: str) -> None:
    assert not sense(text, "pt").ends_sentence


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Estou procurando a", "pt"),
        ("I am looking for the", "en"),
        ("Busco a mi.", "es"),
        ("Ich suche den", "de"),
        ("Je cherche le", "fr"),
        ("Cerco il", "it"),
        ("Estou procurando a", "pt-br"),
        ("Ik zoek de", "nl"),
        ("Szukam w", "pl"),
        ("Caut pe", "ro"),
        ("Я пришёл к", "ru"),
        ("Я шукаю для", "uk"),
        ("Paket geldi ama", "tr"),
        ("أبحث عن", "ar"),
        ("أَبْحَثُ عَنْ", "ar"),
        ("我在找你的", "zh"),
        ("我想去，但是，", "zh-tw"),
    ],
)
def test_sense_of_text_ending_on_a_function_word_leans_on(text: str, language: str) -> None:
    assert sense(text, language).leans_on


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Jag söker i", "sv"),
        ("开门了", "zh"),
        ("الباب مفتوح", "ar"),
        ("Kapı açık", "tr"),
        ("", "zh"),
    ],
)
def test_sense_of_text_that_is_complete_or_of_no_known_language_leans_on_nothing(
    text: str, language: str
) -> None:
    assert not sense(text, language).leans_on


def test_sense_has_function_words_for_every_language_of_the_catalogue() -> None:
    wanted = {"ar", "de", "en", "es", "fr", "it", "nl", "pl", "pt", "ro", "ru", "tr", "uk", "zh"}
    assert set(FUNCTION_WORDS) == wanted
    assert all(len(words) > 30 for words in FUNCTION_WORDS.values())


def test_sense_counts_words_and_letters_of_scripts_without_spaces() -> None:
    assert sense("Tenho uma encomenda, dona Ana.", "pt").words == 5
    assert sense("荷物をお届けに来ました", "ja").words == 5
    assert sense("我有一个包裹要给您。", "zh").words == 4
    assert sense("我的 iPhone 在哪里", "zh").words == 3
    assert sense("صباح الخير، عندي طرد.", "ar").words == 4
    assert sense("Доброе утро, у меня посылка.", "ru").words == 5


def test_function_words_are_lower_case_single_words() -> None:
    for words in FUNCTION_WORDS.values():
        assert all(word == word.lower() and word.isalpha() for word in words)
