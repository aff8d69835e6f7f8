import stat
from pathlib import Path

import numpy as np
import pytest

from engines import EngineUnavailableError
from engines.tts import MAX_CHARACTERS
from engines.tts.espeak import EspeakSynthesizer


@pytest.fixture(scope="module")
def espeak() -> EspeakSynthesizer:
    return EspeakSynthesizer()


def test_voices_prefers_the_common_ones(espeak: EspeakSynthesizer) -> None:
    assert set(espeak.voices["pt"]) == {"pt", "pt-br"}
    assert espeak.voices["en"][0] in {"en-gb", "en-us"}
    assert {"es", "fr", "de", "it", "uk", "tr"} <= set(espeak.voices)


@pytest.mark.parametrize(
    ("language", "text", "phones"),
    [
        ("pt-br", "A porta azul.", {"p", "ɔ", "z", "u"}),
        ("es", "La puerta azul.", {"p", "w", "e", "ɾ"}),
        ("de", "Die blaue Tür.", {"b", "l", "y", "t"}),
    ],
)
def test_synthesize_gives_sound_and_ipa_that_add_up(
    espeak: EspeakSynthesizer, language: str, text: str, phones: set[str]
) -> None:
    (speech,) = espeak.synthesize(text, language=language)
    assert sum(phoneme.samples for phoneme in speech.phonemes) == len(speech.samples)
    assert phones <= {phoneme.symbol for phoneme in speech.phonemes}
    assert 0.05 < np.abs(speech.samples).max() <= 1.0
    assert 0.4 < len(speech.samples) / speech.sample_rate < 3


def test_synthesize_gives_one_speech_a_sentence(espeak: EspeakSynthesizer) -> None:
    assert len(list(espeak.synthesize("Bom dia. Entre!", language="pt"))) == 2


def test_synthesize_when_a_region_is_asked_for_then_its_voice_speaks(
    espeak: EspeakSynthesizer,
) -> None:
    heard = {
        "".join(p.symbol for p in next(espeak.synthesize("Boa tarde.", language=tag)).phonemes)
        for tag in ("pt", "pt-BR")
    }
    assert len(heard) == 2


def test_synthesize_when_faster_then_shorter(espeak: EspeakSynthesizer) -> None:
    slow, fast = (
        len(next(espeak.synthesize("A porta azul.", language="pt", speed=speed)).samples)
        for speed in (1.0, 1.4)
    )
    assert fast < 0.85 * slow


@pytest.mark.parametrize(
    "text", ["-v de --help", "oi\x00; rm -rf /", "[[b'o]] oi", "<speak>oi</speak>", "\ud800oi"]
)
def test_synthesize_when_text_is_hostile_then_it_is_only_spoken(
    espeak: EspeakSynthesizer, text: str
) -> None:
    assert sum(len(speech.samples) for speech in espeak.synthesize(text, language="pt")) > 1_000


@pytest.mark.parametrize("text", ["", "?!", "🙂"])
def test_synthesize_when_there_is_nothing_to_say_then_nothing(
    espeak: EspeakSynthesizer, text: str
) -> None:
    assert list(espeak.synthesize(text, language="pt")) == []


def test_synthesize_when_language_or_voice_is_unknown_then_key_error(
    espeak: EspeakSynthesizer,
) -> None:
    with pytest.raises(KeyError):
        espeak.synthesize("x", language="xx")
    with pytest.raises(KeyError):
        espeak.synthesize("x", language="pt", voice="../../etc/passwd")


def test_synthesize_when_text_or_speed_is_out_of_range_then_refuses(
    espeak: EspeakSynthesizer,
) -> None:
    with pytest.raises(ValueError, match="4001 characters"):
        espeak.synthesize("a" * (MAX_CHARACTERS + 1), language="pt")
    with pytest.raises(ValueError, match=r"speed 0\.1"):
        espeak.synthesize("a", language="pt", speed=0.1)


def test_load_when_espeak_is_not_installed_then_says_how_to_install_it() -> None:
    with pytest.raises(EngineUnavailableError, match="apt install espeak-ng"):
        EspeakSynthesizer("no-such-espeak")


def test_synthesize_when_the_program_fails_then_a_clear_error(tmp_path: Path) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(EngineUnavailableError, match="espeak-ng failed"):
        EspeakSynthesizer(str(program)).voices  # noqa: B018 - asking for the list runs the program
