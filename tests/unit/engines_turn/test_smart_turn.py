import hashlib
import re
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from engines import EngineUnavailableError
from engines.turn.logmel import log_mel
from engines.turn.smart_turn import MODEL_PATH, SmartTurn, features

CLIPS = Path(__file__).parents[2] / "data" / "speech_pt"


def _clip(start_s: float, end_s: float) -> NDArray[np.float32]:
    with av.open(str(CLIPS / "u01.flac")) as container:
        frames = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    samples = np.concatenate(frames).astype(np.float32) / np.float32(32768)
    return samples[int(start_s * 16_000) : int(end_s * 16_000)]


def test_the_committed_model_is_the_one_its_readme_names() -> None:
    readme = (MODEL_PATH.parent / "README.md").read_text()
    (named,) = re.findall(r"\b[0-9a-f]{64}\b", readme)
    assert hashlib.sha256(MODEL_PATH.read_bytes()).hexdigest() == named


def test_log_mel_agrees_with_whispers_own_features() -> None:
    extractor = pytest.importorskip("faster_whisper.feature_extractor").FeatureExtractor()
    samples = _clip(0.0, 8.0)
    np.testing.assert_allclose(log_mel(samples), extractor(samples, padding=0), atol=2e-3)


@pytest.mark.parametrize("seconds", [0.0, 0.5, 8.0, 11.0])
def test_features_look_at_eight_seconds_however_many_there_are(seconds: float) -> None:
    looked = features(_clip(0.0, seconds))
    assert looked.shape == (80, 800)
    assert looked.dtype == np.float32
    assert np.isfinite(looked).all()


@pytest.mark.models
def test_smart_turn_tells_a_finished_sentence_from_a_broken_one() -> None:
    turn = SmartTurn()
    finished = turn.probability(_clip(0.3, 2.3))
    broken = turn.probability(_clip(2.7, 4.3))
    assert finished > 0.5 > broken


def test_smart_turn_without_its_file_says_which(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match=r"nothing\.onnx"):
        SmartTurn(tmp_path / "nothing.onnx")
