from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_worker.atp.stretch import FASTEST, SLOWEST, fit
from edge_worker.items import PhonemeTiming, SyncedSpeech
from tests.unit.atp_speak.material import RATE, utterance

BURSTS_S = (0.2, 0.9, 1.7, 2.4, 3.5)
BURST_S = 0.1


def speech(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> SyncedSpeech:
    end_ns = len(samples) * 1_000_000_000 // RATE
    middle_ns = end_ns // 3
    timings = (PhonemeTiming("a", 0, middle_ns), PhonemeTiming("b", middle_ns, end_ns))
    return SyncedSpeech(utterance(), RATE, samples, timings)


def bursts() -> SyncedSpeech:
    samples = np.zeros(4 * RATE, np.float32)
    tone = 0.5 * np.sin(2 * np.pi * 220 * np.arange(round(BURST_S * RATE)) / RATE)
    for at in BURSTS_S:
        samples[round(at * RATE) :][: len(tone)] = tone
    return speech(samples)


def centres(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> list[float]:
    level = np.convolve(np.abs(samples), np.ones(480) / 480, "same") > 0.1
    edges = np.flatnonzero(np.diff(np.concatenate(([False], level, [False])).astype(int)))
    return [
        float(start + end) / 2 / RATE for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 30_000), st.floats(SLOWEST, FASTEST))
def test_fit_length_is_exact_to_the_sample(length: int, speed: float) -> None:
    samples = np.sin(np.arange(length) * 0.05, dtype=np.float32)
    fitted = fit(speech(samples), speed)
    assert len(fitted.samples) == round(length / speed)
    assert fitted.samples.dtype == np.float32


@pytest.mark.parametrize("speed", [SLOWEST, 0.93, 1.07, FASTEST])
def test_fit_keeps_sound_and_phonemes_together(speed: float) -> None:
    found = centres(fit(bursts(), speed).samples)
    expected = [(at + BURST_S / 2) / speed for at in BURSTS_S]
    assert found == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize("speed", [SLOWEST, FASTEST])
def test_fit_keeps_the_pitch(speed: float) -> None:
    tone = np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE).astype(np.float32)
    fitted = fit(speech(tone), speed).samples
    spectrum = np.abs(np.fft.rfft(fitted * np.hanning(len(fitted))))
    assert np.argmax(spectrum) * RATE / len(fitted) == pytest.approx(220, abs=3)


@pytest.mark.parametrize("speed", [SLOWEST, 0.97, 1.1, FASTEST])
def test_fit_scales_timings_and_they_still_touch(speed: float) -> None:
    fitted = fit(bursts(), speed)
    first, last = fitted.phonemes
    assert first.start_ns == 0
    assert first.end_ns == pytest.approx(4e9 / 3 / speed, abs=20_000)
    assert all(a.end_ns == b.start_ns for a, b in pairwise(fitted.phonemes))
    assert last.end_ns == pytest.approx(fitted.duration_ns, abs=1)


def test_fit_when_speed_is_one_then_the_very_same_speech() -> None:
    before = bursts()
    assert fit(before, 1.0) is before


def test_fit_loses_neither_onset_nor_end() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE).astype(np.float32)
    fitted = fit(speech(tone), 1.2).samples
    assert np.abs(fitted[: RATE // 100]).max() > 0.3
    assert np.abs(fitted[-RATE // 100 :]).max() > 0.3


@pytest.mark.parametrize("speed", [0.84, 1.26, 0.0, -1.0, float("nan")])
def test_fit_when_speed_is_out_of_range_then_value_error(speed: float) -> None:
    with pytest.raises(ValueError, match=r"outside 0\.85 to 1\.25"):
        fit(bursts(), speed)
