import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.asr.loops import unlooped


@pytest.mark.parametrize(
    "tokens",
    [[], [1], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [5, 5, 5], [1, 2, 1, 2, 1, 2], [1, 2, 3, 4] * 2],
)
def test_unlooped_of_speech_keeps_all(tokens: list[int]) -> None:
    assert unlooped(tokens) == tokens


def test_unlooped_of_one_token_said_forever_keeps_one() -> None:
    assert unlooped([1, 2, *[7] * 40]) == [1, 2, 7]


def test_unlooped_of_a_phrase_said_forever_keeps_it_once() -> None:
    assert unlooped([9, *[1, 2, 3, 4] * 10]) == [9, 1, 2, 3, 4]


def test_unlooped_with_the_last_round_broken_off_keeps_one_round() -> None:
    assert unlooped([*[1, 2, 3, 4] * 5, 1, 2]) == [1, 2, 3, 4]


@given(st.lists(st.integers(0, 3), max_size=60))
def test_unlooped_gives_a_beginning_of_what_was_said(tokens: list[int]) -> None:
    kept = list(unlooped(tokens))
    assert tokens[: len(kept)] == kept
    assert bool(kept) == bool(tokens)
