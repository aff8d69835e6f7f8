import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.text import has_words, plain, sentences


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("olá\x00 tudo\tbem\r\n", "olá tudo bem"),
        ("oi 🙂👍🏽!", "oi !"),
        ("\u202eoi\u200b", "oi"),
        ("می\u200cروم", "می\u200cروم"),
        ("a\u0301", "á"),
        ("\ud800x", "x"),
        ("nãããããão!!!!! 100000", "nããão!!! 100000"),
    ],
)
def test_plain_when_text_is_hostile_then_keeps_only_what_can_be_read(text: str, clean: str) -> None:
    assert plain(text) == clean


@pytest.mark.parametrize(("text", "words"), [("¿?…", False), ("", False), ("2", True), ("é", True)])
def test_has_words_is_about_letters_and_digits(text: str, *, words: bool) -> None:
    assert has_words(text) is words


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Olá. Bom dia! Tudo bem?", ["Olá.", "Bom dia!", "Tudo bem?"]),
        ("O Sr. Silva chegou. Abra.", ["O Sr. Silva chegou.", "Abra."]),
        ("São 3.5 km", ["São 3.5 km"]),
        ("«Olá.» Entre.", ["«Olá.»", "Entre."]),
        ("", []),
        ("primeiro ponto, depois outro", ["primeiro ponto,", "depois outro"]),
        ("x" * 45, ["x" * 20, "x" * 20, "x" * 5]),
    ],
)
def test_sentences_cuts_at_ends_and_shortens_what_is_too_long(text: str, cut: list[str]) -> None:
    assert sentences(text, longest=20) == cut


@given(st.text(max_size=300), st.integers(1, 40))
def test_sentences_never_gives_a_long_piece_and_loses_no_letter(text: str, longest: int) -> None:
    clean = plain(text)
    pieces = sentences(clean, longest=longest)
    assert all(0 < len(piece) <= longest for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(clean.split())
