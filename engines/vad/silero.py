"""Silero VAD v6 (MIT), in the single-window ONNX form that the faster-whisper package carries."""

import importlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import EngineUnavailableError
from engines.vad import WINDOW, VoiceStream

_CONTEXT = 64
"""Samples of the previous window that the model wants in front of each window."""
_STATE = (1, 1, 128)


def packaged_model() -> Path:
    """Where the installed faster-whisper package keeps the model.

    Raises:
        EngineUnavailableError: the package, or the file in it, is missing.
    """
    spec = find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise EngineUnavailableError(
            "voice activity: faster-whisper is not installed; install polylip[worker]"
        )
    path = Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"
    if not path.is_file():
        raise EngineUnavailableError(
            f"voice activity: {path} is missing; install faster-whisper 1.2 again"
        )
    return path


class SileroDetector:
    """A loaded Silero model, shared by all streams; about 0.2 ms a window on one thread.

    Args:
        model_path: the ONNX file; by default the one inside faster-whisper.

    Raises:
        EngineUnavailableError: onnxruntime or the model is missing.
    """

    def __init__(self, model_path: Path | None = None) -> None:
        path = packaged_model() if model_path is None else model_path
        try:
            onnxruntime = importlib.import_module("onnxruntime")
        except ImportError as error:
            raise EngineUnavailableError(
                "voice activity: onnxruntime is not installed; install polylip[worker]"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            # onnxruntime raises classes of its own that share no documented parent.
            raise EngineUnavailableError(
                f"voice activity: {path} cannot be loaded: {error}"
            ) from error

    def open(self) -> VoiceStream:
        """Start the state of one stream."""
        return _SileroStream(self._session)


class _SileroStream:
    """Recurrent state and left context of one stream."""

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - onnxruntime ships no types
        self._session = session
        self._hidden = np.zeros(_STATE, np.float32)
        self._cell = np.zeros(_STATE, np.float32)
        self._input = np.zeros((1, _CONTEXT + WINDOW), np.float32)

    def probability(self, window: NDArray[np.float32]) -> float:
        """Probability of speech, 0..1, in ``window`` (shape (512,), 16 kHz, full scale +-1)."""
        self._input[0, :_CONTEXT] = self._input[0, -_CONTEXT:]
        self._input[0, _CONTEXT:] = window
        heard, self._hidden, self._cell = self._session.run(
            None, {"input": self._input, "h": self._hidden, "c": self._cell}
        )
        return float(np.ravel(heard)[0])
