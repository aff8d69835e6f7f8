from itertools import permutations

import numpy as np
import pytest

from edge_worker.items import SyncedSpeech
from edge_worker.roles.joining import Joining, SpeechRefusedError
from edge_worker.roles.pcm import Piece
from mqtt_schemas import PcmProperties, SyncedSpeechMessage
from tests.unit.roles.parts import RATE, Clock, pieces, sound, speech

Part = SyncedSpeechMessage | Piece


def give(joining: Joining, part: Part, utterance: str = "u1") -> SyncedSpeech | None:
    if isinstance(part, Piece):
        return joining.piece(utterance, part)
    return joining.speech(part)


def give_all(joining: Joining, parts: list[Part]) -> None:
    for part in parts:
        give(joining, part)


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_parts_when_all_have_come_in_any_order_then_they_are_speech(order: tuple[int, ...]) -> None:
    parts: list[Part] = [speech(seconds=6), *pieces(6)]
    joining = Joining(Clock())
    given = [give(joining, parts[number]) for number in order]
    assert given[:2] == [None] * 2
    whole = given[2]
    assert whole is not None
    assert np.abs(whole.samples - sound(6)).max() < 1e-4
    utterance = whole.utterance
    assert (utterance.source_text, utterance.target_text) == ("Bom dia.", "Good morning.")
    assert utterance.duration_ns == 10**9
    assert whole.phonemes[0].symbol == "g"
    assert not joining.busy


def test_parts_when_repeated_then_speech_is_given_once() -> None:
    joining = Joining(Clock())
    parts: list[Part] = [speech(), speech(), *pieces(), *pieces(), speech()]
    assert sum(give(joining, part) is not None for part in parts) == 1


def test_speech_when_announced_and_not_all_there_then_it_is_busy_until_it_is_forgotten() -> None:
    clock = Clock()
    joining = Joining(clock)
    joining.speech(speech(seconds=6))
    joining.piece("u1", pieces(6)[0])
    before = joining.busy
    clock.go(11)
    assert (before, joining.busy, joining.forgotten) == (True, False, 1)
    assert joining.piece("u1", pieces(6)[1]) is None


def test_utterances_when_too_many_wait_then_the_oldest_is_forgotten() -> None:
    joining = Joining(Clock())
    for number in range(17):
        joining.speech(speech(f"u{number}"))
    assert joining.piece("u0", pieces()[0]) is None
    assert joining.piece("u16", pieces()[0]) is not None


def test_sound_when_more_waits_than_memory_is_given_for_then_the_oldest_is_forgotten() -> None:
    joining = Joining(Clock())
    for utterance in ("a", "b", "c", "d"):
        for seq in range(12):
            joining.piece(
                utterance, Piece(PcmProperties(sample_rate=RATE, seq=seq), b"ab" * 240000)
            )
    assert joining.forgotten == 2
    assert joining._bytes <= 16 << 20


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([speech(seconds=61)], "samples; takes"),
        ([speech(samples=0)], "samples; takes"),
        ([speech(seconds=0.5), *pieces(1)], "48000 samples came, 24000 were announced"),
        ([speech(sample_rate=22050)], "22050 Hz"),
        ([Piece(PcmProperties(sample_rate=16000), b"abcd")], "16000 Hz"),
        ([Piece(PcmProperties(sample_rate=RATE), b"abc")], "ends within a sample"),
        ([speech(source_end_ns=0)], "ends before it begins"),
        (
            [Piece(PcmProperties(sample_rate=RATE, seq=seq), b"ab") for seq in range(65)],
            "more than 60 s or 64 pieces",
        ),
    ],
)
def test_parts_when_they_make_no_speech_then_they_are_refused_and_forgotten(
    parts: list[Part], said: str
) -> None:
    joining = Joining(Clock())
    with pytest.raises(SpeechRefusedError, match=said):
        give_all(joining, parts)
    assert not joining.busy
    assert give(joining, speech()) is None
    assert not joining.busy


def test_what_waits_when_cleared_then_its_other_parts_come_in_vain() -> None:
    joining = Joining(Clock())
    joining.speech(speech())
    joining.clear()
    assert not joining.busy
    assert joining.piece("u1", pieces()[0]) is None
