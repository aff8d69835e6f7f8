"""Servers that are away, and come."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.config import EngineSection
from edge_worker.servers import Reached, ServedRecognizer, ServedVoices
from edge_worker.sources import Sources
from edge_worker.stock import Stock
from engines import EngineTimeoutError, EngineUnavailableError
from engines.asr import Recognizer, Transcript
from engines.catalogue import Catalogue
from engines.tts import Phoneme, Speech, Synthesizer

SOUND = np.zeros(160, np.float32)


class Ear:
    languages = frozenset({"pt"})
    takes_prefix = False

    def transcribe(
        self, samples: NDArray[np.float32], *, language: str, prefix: str = ""
    ) -> Transcript:
        del samples, prefix
        return Transcript("olá", language, 0.9)

    def languages_heard(self, samples: NDArray[np.float32]) -> dict[str, float]:
        del samples
        return {"pt": 1.0}

    def translate_to_english(self, samples: NDArray[np.float32], *, language: str) -> Transcript:
        del samples, language
        return Transcript("hello", "en", 0.9)


class Mouth:
    voices: dict[str, tuple[str, ...]] = {"pt": ("server-voice",)}  # noqa: RUF012 - as the Protocol has it

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        del text, language, voice, speed
        yield Speech(16_000, SOUND, (Phoneme("a", 160),))


class Away:
    """Answers from some moment on."""

    def __init__(self, engine: object) -> None:
        self.there = False
        self.asked = 0
        self._engine = engine

    def __call__(self) -> object:
        self.asked += 1
        if not self.there:
            raise EngineUnavailableError("tcp://pi:10300 does not answer")
        return self._engine


def test_call_when_the_server_is_away_then_it_says_so_and_is_not_asked_too_often() -> None:
    now, away = [0.0], Away(Ear())
    server: Reached[Recognizer] = Reached(away, clock=lambda: now[0])  # type: ignore[arg-type] # any engine
    recognizer = ServedRecognizer(server)
    for _ in range(3):
        with pytest.raises(EngineUnavailableError, match="tcp://pi:10300"):
            recognizer.transcribe(SOUND, language="pt")
    assert away.asked == 1
    assert (recognizer.languages, recognizer.takes_prefix) == (frozenset(), False)
    away.there, now[0] = True, 6.0
    assert recognizer.transcribe(SOUND, language="pt").text == "olá"
    assert recognizer.languages_heard(SOUND) == {"pt": 1.0}
    assert recognizer.translate_to_english(SOUND, language="pt").text == "hello"
    assert recognizer.languages == {"pt"}


def test_look_when_the_server_has_come_then_its_voices_are_there_and_come_first() -> None:
    now, away = [0.0], Away(Mouth())
    server: Reached[Synthesizer] = Reached(away, clock=lambda: now[0])  # type: ignore[arg-type] # any engine
    stock = Stock(Catalogue.load(), EngineSection())
    sources = Sources(stock, (server,), (ServedVoices(server),))
    assert not sources.look()
    assert "server-voice" not in sources.synthesizers().voices.get("pt", ())
    away.there, now[0] = True, 6.0
    assert sources.look()
    assert not sources.look()
    assert sources.synthesizers().voices["pt"][0] == "server-voice"
    said = list(sources.synthesizers().synthesize("Olá", language="pt"))
    assert len(said) == 1


def test_call_when_the_server_is_lost_then_it_is_said_and_looked_for_again() -> None:
    now, there = [0.0], [True]

    class Breaking(Mouth):
        def synthesize(
            self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
        ) -> Iterator[Speech]:
            yield from super().synthesize(text, language=language, voice=voice, speed=speed)
            raise EngineUnavailableError("tcp://pi:10200 hung up")

    def reach() -> Synthesizer:
        if not there[0]:
            raise EngineUnavailableError("tcp://pi:10200 does not answer")
        return Breaking()

    server: Reached[Synthesizer] = Reached(reach, clock=lambda: now[0])
    sources = Sources(Stock(Catalogue.load(), EngineSection()), (server,), (ServedVoices(server),))
    assert sources.look()
    assert server.trouble == ""
    for there[0] in (True, False):
        with pytest.raises(EngineUnavailableError, match="hung up"):
            list(ServedVoices(server).synthesize("Olá", language="pt"))
        assert server.trouble == "tcp://pi:10200 hung up"
        assert sources.look()
    assert server.trouble == "tcp://pi:10200 does not answer"
    assert "server-voice" not in sources.synthesizers().voices.get("pt", ()), "taken out"
    there[0], now[0] = True, 6.0
    assert sources.look()
    assert server.trouble == ""
    assert sources.synthesizers().voices["pt"][0] == "server-voice"


def test_call_when_the_server_answers_too_late_then_it_is_left_alone_for_a_while() -> None:
    now, asked = [0.0], [0]

    class Late(Ear):
        def transcribe(
            self, samples: NDArray[np.float32], *, language: str, prefix: str = ""
        ) -> Transcript:
            del samples, language, prefix
            asked[0] += 1
            raise EngineTimeoutError("tcp://pi:10300 did not answer within 10 s")

    recognizer = ServedRecognizer(Reached(Late, clock=lambda: now[0]))
    for now[0], questions in ((0.0, 1), (0.1, 1), (4.9, 1), (5.1, 2)):
        with pytest.raises(EngineUnavailableError, match="within 10 s"):
            recognizer.transcribe(SOUND, language="pt")
        assert asked[0] == questions


def test_call_when_the_server_stays_away_then_each_error_is_a_new_one() -> None:
    recognizer = ServedRecognizer(Reached(Away(Ear()), clock=lambda: 0.0))  # type: ignore[arg-type] # any engine
    errors = []
    for _ in range(3):
        with pytest.raises(EngineUnavailableError) as told:
            recognizer.transcribe(SOUND, language="pt")
        errors.append(told.value)
    assert len({id(error) for error in errors}) == 3, "none holds what earlier callers said"
    assert errors[1].__context__ is None
