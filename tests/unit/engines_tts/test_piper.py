import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engines import EngineUnavailableError
from engines.catalogue import Catalogue
from engines.tts import MAX_CHARACTERS
from engines.tts.piper import PiperSynthesizer

pytestmark = pytest.mark.models

STRESS = "\N{MODIFIER LETTER VERTICAL LINE}"


@pytest.fixture(scope="module")
def joe() -> PiperSynthesizer:
    model = Catalogue.load().locate("piper-en-us-joe")
    assert model is not None
    return PiperSynthesizer(model, voice="joe", noise=0.0, length_noise=0.0)


def test_voices_names_the_language_of_the_model(joe: PiperSynthesizer) -> None:
    assert joe.voices == {"en": ("joe",)}


def test_synthesize_gives_one_speech_a_sentence_with_exact_phonemes(joe: PiperSynthesizer) -> None:
    spoken = list(joe.synthesize("Hello there. Come in!", language="en-us"))
    assert len(spoken) == 2
    for speech in spoken:
        assert sum(phoneme.samples for phoneme in speech.phonemes) == len(speech.samples)
        assert speech.samples.dtype == np.float32
        assert np.abs(speech.samples).max() <= 1.0
    assert (
        "".join(phoneme.symbol for phoneme in spoken[0].phonemes) == f"^həl{STRESS}oʊ ð{STRESS}ɛɹ.$"
    )


def test_synthesize_when_both_noises_are_zero_then_is_deterministic(joe: PiperSynthesizer) -> None:
    first, second = (next(joe.synthesize("Hello.", language="en")).samples for _ in range(2))
    assert np.array_equal(first, second)


def test_synthesize_when_faster_then_shorter(joe: PiperSynthesizer) -> None:
    slow, fast = (
        len(next(joe.synthesize("Come in, please.", language="en", speed=speed)).samples)
        for speed in (1.0, 1.3)
    )
    assert fast < 0.95 * slow


def test_synthesize_speaks_the_first_sentence_before_the_second_is_made(
    joe: PiperSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    run = joe._voice.phoneme_ids_to_audio

    def noted(*args: object, **more: object) -> object:
        made.append(args)
        return run(*args, **more)

    monkeypatch.setattr(joe._voice, "phoneme_ids_to_audio", noted)
    sentences = joe.synthesize("One. Two. Three.", language="en")
    next(sentences)
    assert len(made) == 1


@pytest.mark.parametrize("text", ["", " ", "...", "🙂", "\x00"])
def test_synthesize_when_there_is_nothing_to_say_then_nothing(
    joe: PiperSynthesizer, text: str
) -> None:
    assert list(joe.synthesize(text, language="en")) == []


@pytest.mark.parametrize(
    "text", ["hi\x00there", "hi 🙂", "[[h@l@U]] hi", "<speak>hi</speak>", "\ud800hi", "日本語 hi"]
)
def test_synthesize_when_text_is_hostile_then_still_speaks(
    joe: PiperSynthesizer, text: str
) -> None:
    assert sum(len(speech.samples) for speech in joe.synthesize(text, language="en")) > 1_000


def test_synthesize_when_the_voice_has_no_alignments_then_phonemes_are_spread(
    joe: PiperSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = joe._voice.phoneme_ids_to_audio
    monkeypatch.setattr(joe._voice, "phoneme_ids_to_audio", lambda *a, **k: (run(*a, **k)[0], None))
    speech = next(joe.synthesize("Hello there.", language="en"))
    assert sum(phoneme.samples for phoneme in speech.phonemes) == len(speech.samples)
    assert {"h", "ə", "l", "ð", "ɛ"} <= {phoneme.symbol for phoneme in speech.phonemes}


@pytest.mark.parametrize(("language", "voice"), [("pt", None), ("en", "amy")])
def test_synthesize_when_not_its_language_or_voice_then_key_error(
    joe: PiperSynthesizer, language: str, voice: str | None
) -> None:
    with pytest.raises(KeyError):
        joe.synthesize("x", language=language, voice=voice)


def test_synthesize_when_text_or_speed_is_out_of_range_then_refuses(joe: PiperSynthesizer) -> None:
    with pytest.raises(ValueError, match="4001 characters"):
        joe.synthesize("a" * (MAX_CHARACTERS + 1), language="en")
    with pytest.raises(ValueError, match=r"speed 3\.0"):
        joe.synthesize("a", language="en", speed=3.0)


def test_load_when_the_model_is_damaged_then_says_what_to_do(tmp_path: Path) -> None:
    model = tmp_path / "voice.onnx"
    model.write_bytes(b"not a model")
    (tmp_path / "voice.onnx.json").write_text("{}")
    with pytest.raises(EngineUnavailableError, match="polylip models verify"):
        PiperSynthesizer(model, voice="broken")


def test_load_when_piper_is_not_installed_then_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "piper", None)
    with pytest.raises(EngineUnavailableError, match=r"GPL-3\.0 extra.*polylip\[piper\]"):
        PiperSynthesizer(tmp_path / "voice.onnx", voice="absent")


def test_importing_the_engine_loads_nothing_of_piper(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "piper", SimpleNamespace())
    monkeypatch.delitem(sys.modules, "engines.tts.piper")
    __import__("engines.tts.piper")
