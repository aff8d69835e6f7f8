"""Speech recognition."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000


class UnknownLanguageError(ValueError):
    """The model does not recognise this language; the message names it and quotes no speech."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard."""

    text: str
    language: str
    """BCP-47, lower case."""
    confidence: float
    """0..1, the (geometric) mean token probability."""
    no_speech: float = 0.0
    """0..1, how likely the recognizer thinks that nobody spoke."""


class Recognizer(Protocol):
    """A loaded recognition model."""

    @property
    def languages(self) -> frozenset[str]:
        """Languages it recognises."""
        ...

    @property
    def takes_prefix(self) -> bool:
        """Whether ``transcribe`` takes a ``prefix``; where not, each utterance stands alone."""
        ...

    def transcribe(
        self, samples: NDArray[np.float32], *, language: str, prefix: str = ""
    ) -> Transcript:
        """Text of ``samples`` (16 kHz mono, <= 30 s).

        ``prefix`` is text already committed for the first part of ``samples``; it steers the
        decoding and is not part of the returned text.
        """
        ...

    def languages_heard(self, samples: NDArray[np.float32]) -> dict[str, float]:
        """Probability of each language, most likely first."""
        ...

    def translate_to_english(self, samples: NDArray[np.float32], *, language: str) -> Transcript:
        """English text of foreign speech; only for where no translator has the pair."""
        ...
