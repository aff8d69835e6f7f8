"""The room's models on onnxruntime: one thread, no spinning."""

from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import EngineUnavailableError

Floats = NDArray[np.float32]


def load_model(name: str) -> Any:  # noqa: ANN401 - onnxruntime ships no types
    """An inference session on a file of ``engines/face/models``.

    Raises:
        EngineUnavailableError: onnxruntime is missing.
    """
    try:
        import onnxruntime  # noqa: PLC0415 - loaded only when an engine is
    except ImportError as error:
        raise EngineUnavailableError(
            "face landmarks need onnxruntime: install polylip[worker]"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = (files("engines.face") / "models" / name).read_bytes()
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def sigmoid(x: Floats) -> Floats:
    """The logistic function."""
    return (1 / (1 + np.exp(-np.clip(x, -80, 80)))).astype(np.float32)
