"""The worker's engines: what can be translated into a voice, and what is said where one lacks."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from edge_worker.config import EngineSection
from edge_worker.engine_set import EngineSet, load_engines
from edge_worker.lending import Lent
from engines import EngineUnavailableError
from engines.catalogue import Catalogue
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync.mouth_warp import MouthWarp
from engines.tts import Phoneme, Speech
from engines.turn.smart_turn import SmartTurn
from engines.vad.gate import GatedDetector

pytestmark = pytest.mark.models


class Dictionary:
    """A translator of four directions."""

    pairs = frozenset({("pt", "en"), ("en", "pt"), ("pt", "fi"), ("fi", "en")})

    def translate(self, text: str, *, source: str, target: str) -> str:
        del source, target
        return text


class Choir:
    """Speaks English with two voices and Portuguese with one."""

    voices = {"en": ("joe", "amy"), "pt": ("ines",), "de": ("karl",)}  # noqa: RUF012 - as the Protocol has it

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        del text, language, voice, speed
        yield Speech(16_000, np.zeros(16, np.float32), (Phoneme("a", 16),))


@pytest.fixture(scope="module")
def engines() -> Iterator[EngineSet]:
    loaded = load_engines(EngineSection(), Catalogue.load())
    yield loaded
    loaded.close()


@pytest.fixture
def few(engines: EngineSet) -> EngineSet:
    return replace(
        engines,
        translator=Lent("translator", Dictionary()),
        synthesizer=Lent("synthesizer", Choir()),
    )


def test_pairs_when_a_language_has_no_voice_then_it_is_no_target(few: EngineSet) -> None:
    assert few.pairs == {("pt", "en"), ("en", "pt"), ("fi", "en")}
    listed = [(pair.source, pair.target) for pair in few.language_pairs()]
    assert listed == sorted(few.pairs)


def test_voices_when_listed_then_only_those_of_target_languages_are_there(few: EngineSet) -> None:
    assert [(one.language, one.id) for one in few.voice_list()] == [
        ("en", "joe"),
        ("en", "amy"),
        ("pt", "ines"),
    ]


def test_load_when_all_is_there_then_every_kind_is_loaded_and_named(engines: EngineSet) -> None:
    assert {one.kind for one in engines.loaded} == {
        *("vad", "turn", "asr", "mt", "tts", "face", "lipsync")
    }
    assert isinstance(engines.voice, GatedDetector)
    assert isinstance(engines.turn.engine, SmartTurn)
    assert isinstance(engines.lips, MouthWarp)
    assert engines.landmarker is MediaPipeFace
    assert {("pt", "en"), ("en", "pt")} <= engines.pairs
    assert engines.waiting == 0


def test_load_when_a_model_is_unknown_then_the_error_names_it() -> None:
    for section in (EngineSection(asr="whisper-gigantic"), EngineSection(lips="wax")):
        name = section.asr if section.lips != "wax" else "wax"
        with pytest.raises((EngineUnavailableError, KeyError, ValueError), match=name):
            load_engines(section, Catalogue.load())


def test_load_when_it_takes_a_while_then_every_step_is_told() -> None:
    told: list[str] = []
    load_engines(EngineSection(), Catalogue.load(), told.append).close()
    assert told[0].startswith("voice activity")
    assert "recognition (whisper-base)" in told
    assert told[-1] == "warming up"
