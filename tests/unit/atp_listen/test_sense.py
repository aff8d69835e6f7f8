import pytest

from edge_worker.atp.function_words import FUNCTION_WORDS
from edge_worker.atp.sense import sense


@pytest.mark.parametrize("text", ["Bom dia.", "Quem é?", "Socorro!", 'Ele disse "não."', "是的。"])
def test_sense_of_closed_text_ends_a_sentence(text: str) -> None:
    assert sense(text, "pt").ends_sentence


@pytest.mark.parametrize("text", ["Eu queria...", "Eu queria…", "Bom dia,", "Eu que-", "", "Sim"])
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
    ],
)
def test_sense_of_text_ending_on_a_function_word_leans_on(text: str, language: str) -> None:
    assert sense(text, language).leans_on


def test_sense_in_a_language_without_a_list_never_leans_on() -> None:
    assert not sense("szukam w", "pl").leans_on


def test_sense_counts_words_and_letters_of_scripts_without_spaces() -> None:
    assert sense("Tenho uma encomenda, dona Ana.", "pt").words == 5
    assert sense("荷物をお届けに来ました", "ja").words == 5


def test_function_words_are_lower_case_single_words() -> None:
    for words in FUNCTION_WORDS.values():
        assert all(word == word.lower() and word.isalpha() for word in words)
