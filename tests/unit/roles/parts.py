"""Speech in parts, as an interpreter sends it, and a clock that tests move."""

from dataclasses import dataclass, replace

import numpy as np

from edge_worker.items import Samples
from edge_worker.roles.pcm import Piece, pieces_of
from mqtt_schemas import PhonemeSpan, SyncedSpeechMessage

SECOND_NS = 1_000_000_000
RATE = 48_000


@dataclass
class Clock:
    """Monotonic nanoseconds."""

    now_ns: int = 10**12

    def __call__(self) -> int:
        return self.now_ns

    def go(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND_NS)


def sound(seconds: float = 1.0) -> Samples:
    """A tone."""
    return (0.5 * np.sin(np.arange(round(seconds * RATE)) / 50)).astype(np.float32)


def pieces(seconds: float = 1.0) -> list[Piece]:
    """Its PCM."""
    return list(pieces_of(sound(seconds), RATE, "en"))


def speech(
    utterance: str = "u1", seconds: float = 1.0, start_ns: int = 5 * SECOND_NS, **changes: object
) -> SyncedSpeechMessage:
    """What is said of it."""
    message = SyncedSpeechMessage(
        stream="door",
        worker="ears",
        utterance=utterance,
        language="en",
        epoch="e1",
        text="Good morning.",
        source_language="pt",
        source_text="Bom dia.",
        confidence=0.9,
        sample_rate=RATE,
        samples=round(seconds * RATE),
        phonemes=(PhonemeSpan(symbol="g", start_ns=0, end_ns=SECOND_NS // 10),),
        source_start_ns=start_ns,
        source_end_ns=start_ns + SECOND_NS,
    )
    return replace(message, **changes)  # type: ignore[arg-type] # fields by name
