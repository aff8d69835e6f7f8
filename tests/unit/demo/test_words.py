"""What was said is compared with what was meant, and with what can be heard."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.demo.judge.words import (
    heard,
    normalised,
    number_in_words,
    paired,
    translation_score,
    word_error_rate,
)
from engines.asr import Transcript
from tests.unit.demo.conftest import RATE, sentence, spoken


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


def test_error_rate_when_one_word_of_four_is_wrong_is_a_quarter() -> None:
    assert word_error_rate(["come down now please"], ["Come up now, please."]) == 0.25


def test_error_rate_when_nothing_was_said_is_unknown() -> None:
    assert word_error_rate([], []) is None
    assert word_error_rate([""], ["what"]) is None


class Listener:
    """A recognizer that notes how much it was given."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    @property
    def languages(self) -> frozenset[str]:
        return frozenset({"en"})

    def transcribe(
        self, samples: NDArray[np.float32], *, language: str, prefix: str = ""
    ) -> Transcript:
        self.lengths.append(len(samples))
        return Transcript(f" {language}{prefix} ", language, 1.0)

    def languages_heard(self, samples: NDArray[np.float32]) -> dict[str, float]:
        return {"en": float(len(samples) > 0)}

    def translate_to_english(self, samples: NDArray[np.float32], *, language: str) -> Transcript:
        return self.transcribe(samples, language=language)


def test_heard_when_one_was_not_spoken_listens_to_the_others_with_a_margin() -> None:
    listener = Listener()
    utterances = [spoken(0, 1), spoken(1, 2, placed_s=(3, 4))]
    assert heard(np.zeros(10 * RATE, np.float32), utterances, listener, "en") == {"u1": "en"}
    assert listener.lengths == [round(1.3 * RATE)]


def test_pairs_when_one_cut_joins_two_sentences_are_one_group() -> None:
    refs = [sentence(0, 2, number=1), sentence(2.5, 4, number=2), sentence(6, 7, number=3)]
    groups = paired(refs, [spoken(0, 4), spoken(6, 6.5), spoken(6.5, 7)])
    assert [(len(r), len(u)) for r, u in groups] == [(2, 1), (1, 2)]


def test_pairs_when_a_cut_merely_touches_the_next_sentence_stay_apart() -> None:
    refs = [sentence(0, 2, number=1), sentence(2.1, 4, number=2)]
    groups = paired(refs, [spoken(0, 2.2), spoken(2.2, 4)])
    assert [(len(r), len(u)) for r, u in groups] == [(1, 1), (1, 1)]


def test_score_when_all_is_said_as_people_would_is_full() -> None:
    refs = [sentence(0, 2, "Good morning.", 1), sentence(3, 4, "Come in.", 2)]
    said = [spoken(0, 2, "Good morning."), spoken(3, 4, "Come in.")]
    assert translation_score(refs, said) == pytest.approx(100)


def test_score_when_a_sentence_is_left_out_falls() -> None:
    refs = [sentence(0, 2, "Good morning.", 1), sentence(3, 4, "Come in.", 2)]
    score = translation_score(refs, [spoken(0, 2, "Good morning.")])
    assert score is not None
    assert score < 80
