import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_worker.items import AudioBlock
from edge_worker.timeline import mix
from edge_worker.timeline.source_sound import SourceSound
from tests.unit.timeline.speech import RATE, SECOND_NS, placed

ORIGINAL = np.full(1024, 0.25, np.float32)


def test_sound_where_no_speech_is_near_is_the_original_itself() -> None:
    mixed = mix(ORIGINAL, 0, RATE, [placed(5, 1)], 0.18)
    assert mixed.samples is ORIGINAL
    assert not mixed.altered


def test_sound_in_the_middle_of_speech_is_the_ducked_original_plus_speech() -> None:
    mixed = mix(ORIGINAL, 5_500_000_000, RATE, [placed(5, 1)], 0.18)
    np.testing.assert_allclose(mixed.samples, 0.25 * 0.18 + 0.5, rtol=1e-5)
    assert mixed.altered


def test_original_volume_zero_mutes_the_original_under_speech() -> None:
    mixed = mix(ORIGINAL, 5_500_000_000, RATE, [placed(5, 1)], 0.0)
    np.testing.assert_allclose(mixed.samples, 0.5, rtol=1e-5)


def test_duck_between_two_close_speeches_stays_closed() -> None:
    speeches = [placed(5, 1), placed(6.2, 1)]
    mixed = mix(ORIGINAL, 6_100_000_000, RATE, speeches, 0.0)
    np.testing.assert_allclose(mixed.samples, 0.0, atol=1e-6)


def test_duck_after_speech_that_nothing_follows_opens_at_once() -> None:
    mixed = mix(ORIGINAL, 6_040_000_000, RATE, [placed(5, 1)], 0.0)
    np.testing.assert_allclose(mixed.samples, ORIGINAL)
    assert not mixed.altered


def test_speech_split_over_blocks_is_heard_once_and_whole() -> None:
    speech = placed(0.01, 0.1)
    blocks = [
        mix(np.zeros(1024, np.float32), n * 1024 * SECOND_NS // RATE, RATE, [speech], 1.0)
        for n in range(8)
    ]
    whole = np.concatenate([block.samples for block in blocks])
    assert np.count_nonzero(whole) == len(speech.speech.samples)


def test_loud_original_and_speech_never_leave_full_scale() -> None:
    loud = np.full(1024, 0.9, np.float32)
    mixed = mix(loud, 5_500_000_000, RATE, [placed(5, 1)], 1.0)
    assert mixed.samples.max() <= 1.0


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20), st.integers(1, 5000))
def test_source_sound_in_any_block_sizes_reads_back_what_was_stored(
    sizes: list[int], count: int
) -> None:
    whole = np.arange(sum(sizes), dtype=np.float32)
    store = SourceSound(RATE)
    start = 0
    for size in sizes:
        store.add(AudioBlock("e", start * SECOND_NS // RATE, RATE, whole[start : start + size]))
        start += size
    read = store.read(0, count)
    np.testing.assert_array_equal(read[: len(whole)], whole[:count])
    assert not read[len(whole) :].any()
    assert store.missing_samples == max(0, count - len(whole))
