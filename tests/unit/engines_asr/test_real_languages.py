"""Recognition of real voices in languages of which no recording may be kept here.

Debian packages the announcements of a telephone exchange with their texts, spoken by professional
speakers at 8 kHz (CC BY-SA 3.0, the Russian ones CC BY 3.0). They are fetched for the test alone.
"""

import gzip
import logging
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import av
import jiwer
import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.items import AudioBlock
from edge_worker.media.resample import Resampler
from engines.asr import SAMPLE_RATE
from engines.asr.whisper import WhisperRecognizer
from engines.catalogue import Catalogue

pytestmark = [pytest.mark.models, pytest.mark.long]

CLIPS = 40
LIMITS = {"es": 0.12, "fr": 0.13, "it": 0.12, "ru": 0.10}
"""Character error rate of whisper-base."""
_log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def whisper() -> WhisperRecognizer:
    folder = Catalogue.load().locate("whisper-base")
    if folder is None:
        pytest.skip("whisper-base is not on this machine")
    return WhisperRecognizer(folder, threads=2)


def fetched(language: str, folder: Path) -> Path:
    """Where the announcements of a language and their texts are unpacked."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        pytest.skip("the announcements come as Debian packages")
    package = f"asterisk-core-sounds-{language}"
    names = [package, f"{package}-wav"]
    done = subprocess.run(
        ["apt-get", "download", *names], cwd=folder, capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no package {package} to be had here")
    for archive in folder.glob("*.deb"):
        subprocess.run(["dpkg", "-x", archive, folder], check=True)
    return folder


def announcements(folder: Path, language: str) -> Iterator[tuple[str, Path]]:
    """(text, recording) of sentences of some length, without digits and notes."""
    (texts,) = folder.rglob(f"core-sounds-{language}.txt.gz")
    recordings = {path.stem: path for path in folder.rglob("*.wav")}
    for line in gzip.decompress(texts.read_bytes()).decode("utf-8", "replace").splitlines():
        name, _, text = line.partition(": ")
        plain = not re.search(r"[\d\[<\ufffd]", text)
        if plain and name in recordings and 4 <= len(text.split()) <= 25:
            yield text, recordings[name]


def sound(path: Path) -> NDArray[np.float32]:
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    samples = np.concatenate(frames).astype(np.float32) / np.float32(32768)
    resampler = Resampler(SAMPLE_RATE)
    blocks = [*resampler.process(AudioBlock("", 0, rate, samples)), *resampler.flush()]
    return np.concatenate([block.samples for block in blocks])[: 29 * SAMPLE_RATE]


def spelled(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", " ", text.lower().replace("\u0451", "\u0435")).split())


@pytest.mark.parametrize("language", sorted(LIMITS))
def test_whisper_base_understands_a_telephone_voice(
    language: str, whisper: WhisperRecognizer, tmp_path: Path
) -> None:
    every = sorted(announcements(fetched(language, tmp_path), language))
    order = np.random.default_rng(1).permutation(len(every))
    chosen = [every[at] for at in order[:CLIPS]]
    said, heard, named = [], [], 0
    for text, path in chosen:
        samples = sound(path)
        probabilities = whisper.languages_heard(samples)
        named += max(probabilities, key=lambda tag: probabilities[tag]) == language
        said.append(spelled(text))
        heard.append(spelled(whisper.transcribe(samples, language=language).text))
    errors, words = jiwer.cer(said, heard), jiwer.wer(said, heard)
    _log.info("%s: CER %.3f, WER %.3f, language %d/%d", language, errors, words, named, CLIPS)
    assert errors < LIMITS[language]
    assert named >= 0.85 * CLIPS
