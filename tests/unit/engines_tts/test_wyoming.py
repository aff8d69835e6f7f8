import json
import sys
from collections.abc import Callable, Sequence
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.tts import Synthesize

from engines import EngineUnavailableError
from engines.tts import MAX_CHARACTERS, Speech
from engines.tts.phonemes import PiperPhonemizer, installed_phonemizer
from engines.tts.wyoming import WyomingSynthesizer
from tests.unit.wyoming_server import Answer, serving, tts

MOUTH = tts(
    ("en_US-joe", ["en_US"]), ("pt_BR-faber", ["pt_BR"]), ("pt_PT-tuga", ["pt_PT"]), ("none", [])
)
WAVE = np.sin(np.arange(8_000) * 0.3) * np.hanning(8_000)


class Letters:
    """Takes letters for phones."""

    def phonemes(self, text: str, *, language: str) -> Sequence[str]:
        if language == "pt_PT":
            raise KeyError(language)
        return [character for character in text.lower() if character.isalpha() or character == " "]


def sound(pcm: bytes, *, rate: int = 16_000, width: int = 2, channels: int = 1) -> list[Event]:
    middle = len(pcm) // 2 + 1  # in the middle of a sample
    return [
        AudioStart(rate, width, channels).event(),
        AudioChunk(rate, width, channels, audio=pcm[:middle]).event(),
        AudioChunk(rate, width, channels, audio=pcm[middle:]).event(),
        AudioStop().event(),
    ]


def pcm16(wave: NDArray[np.float64]) -> bytes:
    return np.rint(wave * 32767).astype("<i2").tobytes()


def saying(*answer: Event | bytes) -> Callable[[Event], Answer]:
    return lambda event: answer if Synthesize.is_type(event.type) else ()


def spoken(
    answer: Callable[[Event], Answer], text: str = "Hi.", language: str = "en"
) -> list[Speech]:
    with serving(MOUTH, answer) as uri:
        voice = WyomingSynthesizer(uri, phonemizer=Letters())
        return list(voice.synthesize(text, language=language))


def test_voices_are_the_servers_by_language() -> None:
    with serving(MOUTH) as uri:
        assert WyomingSynthesizer(uri, phonemizer=Letters()).voices == {
            "en": ("en_US-joe",),
            "pt": ("pt_BR-faber", "pt_PT-tuga"),
        }


def test_voices_when_some_are_preferred_then_only_these_and_in_that_order() -> None:
    with serving(MOUTH) as uri:
        voice = WyomingSynthesizer(uri, voices=["pt_PT-tuga", "pt_BR-faber"], phonemizer=Letters())
        assert voice.voices == {"pt": ("pt_PT-tuga", "pt_BR-faber")}


def test_voices_when_a_language_is_no_text_then_the_other_voices_count() -> None:
    with serving(tts(("a", [cast("str", None)]), ("b", ["en"]))) as uri:
        assert WyomingSynthesizer(uri, phonemizer=Letters()).voices == {"en": ("b",)}


def test_synthesize_when_a_voice_has_a_name_that_is_no_text_then_a_clear_error() -> None:
    info = {"type": "info", "data": tts(("\ud800", ["en"])).event().data}
    with serving(json.dumps(info).encode() + b"\n") as uri:
        voice = WyomingSynthesizer(uri, phonemizer=Letters())
        with pytest.raises(EngineUnavailableError, match="names that are no text"):
            list(voice.synthesize("Hi.", language="en"))


def test_synthesize_asks_sentence_by_sentence_so_that_the_first_sound_is_early() -> None:
    asked: list[str] = []

    def answer(event: Event) -> Answer:
        request = Synthesize.from_event(event)
        assert request.voice is not None
        asked.append(f"{request.voice.name}: {request.text}")
        return sound(pcm16(WAVE))

    with serving(MOUTH, answer) as uri:
        speeches = WyomingSynthesizer(uri, phonemizer=Letters()).synthesize(
            "Bom dia. Abra a porta!", language="pt-BR"
        )
        first = next(speeches)
        assert asked == ["pt_BR-faber: Bom dia."]
        assert [one.symbol for one in first.phonemes if one.symbol.isalpha()] == list("bomdia")
        assert sum(one.samples for one in first.phonemes) == len(first.samples)
        assert len(list(speeches)) == 1


@pytest.mark.parametrize(
    ("pcm", "width", "channels"),
    [
        (pcm16(WAVE), 2, 1),
        (np.rint(WAVE * 127 + 128).astype("u1").tobytes(), 1, 1),
        (np.rint(WAVE * (2**31 - 1)).astype("<i4").tobytes(), 4, 1),
        (pcm16(np.repeat(WAVE, 2)), 2, 2),
    ],
)
def test_synthesize_reads_sound_of_any_width_and_mixes_channels(
    pcm: bytes, width: int, channels: int
) -> None:
    (speech,) = spoken(saying(*sound(pcm, rate=22_050, width=width, channels=channels)))
    assert speech.sample_rate == 22_050
    np.testing.assert_allclose(speech.samples, WAVE, atol=0.02)


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (sound(pcm16(WAVE), rate=4_000), "cannot be read: rate, width and channels are 4000, 2, 1"),
        (sound(pcm16(WAVE), width=3), "cannot be read"),
        (sound(pcm16(WAVE), channels=0), "cannot be read"),
        ([Event("audio-start", {"rate": "fast"})], "cannot be read.*'fast', None"),
        (sound(pcm16(WAVE)[:-1]), "no whole 16000 Hz, 16 bit, 1 channel sound"),
        ([AudioStop().event()], "sent no sound"),
        ([*sound(pcm16(WAVE))[:2], *sound(pcm16(WAVE), rate=22_050)], "changes from 16000 Hz"),
        (sound(bytes(121 * 32_000)), "over 120 s"),
        ([Error("what was said", None).event()], "reports an error"),
        ([*sound(pcm16(WAVE))[:2], b"garbage\n"], "not the Wyoming protocol"),
    ],
)
def test_synthesize_when_the_server_sends_no_usable_sound_then_a_clear_error(
    answer: Answer, what: str
) -> None:
    with pytest.raises(EngineUnavailableError, match=what):
        spoken(saying(*answer))


def test_synthesize_when_the_phonemizer_lacks_the_language_then_sound_without_lips() -> None:
    with serving(MOUTH, saying(*sound(pcm16(WAVE)))) as uri:
        voice = WyomingSynthesizer(uri, phonemizer=Letters())
        (speech,) = voice.synthesize("Olá.", language="pt", voice="pt_PT-tuga")
    assert [one.symbol for one in speech.phonemes] == ["."]


@pytest.mark.parametrize("text", ["", "?!", "🙂"])
def test_synthesize_when_there_is_nothing_to_say_then_asks_nothing(text: str) -> None:
    assert spoken(saying(b"garbage\n"), text) == []


def test_synthesize_when_asked_for_what_it_has_not_then_refuses() -> None:
    with serving(MOUTH) as uri:
        voice = WyomingSynthesizer(uri, phonemizer=Letters())
        with pytest.raises(KeyError):
            voice.synthesize("x", language="ja")
        with pytest.raises(KeyError):
            voice.synthesize("x", language="en", voice="pt_BR-faber")
        with pytest.raises(ValueError, match="4001 characters"):
            voice.synthesize("a" * (MAX_CHARACTERS + 1), language="en")
        with pytest.raises(ValueError, match="speed 9"):
            voice.synthesize("a", language="en", speed=9)


@pytest.mark.parametrize(
    ("info", "voices", "what"),
    [(tts(), [], "offers no speech synthesis"), (MOUTH, ["en_US-amy"], "no voice 'en_US-amy'")],
)
def test_load_when_the_server_lacks_voices_then_says_so(
    info: Event, voices: list[str], what: str
) -> None:
    with serving(info) as uri, pytest.raises(EngineUnavailableError, match=what):
        WyomingSynthesizer(uri, voices=voices, phonemizer=Letters())


def test_phonemizers_agree_on_the_phones_of_a_sentence() -> None:
    text = "Pack my box with five dozen jugs."
    program, package = (
        [one for one in phonemizer.phonemes(text, language="en-us") if one.isalpha()]
        for phonemizer in (installed_phonemizer(), PiperPhonemizer())
    )
    assert program == package


def test_piper_phonemizer_when_the_language_is_unknown_then_key_error() -> None:
    with pytest.raises(KeyError):
        PiperPhonemizer().phonemes("x", language="xx")


def test_piper_phonemizer_knows_chinese_by_its_usual_name() -> None:
    assert PiperPhonemizer().phonemes("\u4f60\u597d", language="zh")


def test_installed_phonemizer_when_there_is_none_then_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "piper.phonemize_espeak", None)
    with pytest.raises(EngineUnavailableError, match=r"espeak-ng.*polylip\[piper\]"):
        installed_phonemizer()
