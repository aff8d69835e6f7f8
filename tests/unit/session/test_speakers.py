from dataclasses import replace

import numpy as np
import pytest

from edge_worker.items import AudioBlock, Utterance, Verdict
from edge_worker.rvp.speaker import SpeakerChoice
from edge_worker.session.speakers import Speakers

SECOND_NS = 1_000_000_000
FIRST = Utterance("a", "e", 0, 10, "pt", "olá", 1.0, "en", "hello")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Utterances of odd beginning are off camera."""
    starts: list[int] = []

    def choose(_choice: SpeakerChoice, _epoch: str, start_ns: int, _end_ns: int) -> int | None:
        starts.append(start_ns)
        return None if start_ns % 2 else start_ns

    monkeypatch.setattr(SpeakerChoice, "choose", choose)
    return starts


def silence(at_s: float) -> AudioBlock:
    """A tenth of a second."""
    return AudioBlock("e", round(at_s * SECOND_NS), 16_000, np.zeros(1600, np.float32))


def test_speaker_when_asked_again_then_the_choice_is_kept(asked: list[int]) -> None:
    speakers = Speakers()
    assert [speakers.off_camera(FIRST), speakers.off_camera(FIRST)] == [False, False]
    assert asked == [0]
    assert speakers.by_utterance == {"a": 0}


@pytest.mark.usefixtures("asked")
def test_speakers_when_utterances_wait_then_their_faces_are_watched() -> None:
    speakers = Speakers()
    said = [replace(FIRST, id=str(number), start_ns=number) for number in range(4)]
    assert [speakers.off_camera(one) for one in said] == [False, True, False, True]
    assert speakers.watched == {0, 2}
    speakers.end(said[2])
    assert speakers.watched == {0}
    speakers.restart()
    assert speakers.watched == frozenset()


@pytest.mark.usefixtures("asked")
def test_speakers_when_handed_over_then_what_happens_later_does_not_change_them() -> None:
    speakers = Speakers()
    speakers.off_camera(FIRST)
    before = speakers.by_utterance
    speakers.end(FIRST)
    assert before == {"a": 0}
    assert speakers.by_utterance == {}


@pytest.mark.usefixtures("asked")
def test_speaker_when_the_utterance_is_only_captioned_then_nobody_is_watched() -> None:
    speakers = Speakers()
    assert not speakers.off_camera(replace(FIRST, verdict=Verdict.UNSURE))
    assert speakers.off_camera(replace(FIRST, start_ns=1, verdict=Verdict.UNSURE))
    assert speakers.watched == frozenset()


@pytest.mark.usefixtures("asked")
def test_speakers_when_utterances_are_never_spoken_then_they_are_forgotten_after_seconds() -> None:
    speakers = Speakers()
    for number in range(200):
        end_ns = number * SECOND_NS
        said = replace(FIRST, id=str(number), start_ns=2 * number, end_ns=end_ns)
        speakers.hear(silence(number))
        speakers.off_camera(said)
    assert len(speakers.by_utterance) <= 13
    speakers.hear(silence(220))
    assert speakers.watched == frozenset()


@pytest.mark.usefixtures("asked")
def test_speaker_when_the_translation_plays_late_then_its_face_is_watched_to_the_end() -> None:
    speakers = Speakers()
    speakers.off_camera(FIRST)
    speakers.begin(FIRST, 20 * SECOND_NS)
    speakers.hear(silence(21))
    assert speakers.watched == {0}


def test_speaker_when_faces_were_not_looked_for_then_it_is_not_known_and_nobody_is_asked(
    asked: list[int],
) -> None:
    speakers = Speakers()
    speakers.overlook(3 * SECOND_NS)
    unseen = replace(FIRST, start_ns=SECOND_NS + 1, end_ns=2 * SECOND_NS + 1)
    assert not speakers.off_camera(unseen)
    assert speakers.by_utterance == {}
    assert asked == []
    seen = replace(FIRST, id="b", start_ns=4 * SECOND_NS + 1, end_ns=5 * SECOND_NS)
    assert speakers.off_camera(seen)
    assert speakers.by_utterance == {"b": None}


def test_speaker_when_nobody_was_looked_for_before_then_the_next_choice_starts_from_nothing() -> (
    None
):
    speakers = Speakers()
    speakers.overlook(3 * SECOND_NS)
    speakers.off_camera(replace(FIRST, end_ns=2 * SECOND_NS))
    assert speakers._choice._belief == {}
