"""Opus is made once, exact in time."""

from itertools import pairwise

import numpy as np
import pytest

from edge_worker.items import AudioBlock, Samples
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.decode import AudioDecoder
from edge_worker.serving.whep.opus import SAMPLE_RATE, OpusEncoder

_START_NS = 3_000_000_000


def encoded(sound: Samples, block: int = 1024) -> list[AccessUnit]:
    """Sound, given in blocks as AAC's decoder gives it."""
    encoder = OpusEncoder()
    units: list[AccessUnit] = []
    for at in range(0, len(sound), block):
        pts_ns = _START_NS + at * 1_000_000_000 // SAMPLE_RATE
        units += encoder.encode(AudioBlock("", pts_ns, SAMPLE_RATE, sound[at : at + block]))
    return units


def test_packets_when_sound_goes_on_then_each_is_20_ms_after_the_one_before() -> None:
    units = encoded(np.zeros(SAMPLE_RATE, np.float32))
    assert {b.pts - a.pts for a, b in pairwise(units)} == {1800}
    assert len(units) == 50


def test_click_when_encoded_then_it_lies_where_it_was() -> None:
    sound = np.zeros(SAMPLE_RATE, np.float32)
    sound[24_000] = 0.9
    decoder = AudioDecoder("opus", "")
    blocks = [block for unit in encoded(sound) for block in decoder.decode(unit)]
    heard = np.concatenate([block.samples for block in blocks])
    at_ns = blocks[0].pts_ns + int(np.argmax(np.abs(heard))) * 1_000_000_000 // SAMPLE_RATE
    assert abs(at_ns - _START_NS - 500_000_000) < 1_000_000


def test_sound_when_it_pauses_then_the_next_packet_says_so() -> None:
    encoder = OpusEncoder()
    block = np.zeros(960, np.float32)
    first = encoder.encode(AudioBlock("", _START_NS, SAMPLE_RATE, block))
    second = encoder.encode(AudioBlock("", _START_NS + 500_000_000, SAMPLE_RATE, block))
    assert second[0].pts - first[0].pts == 45_000


def test_sound_when_it_has_another_rate_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="16000"):
        OpusEncoder().encode(AudioBlock("", 0, 16_000, np.zeros(320, np.float32)))
