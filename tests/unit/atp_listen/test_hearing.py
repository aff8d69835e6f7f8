from dataclasses import replace

import numpy as np
import pytest

from edge_worker.atp.hearing import Hearing, HearingOptions
from edge_worker.items import AudioBlock, Hypothesis
from edge_worker.lending import Lent
from engines.asr import Transcript
from mqtt_schemas import AUTO_LANGUAGE

from .fakes import MS, RATE, SECOND, ScriptedRecognizer, Sound, hearing, out_of_memory, speech


def _sound(seconds: float = 2.0, at_ns: int = 0, epoch: str = "e1") -> AudioBlock:
    return AudioBlock(epoch, at_ns, RATE, speech(seconds))


async def _hear(ear: Hearing, sound: AudioBlock, voiced_ns: int = 2 * SECOND) -> Hypothesis:
    return await ear.hear(sound, voiced_ns=voiced_ns, within_ns=SECOND)


async def test_hear_in_a_set_language_decodes_in_it_and_asks_no_more() -> None:
    recognizer = ScriptedRecognizer(lambda _: "Bom dia.", heard={"fr": 1.0})
    heard = await _hear(hearing(recognizer, source="pt-br"), _sound())
    assert (heard.text, heard.language) == ("Bom dia.", "pt")
    assert recognizer.asked == [("pt-br", "", 2 * RATE)]


async def test_hear_in_auto_follows_the_speaker_from_sentence_to_sentence() -> None:
    recognizer = ScriptedRecognizer(lambda _: "words")
    ear = hearing(recognizer, source=AUTO_LANGUAGE)
    languages = []
    for language in ("pt", "en", "pt", "es"):
        recognizer.heard = {language: 0.97, "cy": 0.02}
        heard = await _hear(ear, _sound())
        ear.commit(_sound(), heard)
        languages.append(heard.language)
    assert languages == ["pt", "en", "pt", "es"]


async def test_hear_of_one_word_stays_in_the_conversation() -> None:
    recognizer = ScriptedRecognizer(lambda _: "Sim.", heard={"es": 0.6, "pt": 0.3})
    ear = hearing(recognizer, source=AUTO_LANGUAGE)
    ear.commit(_sound(), Hypothesis("Bom dia.", "pt", 0.9))
    heard = await _hear(ear, _sound(0.4), voiced_ns=400 * MS)
    assert heard.language == "pt"


async def test_hear_when_language_and_text_are_doubtful_tries_the_second_language() -> None:
    class Better(ScriptedRecognizer):
        def transcribe(self, samples: Sound, *, language: str, prefix: str = "") -> Transcript:
            self.confidence = 0.8 if language == "es" else 0.4
            return super().transcribe(samples, language=language, prefix=prefix)

    recognizer = Better(lambda _: "Buenos días.", heard={"pt": 0.5, "es": 0.45})
    heard = await _hear(hearing(recognizer, source=AUTO_LANGUAGE), _sound())
    assert (heard.language, heard.confidence) == ("es", 0.8)


async def test_hear_of_the_target_language_under_a_set_source_says_so() -> None:
    recognizer = ScriptedRecognizer(lambda _: "text", heard={"en": 0.98}, confidence=0.4)
    heard = await _hear(hearing(recognizer, source="pt", target="en"), _sound())
    assert heard.language == "en"


async def test_hear_decodes_with_the_utterance_before_and_its_text() -> None:
    recognizer = ScriptedRecognizer(lambda _: "Precisa de uma assinatura.")
    ear = hearing(recognizer)
    before = _sound(3.0)
    ear.commit(before, Hypothesis("Tenho uma encomenda.", "pt", 0.9))
    await _hear(ear, _sound(2.0, at_ns=before.end_ns + 400 * MS))
    language, prefix, samples = recognizer.asked[-1]
    assert (language, prefix) == ("pt", "Tenho uma encomenda.")
    assert samples == pytest.approx(5.4 * RATE, abs=2)


@pytest.mark.parametrize("case", ["too long ago", "too long", "other epoch", "switched off"])
async def test_hear_stands_alone_when_the_context_does_not_fit(case: str) -> None:
    recognizer = ScriptedRecognizer(lambda _: "words")
    options = HearingOptions(context_ns=0) if case == "switched off" else HearingOptions()
    ear = hearing(recognizer, options=options)
    before = _sound(7.0 if case == "too long" else 2.0)
    ear.commit(before, Hypothesis("Antes.", "pt", 0.9))
    after = _sound(2.0, at_ns=before.end_ns + (9 * SECOND if case == "too long ago" else 0))
    await _hear(ear, replace(after, epoch="e2") if case == "other epoch" else after)
    assert recognizer.asked == [("pt", "", 2 * RATE)]


async def test_hear_when_decoding_with_context_gives_nothing_tries_without() -> None:
    class Stubborn(ScriptedRecognizer):
        def transcribe(self, samples: Sound, *, language: str, prefix: str = "") -> Transcript:
            transcript = super().transcribe(samples, language=language, prefix=prefix)
            return replace(transcript, text="") if prefix else transcript

    ear = hearing(Stubborn(lambda _: "Bom dia."))
    ear.commit(_sound(), Hypothesis("Oi.", "pt", 0.9))
    heard = await _hear(ear, _sound(at_ns=2 * SECOND))
    assert heard.text == "Bom dia."


async def test_hear_of_what_was_no_speech_gives_empty_text() -> None:
    recognizer = ScriptedRecognizer(lambda _: "Legendas pela comunidade Amara.org")
    assert (await _hear(hearing(recognizer), _sound())).text == ""


async def test_commit_of_nothing_changes_nothing() -> None:
    recognizer = ScriptedRecognizer(lambda _: "words")
    ear = hearing(recognizer)
    ear.commit(_sound(), Hypothesis("", "pt", 0.0))
    await _hear(ear, _sound(at_ns=2 * SECOND))
    assert recognizer.asked == [("pt", "", 2 * RATE)]


async def test_hear_refuses_what_no_recognizer_takes() -> None:
    ear = hearing(ScriptedRecognizer(lambda _: "words"))
    with pytest.raises(ValueError, match="at most 30 s at 16 kHz"):
        await _hear(ear, AudioBlock("e1", 0, 8000, np.zeros(8000, np.float32)))
    with pytest.raises(ValueError, match="at most 30 s at 16 kHz"):
        await _hear(ear, _sound(31.0))


async def test_hear_passes_the_engines_failure_on() -> None:
    with pytest.raises(RuntimeError, match="out of memory"):
        await _hear(hearing(ScriptedRecognizer(out_of_memory)), _sound())


async def test_hear_when_the_recognizer_takes_no_prefix_then_each_utterance_stands_alone() -> None:
    recognizer = ScriptedRecognizer(lambda _: "Bom dia.")
    recognizer.takes_prefix = False
    ear = hearing(recognizer)
    first, second = _sound(1.0), _sound(1.0, at_ns=2 * SECOND)
    ear.commit(first, await ear.hear(first, voiced_ns=SECOND, within_ns=SECOND))
    await ear.hear(second, voiced_ns=SECOND, within_ns=SECOND)
    assert [prefix for _, prefix, _ in recognizer.asked] == ["", ""]


async def test_hear_when_a_script_is_set_then_the_recognizer_is_told() -> None:
    recognizer = ScriptedRecognizer(lambda _: "\u65e9\u4e0a\u597d\u3002")
    heard = await hearing(recognizer, "zh-tw").hear(_sound(1.0), voiced_ns=SECOND, within_ns=SECOND)
    assert recognizer.asked[0][0] == "zh-tw"
    assert heard.language == "zh"


async def test_hear_by_ear_expects_the_languages_that_can_be_translated_to_the_target() -> None:
    recognizer = ScriptedRecognizer(lambda _: "Bom dia.", heard={"gl": 0.6, "pt": 0.4})
    pairs = frozenset({("pt", "en"), ("gl", "de")})
    ear = Hearing(Lent("asr", recognizer), lambda: ("auto", "en"), pairs=lambda: pairs)
    heard = await ear.hear(_sound(2.0), voiced_ns=2 * SECOND, within_ns=SECOND)
    assert heard.language == "pt"
