"""Turn end: has the speaker finished a thought, or is this a hesitation?"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class TurnDetector(Protocol):
    """A loaded turn-end model."""

    def probability(self, samples: NDArray[np.float32]) -> float:
        """Probability, 0..1, that ``samples`` (16 kHz, the last 8 s are looked at) end a turn."""
        ...
