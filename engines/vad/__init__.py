"""Voice activity: is somebody speaking in this 32 ms of sound?"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
WINDOW = 512
"""Samples per decision (32 ms)."""


class VoiceStream(Protocol):
    """The state of one stream; windows must come in order."""

    def probability(self, window: NDArray[np.float32]) -> float:
        """Probability of speech, 0..1, in ``window`` (shape (512,), 16 kHz, full scale +-1)."""
        ...


class VoiceDetector(Protocol):
    """A loaded voice activity model, shared by all streams."""

    def open(self) -> VoiceStream:
        """Start the state of one stream."""
        ...
