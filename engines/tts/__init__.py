"""Speech synthesis with phoneme timings."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

MAX_CHARACTERS = 4_000
"""Longest text that is spoken at once."""
SLOWEST, FASTEST = 0.5, 2.0
"""Speeds that a synthesizer may be asked for."""


@dataclass(frozen=True, slots=True)
class Phoneme:
    """One symbol of the alignment and how many samples it lasts."""

    symbol: str
    """IPA phone, stress or length mark, ``' '`` or punctuation."""
    samples: int


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """One sentence of synthesized speech; the phonemes' samples add up to the sound's."""

    sample_rate: int
    samples: NDArray[np.float32]
    """Mono, full scale +-1."""
    phonemes: tuple[Phoneme, ...]


class Synthesizer(Protocol):
    """A loaded synthesizer or a set of voices."""

    @property
    def voices(self) -> dict[str, tuple[str, ...]]:
        """Voice ids by language (BCP-47 primary subtag); the first is the default."""
        ...

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        """Speak ``text`` sentence by sentence; ``speed`` > 1 is faster, roughly.

        Raises:
            KeyError: no voice speaks ``language``, or ``voice`` is not one of its voices.
            ValueError: ``text`` is longer than ``MAX_CHARACTERS`` or ``speed`` out of range.
        """
        ...


def check_request(text: str, speed: float) -> None:
    """What every synthesizer refuses before it speaks.

    Raises:
        ValueError: ``text`` is longer than ``MAX_CHARACTERS`` or ``speed`` out of range.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(
            f"text of {len(text)} characters is longer than the {MAX_CHARACTERS} spoken at once"
        )
    if not SLOWEST <= speed <= FASTEST:
        raise ValueError(f"speed {speed} is outside {SLOWEST} to {FASTEST}")
