"""Engines that answer as a test says, and sound that is loud where somebody speaks."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge_worker.atp.hearing import Hearing, HearingOptions
from edge_worker.atp.listened import Listened
from edge_worker.atp.segmenter import Segmenter
from edge_worker.items import AudioBlock, SpeechSpan
from edge_worker.lending import Lent
from engines.asr import Recognizer, Transcript
from engines.language import primary
from engines.turn import TurnDetector
from engines.vad import VoiceStream

RATE = 16_000
MS = 1_000_000
SECOND = 1_000_000_000
Sound = NDArray[np.float32]


class LoudnessDetector:
    """Takes everything loud for voice."""

    def open(self) -> VoiceStream:
        return self

    def probability(self, window: Sound) -> float:
        return 0.9 if float(np.abs(window).mean()) > 0.01 else 0.05


class ScriptedTurn:
    """Answers with a constant, or raises it."""

    def __init__(self, answer: float | Exception) -> None:
        self.answer = answer
        self.calls = 0

    def probability(self, samples: Sound) -> float:
        assert len(samples)
        self.calls += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class ScriptedRecognizer:
    """Hears what ``say`` makes of the number of seconds of loud sound."""

    languages = frozenset({"pt", "en", "es"})
    takes_prefix = True

    def __init__(
        self,
        say: Callable[[float], str],
        *,
        heard: dict[str, float] | None = None,
        confidence: float = 0.9,
        no_speech: float = 0.0,
    ) -> None:
        self.say = say
        self.heard = {"pt": 0.97, "es": 0.02, "en": 0.01} if heard is None else heard
        self.confidence = confidence
        self.no_speech = no_speech
        self.asked: list[tuple[str, str, int]] = []
        """(language, prefix, samples) of every call."""

    def transcribe(self, samples: Sound, *, language: str, prefix: str = "") -> Transcript:
        self.asked.append((language, prefix, len(samples)))
        loud = float(np.count_nonzero(np.abs(samples) > 0.01)) / RATE
        return Transcript(self.say(loud), primary(language), self.confidence, self.no_speech)

    def languages_heard(self, samples: Sound) -> dict[str, float]:
        assert len(samples)
        return self.heard

    def translate_to_english(self, samples: Sound, *, language: str) -> Transcript:
        raise NotImplementedError


def out_of_memory(_: float) -> str:
    """What a recognizer says that fails."""
    raise RuntimeError("out of memory")


def speech(*parts: float) -> Sound:
    """Seconds of voice and silence in turn, starting with voice."""
    rng = np.random.default_rng(0)
    return np.concatenate(
        [
            (0.1 if index % 2 == 0 else 1e-5) * np.sign(rng.normal(size=int(seconds * RATE)))
            for index, seconds in enumerate(parts)
        ]
    ).astype(np.float32)


def blocks(
    sound: Sound, *, epoch: str = "e1", start_ns: int = 0, rate: int = RATE, size: int = 320
) -> list[AudioBlock]:
    return [
        AudioBlock(epoch, start_ns + at * SECOND // rate, rate, sound[at : at + size])
        for at in range(0, len(sound), size)
    ]


def hearing(
    recognizer: Recognizer,
    source: str = "pt",
    target: str = "en",
    options: HearingOptions | None = None,
) -> Hearing:
    return Hearing(
        Lent("asr", recognizer),
        lambda: (source, target),
        HearingOptions() if options is None else options,
    )


def lent_turn(turn: TurnDetector) -> Lent[TurnDetector]:
    return Lent("turn", turn)


async def listen_through(segmenter: Segmenter, sound: list[AudioBlock]) -> list[Listened]:
    """Everything the segmenter gives, each answer awaited before the next block."""
    listened: list[Listened] = []
    for block in sound:
        listened += await segmenter.process(block)
        while segmenter.pending:
            listened += await segmenter.news()
    return [*listened, *await segmenter.finish()]


def spans(listened: list[Listened]) -> list[SpeechSpan]:
    return [item for item in listened if isinstance(item, SpeechSpan)]
