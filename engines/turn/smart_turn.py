"""Smart Turn v3.2: a Whisper-tiny encoder with a head that tells a finished turn from a hesitation.

Model and method: https://github.com/pipecat-ai/smart-turn (BSD 2-Clause); provenance beside the
model file.
"""

import importlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines import EngineUnavailableError
from engines.turn.logmel import SAMPLE_RATE, log_mel

MODEL_PATH = Path(__file__).parent / "models" / "smart_turn_v3_2.onnx"

_WINDOW = 8 * SAMPLE_RATE
_VARIANCE_FLOOR = 1e-7


class SmartTurn:
    """A loaded Smart Turn model; about 35 ms a call on one thread.

    Raises:
        EngineUnavailableError: onnxruntime is not installed or the model file cannot be read.
    """

    def __init__(self, model_path: Path = MODEL_PATH, *, threads: int = 1) -> None:
        try:
            onnxruntime = importlib.import_module("onnxruntime")
        except ImportError as error:
            raise EngineUnavailableError(
                "turn end: onnxruntime is not installed; install polylip[worker]"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(model_path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # onnxruntime raises classes of its own that share no documented parent.
            raise EngineUnavailableError(
                f"turn end: {model_path} cannot be loaded: {error}"
            ) from error

    def probability(self, samples: NDArray[np.float32]) -> float:
        """Probability, 0..1, that ``samples`` (16 kHz, newest last, 8 s count) end a turn."""
        outputs = self._session.run(None, {"input_features": features(samples)[None]})
        return float(np.ravel(outputs[0])[0])


def features(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the model looks at: the last 8 s, silence in front, zero mean and unit variance.

    Returns:
        Shape (80, 800).
    """
    recent = samples[-_WINDOW:]
    window = np.pad(recent, (_WINDOW - len(recent), 0))
    normal = (window - window.mean()) / np.sqrt(window.var() + _VARIANCE_FLOOR)
    return log_mel(normal)
