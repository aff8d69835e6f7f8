"""The owner's voice in pieces: put together in order, bounded in every way."""

from itertools import permutations

import numpy as np
import pytest

from edge_worker.talkback.pieces import GAP_NS, TALKERS, Pieces
from edge_worker.talkback.reply import ReplyFailedError
from mqtt_schemas.media import PcmProperties


class Clock:
    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns


def pcm(*levels: int) -> bytes:
    return np.asarray(levels, "<i2").tobytes()


def piece(seq: int, *, last: bool = False, rate: int = 16_000) -> PcmProperties:
    return PcmProperties(seq=seq, last=last, sample_rate=rate, language="pt")


def test_sound_when_it_comes_whole_without_properties_then_it_is_16_khz_and_complete() -> None:
    words = Pieces().add("a", pcm(0, 16_384, -32_768), PcmProperties())
    assert words is not None
    assert words.samples.tolist() == [0.0, 0.5, -1.0]
    assert (words.sample_rate, words.language) == (16_000, "")


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_pieces_when_they_come_in_any_order_and_twice_then_the_sound_is_as_it_was_said(
    order: tuple[int, ...],
) -> None:
    pieces = Pieces()
    given = [
        pieces.add("a", pcm(number), piece(number, last=number == 2, rate=48_000))
        for number in (order[0], *order)
    ]
    assert given[:-1] == [None] * 3
    words = given[-1]
    assert words is not None
    assert (words.samples * 32_768).tolist() == [0, 1, 2]
    assert (words.sample_rate, words.language) == (48_000, "pt")
    assert "a" not in pieces


def test_last_piece_when_it_is_empty_then_it_only_ends_the_sound() -> None:
    pieces = Pieces()
    assert pieces.add("a", pcm(7), piece(0)) is None
    words = pieces.add("a", b"", piece(1, last=True))
    assert words is not None
    assert len(words.samples) == 1


@pytest.mark.parametrize(
    ("payload", "properties", "said"),
    [
        (b"abc", piece(1), "odd"),
        (pcm(1), piece(1, rate=8_000), "8000 Hz"),
        (pcm(1), piece(4_096), "one too many"),
        (pcm(1), piece(0, rate=96_000), "96000 Hz"),
        (pcm(*[0] * 16_000 * 31), piece(1), "longer than 30 s"),
    ],
)
def test_piece_when_it_does_not_fit_then_the_reason_is_told_and_the_sound_let_go(
    payload: bytes, properties: PcmProperties, said: str
) -> None:
    pieces = Pieces()
    pieces.add("a", pcm(1), piece(0))
    with pytest.raises(ReplyFailedError, match=said):
        pieces.add("a", payload, properties)
    assert "a" not in pieces


def test_piece_when_it_lies_behind_the_last_one_then_it_is_refused() -> None:
    pieces = Pieces()
    pieces.add("a", pcm(1), piece(2, last=True))
    with pytest.raises(ReplyFailedError, match="behind the last"):
        pieces.add("a", pcm(1), piece(3))


def test_owners_when_too_many_speak_at_once_then_the_next_is_refused_and_the_others_go_on() -> None:
    pieces = Pieces()
    for number in range(TALKERS):
        pieces.add(f"t{number}", pcm(1), piece(0))
    with pytest.raises(ReplyFailedError, match="speaking to this door already"):
        pieces.add("another", pcm(1), piece(0))
    assert pieces.add("t0", pcm(1), piece(1, last=True)) is not None


def test_sound_when_nothing_more_comes_then_it_is_let_go() -> None:
    clock = Clock()
    pieces = Pieces(clock)
    pieces.add("a", pcm(1), piece(0))
    clock.now_ns = GAP_NS // 2
    pieces.add("b", pcm(1), piece(0))
    assert pieces.broken_off() == []
    clock.now_ns = GAP_NS + 1
    assert pieces.broken_off() == ["a"]
    assert "b" in pieces
