from collections.abc import Iterator

import numpy as np
import pytest

from engines import EngineUnavailableError
from engines.tts import Phoneme, Speech
from engines.tts.voices import SynthesizerSet


class Humming:
    """Says which voice was asked for, as the phoneme's symbol."""

    def __init__(self, voices: dict[str, tuple[str, ...]]) -> None:
        self.voices = voices

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        symbol = f"{voice or self.voices['en'][0]}/{language}/{text}/{speed}"
        yield Speech(16_000, np.zeros(10, np.float32), (Phoneme(symbol, 10),))


def voices() -> SynthesizerSet:
    return SynthesizerSet(
        [Humming({"en": ("joe",)}), Humming({"en": ("en-gb",), "pt": ("pt-br",)})]
    )


def said(voice: str | None, language: str) -> str:
    (speech,) = voices().synthesize("hi", language=language, voice=voice, speed=1.1)
    return speech.phonemes[0].symbol


def test_voices_lists_all_with_the_preferred_one_first() -> None:
    assert voices().voices == {"en": ("joe", "en-gb"), "pt": ("pt-br",)}


def test_synthesize_when_no_voice_is_chosen_then_the_preferred_one_speaks() -> None:
    assert said(None, "en-us") == "joe/en-us/hi/1.1"


def test_synthesize_when_a_voice_is_chosen_then_its_synthesizer_speaks() -> None:
    assert said("en-gb", "en") == "en-gb/en/hi/1.1"


class Failing(Humming):
    """Fails after as many sounds as it is told."""

    def __init__(self, sounds: int) -> None:
        super().__init__({"en": ("server",), "ja": ("server",)})
        self._sounds = sounds

    def synthesize(
        self, text: str, *, language: str, voice: str | None = None, speed: float = 1.0
    ) -> Iterator[Speech]:
        for _ in range(self._sounds):
            yield from super().synthesize(text, language=language, voice=voice, speed=speed)
        raise EngineUnavailableError("the server hung up")


@pytest.mark.parametrize("voice", [None, "server"])
def test_synthesize_when_the_first_fails_before_a_sound_then_the_next_speaks(
    voice: str | None,
) -> None:
    several = SynthesizerSet([Failing(0), Failing(0), Humming({"en": ("joe",)})])
    (speech,) = several.synthesize("hi", language="en", voice=voice, speed=1.1)
    assert speech.phonemes[0].symbol == "joe/en/hi/1.1"


def test_synthesize_when_one_fails_in_the_middle_or_nobody_is_left_then_it_is_said() -> None:
    spoken = SynthesizerSet([Failing(1), Humming({"en": ("joe",)})]).synthesize("hi", language="en")
    assert next(spoken).phonemes[0].symbol.startswith("server/")
    with pytest.raises(EngineUnavailableError, match="hung up"):
        next(spoken)
    with pytest.raises(EngineUnavailableError, match="hung up"):
        list(
            SynthesizerSet([Failing(0), Humming({"en": ("joe",)})]).synthesize("hi", language="ja")
        )


@pytest.mark.parametrize(("voice", "language"), [(None, "ja"), ("joe", "pt")])
def test_synthesize_when_nobody_has_it_then_key_error(voice: str | None, language: str) -> None:
    with pytest.raises(KeyError):
        said(voice, language)
