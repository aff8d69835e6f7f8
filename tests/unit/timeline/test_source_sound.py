import numpy as np

from edge_worker.items import AudioBlock
from edge_worker.timeline.source_sound import SourceSound
from tests.unit.timeline.speech import RATE, SECOND_NS

BLOCK = 1024
RAMP = np.arange(RATE, dtype=np.float32)


def block(first: int, count: int = BLOCK) -> AudioBlock:
    """Samples that say which ones they are."""
    return AudioBlock("e", first * SECOND_NS // RATE, RATE, RAMP[first : first + count])


def test_sound_when_blocks_overlap_then_each_sample_stays_at_its_own_time() -> None:
    sound = SourceSound(RATE)
    for first in (0, 1024, 1024 + 512, 2560, 3584):
        sound.add(block(first))
    np.testing.assert_array_equal(sound.read(0, 4608), RAMP[:4608])
    assert sound.missing_samples == 0


def test_sound_when_a_block_comes_twice_then_it_is_heard_once() -> None:
    sound = SourceSound(RATE)
    for first in (0, 1024, 1024, 1024, 2048):
        sound.add(block(first))
    np.testing.assert_array_equal(sound.read(0, 3072), RAMP[:3072])


def test_sound_when_stamps_round_then_blocks_touch() -> None:
    sound = SourceSound(RATE)
    sound.add(block(0))
    sound.add(AudioBlock("e", 1026 * SECOND_NS // RATE, RATE, RAMP[1024:2048]))
    sound.add(AudioBlock("e", 2046 * SECOND_NS // RATE, RATE, RAMP[2048:3072]))
    np.testing.assert_array_equal(sound.read(0, 3072), RAMP[:3072])


def test_sound_when_there_is_a_gap_then_it_is_silent_and_counted() -> None:
    sound = SourceSound(RATE)
    sound.add(block(0))
    sound.add(block(2048))
    heard = sound.read(0, 3072)
    assert not heard[1024:2048].any()
    np.testing.assert_array_equal(heard[2048:], RAMP[2048:3072])
    assert sound.missing_samples == 1024
