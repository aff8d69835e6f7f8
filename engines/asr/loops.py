"""Decoders that run in circles: find the repetition and keep what came before it."""

from collections.abc import Sequence

_LONGEST_PERIOD = 12
_MIN_REPETITIONS = 3
_MIN_LOOP = 8
"""Tokens that a repetition must cover: "no, no, no" and "ha ha ha" are speech."""


def unlooped(tokens: Sequence[int]) -> Sequence[int]:
    """``tokens`` without a repetition at their end; its first round stays.

    A repetition is a phrase of up to 12 tokens said at least three times in a row over at least 8
    tokens; its last round may be broken off.
    """
    for period in range(1, _LONGEST_PERIOD + 1):
        matching = _matching_tail(tokens, period)
        covered = matching + period
        if matching and covered >= max(_MIN_LOOP, _MIN_REPETITIONS * period):
            return tokens[: len(tokens) - matching]
    return tokens


def _matching_tail(tokens: Sequence[int], period: int) -> int:
    """How many tokens at the end equal the token one period before them."""
    count = 0
    for index in range(len(tokens) - 1, period - 1, -1):
        if tokens[index] != tokens[index - period]:
            break
        count += 1
    return count
