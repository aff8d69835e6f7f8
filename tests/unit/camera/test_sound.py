"""Sound on its way to AAC: 8 kHz G.711, stereo, silence."""

import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_worker.camera.source import SourceAddress, open_source
from edge_worker.camera.tracks import Tracks
from edge_worker.items import Samples
from edge_worker.media.decode import AudioDecoder

RATE = 48_000


def published(path: Path, sound: str, *coding: str) -> Samples:
    """What a receiver hears of a sound that ffmpeg made and we encoded, without its edges."""
    made = ["-f", "lavfi", "-i", sound, "-t", "2", *coding, str(path)]
    subprocess.run(["ffmpeg", "-y", "-v", "error", *made], check=True, timeout=60)
    source = open_source(SourceAddress(str(path)))
    tracks = Tracks(source)
    decoder = AudioDecoder("aac", "e")
    blocks = [block for unit in tracks.units() for block in decoder.decode(unit)]
    source.close()
    assert {block.sample_rate for block in blocks} == {RATE}
    return np.concatenate([block.samples for block in blocks])[RATE // 4 : -RATE // 4]


def level_at(samples: Samples, hertz: float) -> float:
    """Decibels of what lies within 100 Hz of a frequency."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) / len(samples) * 4
    near = np.abs(np.fft.rfftfreq(len(samples), 1 / RATE) - hertz) < 100
    return float(20 * np.log10(max(spectrum[near].max(), 1e-9)))


@pytest.mark.parametrize("codec", ["pcm_mulaw", "pcm_alaw"])
def test_g711_when_published_then_its_tone_stays_and_no_image_of_it_appears(
    codec: str, tmp_path: Path
) -> None:
    tone = "aevalsrc=0.5*sin(2*PI*3000*t):s=8000"
    samples = published(tmp_path / "a.wav", tone, "-c:a", codec)
    assert level_at(samples, 3000) == pytest.approx(20 * np.log10(0.5), abs=0.7)
    assert level_at(samples, 5000) < -50  # 8000 - 3000: what a poor resampler leaves
    assert level_at(samples, 11_000) < -50


@pytest.mark.parametrize(
    ("left", "right", "expected"), [(0.5, 0.5, 0.5), (0.5, 0.0, 0.25), (0.9, 0.9, 0.9)]
)
def test_stereo_when_mixed_then_it_is_the_mean_of_both(
    left: float, right: float, expected: float, tmp_path: Path
) -> None:
    tones = f"aevalsrc={left}*sin(2*PI*1000*t)|{right}*sin(2*PI*1000*t):s=48000"
    samples = published(tmp_path / "a.wav", tones, "-c:a", "pcm_s16le")
    assert np.sqrt(2 * np.mean(samples**2)) == pytest.approx(expected, rel=0.02)
    assert np.abs(samples).max() <= 1.0


def test_microphone_when_muted_then_silence_is_published_in_its_full_length(
    tmp_path: Path,
) -> None:
    samples = published(tmp_path / "a.wav", "anullsrc=r=8000:cl=mono", "-c:a", "pcm_mulaw")
    assert len(samples) >= 1.4 * RATE
    assert np.abs(samples).max() < 0.01
