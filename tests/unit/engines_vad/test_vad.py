from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from engines import EngineUnavailableError
from engines.vad import WINDOW, VoiceDetector, VoiceStream
from engines.vad.gate import GatedDetector
from engines.vad.silero import SileroDetector

CLIPS = Path(__file__).parents[2] / "data" / "speech_pt"
SPEECH = ((0.5, 2.14), (2.89, 4.12), (4.6, 7.14), (7.5, 9.15))
"""Seconds in which u01 is voiced."""

pytestmark = pytest.mark.models


class _Counting:
    """A detector that counts the windows it is asked about."""

    def __init__(self, detector: VoiceDetector) -> None:
        self._stream = detector.open()
        self.asked = 0

    def open(self) -> VoiceStream:
        return self

    def probability(self, window: NDArray[np.float32]) -> float:
        self.asked += 1
        return self._stream.probability(window)


def _clip() -> NDArray[np.float32]:
    with av.open(str(CLIPS / "u01.flac")) as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(frames).astype(np.float32) / np.float32(32768)


def _probabilities(stream: VoiceStream, sound: NDArray[Any]) -> NDArray[np.float64]:
    windows = sound[: len(sound) // WINDOW * WINDOW].astype(np.float32).reshape(-1, WINDOW)
    return np.array([stream.probability(window) for window in windows])


def _second(at_s: float) -> int:
    return int(at_s * 16_000 / WINDOW)


@pytest.fixture(scope="module")
def silero() -> SileroDetector:
    return SileroDetector()


def test_silero_finds_speech_and_the_pauses_in_it(silero: SileroDetector) -> None:
    heard = _probabilities(silero.open(), _clip()) > 0.5
    for start, end in SPEECH:
        assert heard[_second(start + 0.1) : _second(end - 0.1)].mean() > 0.9
    assert heard[: _second(0.4)].mean() < 0.05
    assert heard[_second(9.4) :].mean() < 0.05


def test_silero_streams_do_not_mix(silero: SileroDetector) -> None:
    alone = _probabilities(silero.open(), _clip()[:64_000])
    one, other = silero.open(), silero.open()
    mixed = []
    for window in _clip()[: 64_000 // WINDOW * WINDOW].reshape(-1, WINDOW):
        mixed.append(one.probability(window))
        other.probability(np.zeros(WINDOW, np.float32))
    np.testing.assert_allclose(mixed, alone, atol=1e-6)


def test_silero_takes_noise_for_no_voice(silero: SileroDetector) -> None:
    rng = np.random.default_rng(1)
    assert (_probabilities(silero.open(), 0.1 * rng.normal(size=80_000)) > 0.5).mean() < 0.05


def test_silero_without_its_file_says_which(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match=r"nothing\.onnx"):
        SileroDetector(tmp_path / "nothing.onnx")


@pytest.mark.parametrize("gain_db", [0, -30, -40])
def test_gate_loses_no_onset_even_of_quiet_speech(silero: SileroDetector, gain_db: int) -> None:
    rng = np.random.default_rng(2)
    clip = np.concatenate((np.zeros(48_000, np.float32), _clip()))
    sound = clip * 10 ** (gain_db / 20) + 1e-5 * rng.normal(size=len(clip))
    judged = _probabilities(silero.open(), sound) > 0.5
    gated = _probabilities(GatedDetector(silero).open(), sound) > 0.5
    onsets = np.flatnonzero(np.diff(judged.astype(int)) == 1) + 1
    assert len(onsets)
    # The segmenter keeps 200 ms of sound before the first voiced window: six windows.
    assert all(gated[onset : onset + 6].any() for onset in onsets)
    assert (judged & ~gated).sum() <= 0.02 * judged.sum()


def test_gate_in_silence_asks_nobody(silero: SileroDetector) -> None:
    counting = _Counting(silero)
    _probabilities(GatedDetector(counting).open(), np.zeros(10 * 16_000, np.float32))
    assert counting.asked == 0


def test_gate_when_it_opens_shows_what_came_just_before(silero: SileroDetector) -> None:
    counting = _Counting(silero)
    stream = GatedDetector(counting, lead_windows=4).open()
    quiet, loud = np.zeros(WINDOW, np.float32), np.full(WINDOW, 0.3, np.float32)
    for _ in range(10):
        stream.probability(quiet)
    stream.probability(loud)
    assert counting.asked == 5
