"""First translated sound: from the annotated end of a sentence to its publishing."""

import pytest

from edge_worker.demo.latency import first_sounds_s
from tests.unit.demo.conftest import SECOND, sentence, spoken


def test_first_sound_is_counted_from_the_annotated_end_as_captured() -> None:
    u = spoken(1.1, 2.4, placed_s=(3, 4), published_s=103.5)
    latencies = first_sounds_s([sentence(1, 2, number=1)], [u], 100 * SECOND)
    assert latencies == {"r1": pytest.approx(1.5)}


def test_first_sound_when_a_sentence_was_cut_in_two_waits_for_the_part_with_its_end() -> None:
    parts = [
        spoken(0, 1, placed_s=(1.5, 2.5), published_s=1.6),
        spoken(1.2, 3, placed_s=(3.5, 5), published_s=4.0),
    ]
    assert first_sounds_s([sentence(0, 3, number=1)], parts, 0) == {"r1": pytest.approx(1.0)}


def test_first_sound_when_sentences_were_joined_starts_later_for_the_second() -> None:
    joined = spoken(0, 4, placed_s=(5, 9), published_s=5.0)
    latencies = first_sounds_s([sentence(0, 1.5, number=1), sentence(2, 4, number=2)], [joined], 0)
    assert latencies["r1"] == pytest.approx(3.5)
    assert latencies["r2"] == pytest.approx(5.0 + 2.0 - 4.0)


def test_first_sound_when_a_sentence_was_not_spoken_is_missing() -> None:
    captioned = spoken(0, 2, "a caption")
    assert first_sounds_s([sentence(0, 2)], [captioned], 0) == {}


def test_first_sound_when_the_cut_lies_a_little_early_still_belongs() -> None:
    u = spoken(0, 1.8, placed_s=(2.5, 3), published_s=3.0)
    assert first_sounds_s([sentence(0, 2, number=1)], [u], 0) == {"r1": pytest.approx(1.0)}
