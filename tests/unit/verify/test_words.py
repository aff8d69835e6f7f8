"""What was said is compared with what was meant, and with what can be heard."""

import numpy as np
import pytest

from edge_worker.span import Span
from edge_worker.verify.words import (
    error_rate,
    heard,
    normalised,
    number_in_words,
    paired,
    translation_score,
)
from tests.unit.verify.conftest import RATE, SECOND, Listener, caption, sentence


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (12, "twelve"),
        (34, "thirty four"),
        (100, "one hundred"),
        (115, "one hundred fifteen"),
        (2024, "two zero two four"),
    ],
)
def test_number_when_written_in_digits_is_spoken(number: int, words: str) -> None:
    assert number_in_words(number) == words


def test_normalised_when_texts_sound_alike_are_equal() -> None:
    assert normalised("Apartment 12, please!") == normalised("apartment twelve please")
    assert normalised("It\u2019s 6 o'clock.") == "its six oclock"
    assert normalised("forty-two dollars") == normalised("42 dollars")


def test_normalised_when_the_language_is_not_english_keeps_digits() -> None:
    assert normalised("Apartamento 12!", "pt") == "apartamento 12"


def test_normalised_when_a_script_writes_vowels_as_marks_keeps_them() -> None:
    assert normalised("हिन्दी!", "hi") == "हिन्दी"


def test_error_rate_when_one_word_of_four_is_wrong_is_a_quarter() -> None:
    assert error_rate(["come down now please"], ["Come up now, please."], "en") == 0.25


def test_error_rate_when_a_language_writes_no_spaces_counts_characters() -> None:
    said, misheard = "请下来。", "请 下去"
    assert error_rate([said], [misheard], "zh") == pytest.approx(1 / 3)
    assert error_rate([said], [said], "zh-cn") == 0


def test_error_rate_when_nothing_was_said_is_unknown() -> None:
    assert error_rate([], [], "en") is None
    assert error_rate([""], ["what"], "en") is None


def test_heard_when_spans_are_given_listens_to_each_with_a_margin() -> None:
    listener = Listener()
    spans = [Span(3 * SECOND, 4 * SECOND)]
    assert heard(np.zeros(10 * RATE, np.float32), spans, listener, "en") == ("en",)
    assert listener.lengths == [round(1.3 * RATE)]


def test_pairs_when_one_cut_joins_two_sentences_are_one_group() -> None:
    refs = [sentence(0, 2, number=1), sentence(2.5, 4, number=2), sentence(6, 7, number=3)]
    groups = paired(refs, [caption(0, 4), caption(6, 6.5), caption(6.5, 7)], 0)
    assert [(len(r), len(u)) for r, u in groups] == [(2, 1), (1, 2)]


def test_pairs_when_a_cut_merely_touches_the_next_sentence_stay_apart() -> None:
    refs = [sentence(0, 2, number=1), sentence(2.1, 4, number=2)]
    groups = paired(refs, [caption(0, 2.2), caption(2.2, 4)], 0)
    assert [(len(r), len(u)) for r, u in groups] == [(1, 1), (1, 1)]


def test_pairs_when_the_film_began_later_follow_the_shift() -> None:
    groups = paired([sentence(10, 12, number=1)], [caption(3, 5)], -7 * SECOND)
    assert [(len(r), len(u)) for r, u in groups] == [(1, 1)]


def test_score_when_all_is_said_as_people_would_is_full() -> None:
    refs = [sentence(0, 2, "Good morning.", 1), sentence(3, 4, "Come in.", 2)]
    said = [caption(0, 2, "Good morning."), caption(3, 4, "Come in.")]
    assert translation_score(paired(refs, said, 0)) == pytest.approx(100)


def test_score_when_a_sentence_is_left_out_falls() -> None:
    refs = [sentence(0, 2, "Good morning.", 1), sentence(3, 4, "Come in.", 2)]
    score = translation_score(paired(refs, [caption(0, 2, "Good morning.")], 0))
    assert score is not None
    assert score < 80
