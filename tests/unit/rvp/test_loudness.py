import numpy as np
import pytest

from edge_worker.items import AudioBlock
from edge_worker.rvp.loudness import Loudness

RATE = 16_000
SECOND_NS = 1_000_000_000


def heard(*voices_s: tuple[float, float], gain: float = 1.0, noise: float = 0.001) -> Loudness:
    """Ten seconds in blocks of 1024 samples, with a voice now and then."""
    random = np.random.default_rng(1)
    sound = noise * random.normal(size=10 * RATE)
    for begin, end in voices_s:
        part = slice(round(begin * RATE), round(end * RATE))
        sound[part] += 0.2 * random.normal(size=part.stop - part.start)
    loudness = Loudness(30 * SECOND_NS)
    for start in range(0, len(sound), 1024):
        samples = (gain * sound[start : start + 1024]).astype(np.float32)
        loudness.hear(AudioBlock("e", start * SECOND_NS // RATE, RATE, samples))
    return loudness


@pytest.mark.parametrize("gain", [0.01, 1.0])
def test_level_when_a_voice_is_heard_then_it_is_high_whatever_the_gain(gain: float) -> None:
    times, levels = heard((2, 4), (6, 8), gain=gain).between(0, 10 * SECOND_NS)
    voiced = ((times > 2.1e9) & (times < 3.9e9)) | ((times > 6.1e9) & (times < 7.9e9))
    silent = (times < 1.9e9) | ((times > 4.1e9) & (times < 5.9e9))
    assert levels[voiced].min() > 0.6
    assert levels[silent].max() < 0.4


def test_level_when_only_a_noise_goes_on_then_it_is_not_blown_up() -> None:
    _, levels = heard().between(0, 10 * SECOND_NS)
    assert np.ptp(levels) < 0.7


def test_level_when_nothing_was_heard_then_there_is_none() -> None:
    times, levels = Loudness(SECOND_NS).between(0, SECOND_NS)
    assert len(times) == len(levels) == 0


def test_memory_when_sound_goes_on_then_it_is_bounded() -> None:
    loudness = Loudness(SECOND_NS)
    for number in range(500):
        silence = np.zeros(1600, np.float32)
        loudness.hear(AudioBlock("e", number * SECOND_NS // 10, RATE, silence))
    times, _ = loudness.between(0, 50 * SECOND_NS)
    assert len(times) <= 100


def test_silence_around_speech_when_another_speaks_before_then_it_ends_there() -> None:
    loudness = heard((2, 3.7), (4, 6))
    from_ns, to_ns = loudness.with_silence(4 * SECOND_NS, 6 * SECOND_NS, 600_000_000)
    assert from_ns == pytest.approx(3.75 * SECOND_NS, abs=0.05 * SECOND_NS)
    assert to_ns == pytest.approx(6.6 * SECOND_NS, abs=0.01 * SECOND_NS)
