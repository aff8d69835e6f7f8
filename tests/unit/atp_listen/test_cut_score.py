import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_worker.atp.cut_score import (
    CutWeights,
    Evidence,
    Patience,
    PauseHabit,
    probability_of_end,
)
from edge_worker.atp.sense import Sense, sense

from .fakes import MS, SECOND

WEIGHTS = CutWeights()
FINISHED = sense("Tenho uma encomenda para o apartamento doze.", "pt")
HANGING = sense("Tenho uma encomenda para o", "pt")


def test_probability_of_end_when_voice_and_words_agree_is_clear() -> None:
    assert probability_of_end(Evidence(0.97, FINISHED), WEIGHTS) > 0.85
    assert probability_of_end(Evidence(0.03, HANGING), WEIGHTS) < 0.15


@given(st.floats(0, 1), st.floats(0, 1))
def test_probability_of_end_rises_with_the_turn_model(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert probability_of_end(Evidence(low), WEIGHTS) <= probability_of_end(Evidence(high), WEIGHTS)


@given(st.floats(0, 1) | st.none(), st.builds(Sense, words=st.integers(0, 200)))
def test_probability_of_end_is_a_probability(turn_end: float | None, heard: Sense) -> None:
    assert 0.0 < probability_of_end(Evidence(turn_end, heard), WEIGHTS) < 1.0


def test_evidence_without_any_answer_is_nothing() -> None:
    assert Evidence().nothing
    assert not Evidence(turn_end=0.0).nothing
    assert not Evidence(sense=FINISHED).nothing


def test_patience_before_the_least_silence_never_cuts() -> None:
    patience = Patience()
    assert patience.needed(patience.least_ns - 1, SECOND) == math.inf
    assert patience.needed(patience.least_ns - 1, 60 * SECOND) == math.inf


def test_patience_falls_with_silence_until_everything_is_cut() -> None:
    patience = Patience()
    needed = [patience.needed(silence * MS, SECOND) for silence in range(160, 1100, 20)]
    assert needed == sorted(needed, reverse=True)
    assert needed[-1] == 0.0


def test_patience_in_long_speech_cuts_more_readily() -> None:
    patience = Patience()
    assert patience.needed(300 * MS, 10 * SECOND) < patience.needed(300 * MS, 2 * SECOND)


def test_patience_with_a_slow_speaker_waits_longer() -> None:
    patience = Patience()
    assert patience.needed(400 * MS, SECOND, pace=1.4) > patience.needed(400 * MS, SECOND, pace=1.0)


@pytest.mark.parametrize(("pauses", "pace"), [([], 1.0), ([900] * 8, 1.4), ([200] * 8, 0.85)])
def test_pause_habit_follows_the_speaker_within_bounds(pauses: list[int], pace: float) -> None:
    habit = PauseHabit()
    for pause in pauses:
        habit.hesitated(pause * MS)
    assert habit.pace == pace


def test_pause_habit_forgets_what_is_long_past() -> None:
    habit = PauseHabit(memory=4)
    for pause in [900] * 10 + [200] * 4:
        habit.hesitated(pause * MS)
    assert habit.pace < 1.0
