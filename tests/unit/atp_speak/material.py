"""An utterance to work on, and engines that do as they are told."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from edge_worker.items import Utterance
from engines.tts import Speech

RATE = 48_000

_UTTERANCE = Utterance(
    id="u1",
    epoch="e1",
    start_ns=1_000_000_000,
    end_ns=2_000_000_000,
    source_language="pt",
    source_text="A porta está aberta.",
    confidence=0.9,
    target_language="en",
)


def utterance(**changes: object) -> Utterance:
    """The utterance with some fields changed."""
    return replace(_UTTERANCE, **changes)  # type: ignore[arg-type] # field names are checked at run time


class Dictionary:
    """A translator that knows a few texts; an exception among them is raised."""

    def __init__(self, answers: dict[str, str | Exception]) -> None:
        self._answers = answers
        self.pairs = frozenset({("pt", "en")})

    def translate(self, text: str, *, source: str, target: str) -> str:
        assert (source, target) in self.pairs
        answer = self._answers[text]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Recording:
    """A synthesizer that plays given sentences and notes what it was asked."""

    def __init__(self, sentences: Sequence[Speech]) -> None:
        self._sentences = sentences
        self.voices: dict[str, tuple[str, ...]] = {"en": ("joe", "amy")}
        self.asked: list[tuple[str, str, str | None, float]] = []

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        self.asked.append((text, language, voice, speed))
        yield from self._sentences
