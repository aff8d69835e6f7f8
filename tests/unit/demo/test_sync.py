"""The A/V offset of a film is read from its pictures and its sound alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.demo.judge import Span
from edge_worker.demo.judge.sync import loudness, offset_between, sync_windows
from tests.unit.demo.conftest import RATE, SECOND, Visitor


def shifted(sound: NDArray[np.float32], ms: int) -> NDArray[np.float32]:
    samples = abs(ms) * RATE // 1000
    if ms < 0:
        return np.concatenate([sound[samples:], np.zeros(samples, np.float32)])
    return np.concatenate([np.zeros(samples, np.float32), sound])[: len(sound)]


def median_offset(visitor: Visitor, sound: NDArray[np.float32]) -> float:
    windows = sync_windows(visitor.track, sound, RATE, visitor.speech)
    return float(np.median([w.offset_ms for w in windows]))


def median_r(visitor: Visitor, sound: NDArray[np.float32]) -> float:
    windows = sync_windows(visitor.track, sound, RATE, visitor.speech)
    return float(np.median([w.r for w in windows]))


def test_offset_when_the_film_is_untouched_is_near_zero(visitor: Visitor) -> None:
    assert abs(median_offset(visitor, visitor.sound)) < 30


@pytest.mark.parametrize("ms", [120, -120, 200])
def test_offset_when_sound_is_moved_moves_as_much(visitor: Visitor, ms: int) -> None:
    moved = median_offset(visitor, shifted(visitor.sound, ms))
    assert moved - median_offset(visitor, visitor.sound) == pytest.approx(ms, abs=15)


def test_correlation_when_the_sound_is_foreign_is_clearly_worse(visitor: Visitor) -> None:
    own = median_r(visitor, visitor.sound)
    foreign = median_r(visitor, np.roll(visitor.sound, len(visitor.sound) // 2))
    assert own > 0.4
    assert foreign < 0.6 * own


def test_windows_when_less_than_half_is_speech_are_left_out(visitor: Visitor) -> None:
    little = (Span(0, 4 * SECOND),)
    assert sync_windows(visitor.track, visitor.sound, RATE, little) == ()


def test_windows_when_all_is_speech_hop_by_two_seconds(visitor: Visitor) -> None:
    windows = sync_windows(visitor.track, visitor.sound, RATE, (Span(0, 18 * SECOND),))
    assert [w.start_ns for w in windows] == [0, 2 * SECOND, 4 * SECOND, 6 * SECOND, 8 * SECOND]


def test_offset_when_nothing_is_seen_is_no_correlation() -> None:
    assert offset_between(np.full(1000, np.nan), np.zeros(1000)) == (0.0, 0.0)


def test_offset_when_sound_follows_the_mouth_is_positive() -> None:
    mouth = np.random.default_rng(0).standard_normal(1000)
    sound = np.roll(mouth, 5)
    offset_ms, r = offset_between(mouth, sound)
    assert offset_ms == pytest.approx(50, abs=1)
    assert r > 0.99


def test_loudness_when_a_tone_is_outside_the_speech_band_does_not_rise() -> None:
    time_s = np.arange(RATE) / RATE
    rumble = np.sin(2 * np.pi * 80 * time_s).astype(np.float32)
    voice = np.sin(2 * np.pi * 1000 * time_s).astype(np.float32)
    assert loudness(rumble, RATE)[20:80].max() < -1.5
    assert loudness(voice, RATE)[20:80].min() == pytest.approx(np.log10(np.sqrt(0.5)), abs=0.02)
