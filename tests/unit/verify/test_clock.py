"""The shift between a film and its source is found in their sound."""

import numpy as np
import pytest

from edge_worker.verify.clock import source_shift_ns
from tests.unit.verify.conftest import RATE, Visitor


@pytest.mark.parametrize("samples", [8000, -4000])
def test_shift_when_the_original_is_heard_below_other_speech_is_found(
    visitor: Visitor, samples: int
) -> None:
    other = np.roll(visitor.sound[::-1], 700)
    delayed = np.roll(visitor.sound, samples)
    found = source_shift_ns(0.2 * delayed + other, visitor.sound, RATE)
    assert found == pytest.approx(samples * 1_000_000_000 // RATE, abs=1_000_000)


def test_shift_when_the_sounds_have_nothing_in_common_is_unknown(visitor: Visitor) -> None:
    noise = np.random.default_rng(0).standard_normal(len(visitor.sound)).astype(np.float32)
    assert source_shift_ns(noise, visitor.sound, RATE) is None
