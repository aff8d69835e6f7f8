# ruff: noqa: RUF001 - the letters of many scripts are meant
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.text import (
    character_boundary,
    has_words,
    plain,
    sentences,
    unmarked,
    within_bytes,
)


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
        ("您好。我有包裹！开门吗？", ["您好。", "我有包裹！", "开门吗？"]),
        ("他说“你好。”然后走了。", ["他说“你好。”", "然后走了。"]),
        ("صباح الخير. من هناك؟ أنا", ["صباح الخير.", "من هناك؟", "أنا"]),
        ("На ул. Мира, д. 5", ["На ул. Мира, д. 5"]),
        ("Bei Hr. Maier, z. B.", ["Bei Hr. Maier, z. B."]),
        (
            "一二三四五六七八，九十一二三四五六七八九十",
            ["一二三四五六七八，", "九十一二三四五六七八九十"],
        ),
        ("一" * 25, ["一" * 20, "一" * 5]),
        ("كتابجديدةجدا، وقلم وكتاب", ["كتابجديدةجدا،", "وقلم وكتاب"]),
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


@pytest.mark.parametrize(
    ("text", "longest", "cut"),
    [("abc", 2, 2), ("ba\u0301", 2, 1), ("\u0628\u064e\u0627", 1, 1), ("abc", 9, 3)],
)
def test_character_boundary_keeps_marks_with_their_letter(
    text: str, longest: int, cut: int
) -> None:
    assert character_boundary(text, longest) == cut


@given(st.text(max_size=60), st.integers(4, 80))
def test_within_bytes_never_takes_more_and_wastes_no_more_than_a_character(
    text: str, most: int
) -> None:
    kept = within_bytes(text, most)
    assert len(kept.encode()) <= most
    assert text.startswith(kept)


def test_within_bytes_when_text_cannot_be_written_then_it_can() -> None:
    assert within_bytes("a\ud800b", 10) == "a?b"


def test_unmarked_takes_vowel_signs_and_leaves_accents() -> None:
    assert unmarked("شُكْرًا") == "شكرا"
    assert unmarked("é ã ç") == "é ã ç"
