"""The worker's engines: what can be translated into a voice, and what is said where one lacks."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from edge_worker.config import EngineSection
from edge_worker.engine_loading import load_engines
from edge_worker.engine_set import EngineSet
from edge_worker.lending import Lent
from engines import EngineUnavailableError
from engines.catalogue import Catalogue
from engines.face.mediapipe import MediaPipeFace
from engines.lipsync.mouth_warp import MouthWarp
from engines.tts import Phoneme, Speech
from engines.turn.smart_turn import SmartTurn
from engines.vad.gate import GatedDetector
from mqtt_schemas import EngineInfo, Reach, WorkerInfo, encode
from tests.unit.wyoming_server import asr, serving, tts

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


def test_voices_when_a_name_is_none_for_mqtt_then_it_is_left_out_and_said_once(
    few: EngineSet, caplog: pytest.LogCaptureFixture
) -> None:
    choir = Choir()
    choir.voices = {"en": ("Amélie (premium)", "en/us/mary", "joe"), "pt": ("",)}
    odd = replace(few, synthesizer=Lent("synthesizer", choir))
    for _ in range(2):
        assert [one.id for one in odd.voice_list()] == ["joe"]
    assert caplog.text.count("cannot be chosen") == 3


def test_voices_when_there_are_thousands_then_each_languages_first_ones_fit_into_a_message(
    few: EngineSet,
) -> None:
    choir = Choir()
    choir.voices = {
        "en": tuple(f"{number:0128}" for number in range(5000)),
        "pt": ("ines", "rui"),
    }
    voices = replace(few, synthesizer=Lent("synthesizer", choir)).voice_list()
    assert [one.id for one in voices if one.language == "pt"] == ["ines", "rui"]
    assert len(voices) == 256
    assert encode(WorkerInfo(worker="box", voices=voices))


def test_engines_when_very_many_models_are_here_then_they_fit_into_a_message() -> None:
    listed = tuple(EngineInfo(kind="mt", id=f"opus-mt-{number}-en") for number in range(300))
    assert encode(WorkerInfo(worker="box", engines=listed))


def test_load_when_all_is_there_then_every_kind_is_loaded_and_named(engines: EngineSet) -> None:
    assert {one.kind for one in engines.engines()} == {
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


def test_load_when_its_servers_are_away_then_it_loads_all_the_same_and_says_which() -> None:
    nobody = "tcp://127.0.0.1:9"
    loaded = load_engines(EngineSection(asr=nobody, tts=nobody), Catalogue.load())
    try:
        assert nobody in loaded.trouble
        assert loaded.recognizer.engine.languages == frozenset()
        assert ("pt", "en") in loaded.pairs, "voices of this machine speak meanwhile"
        assert loaded.served_languages == frozenset()
        with pytest.raises(EngineUnavailableError, match=nobody):
            loaded.recognizer.engine.transcribe(np.zeros(160, np.float32), language="pt")
    finally:
        loaded.close()


def test_load_when_servers_answer_then_they_hear_and_their_voices_come_first() -> None:
    with serving(asr(("base", ["pt", "en"]))) as ears, serving(tts(("ines", ["pt-PT"]))) as mouth:
        loaded = load_engines(EngineSection(asr=ears, tts=mouth), Catalogue.load())
        try:
            assert loaded.trouble == ""
            assert loaded.recognizer.engine.languages == {"pt", "en"}
            assert loaded.synthesizer.engine.voices["pt"][0] == "ines"
            assert loaded.served_languages == {"pt"}
            assert ("en", "pt") in loaded.pairs
            assert {one.id for one in loaded.engines() if one.kind == "asr"} == {"wyoming"}
        finally:
            loaded.close()


def test_offers_when_listed_then_each_language_is_ready_or_after_a_download(
    engines: EngineSet,
) -> None:
    offers = {one.language: one for one in engines.language_offers()}
    assert len(offers) == 14
    assert (offers["pt"].source, offers["pt"].target) == (Reach.READY, Reach.READY)
    assert offers["pt"].models == ("piper-pt-br-faber",)
    assert (offers["de"].source, offers["de"].target) == (Reach.DOWNLOAD, Reach.DOWNLOAD)
    assert offers["de"].models == ("bergamot-de-en", "bergamot-en-de", "piper-de-de-thorsten")
    assert 100e6 < offers["de"].size_bytes < 120e6
    assert offers["en"].size_bytes == 0


async def test_prepare_when_a_model_cannot_be_loaded_then_its_use_says_so_and_nothing_else(
    engines: EngineSet,
) -> None:
    await engines.prepare_pair("pt", "en")
    await engines.prepare_pair("fi", "en")
    await engines.prepare_voice("en", "no-such-voice")
    await engines.prepare_voice("xx", "")
    assert engines.sources is not None
    assert {"bergamot-pt-en", "piper-en-us-joe"} <= set(engines.sources.stock.loaded)
    assert not engines.refresh(), "nothing has come or gone"
