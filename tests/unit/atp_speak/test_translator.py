import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from edge_worker.atp.translator import TranslatorStage
from edge_worker.items import Utterance, Verdict
from edge_worker.lending import Lent
from engines.asr import UnknownLanguageError
from engines.mt import Translator
from tests.unit.atp_speak.material import Dictionary, utterance

KNOWN = {"A porta está aberta.": "The door is open."}


@contextmanager
def lent(
    answers: dict[str, str | Exception] | None = None, *, capacity: int = 64
) -> Iterator[Lent[Translator]]:
    engine: Lent[Translator] = Lent("mt", Dictionary(answers or dict(KNOWN)), capacity=capacity)
    try:
        yield engine
    finally:
        engine.close()


async def english(item: Utterance) -> str:
    return f"heard in {item.source_language}"


async def test_process_when_the_pair_is_known_then_gives_the_target_text() -> None:
    with lent() as engine:
        (out,) = await TranslatorStage(engine).process(utterance())
    assert (out.target_text, out.verdict) == ("The door is open.", Verdict.DUB)


async def test_process_when_it_goes_through_a_third_language_then_that_is_said() -> None:
    ways = {("pt", "en"): "es"}
    with lent() as engine:
        stage = TranslatorStage(engine, via=lambda source, target: ways[source, target])
        (through,) = await stage.process(utterance(source_language="pt-br"))
        (directly,) = await TranslatorStage(engine).process(utterance())
    assert (through.via, directly.via) == ("es", "")


async def test_process_when_the_recognizer_cannot_translate_either_then_the_pair_is_missing() -> (
    None
):
    async def only_transcribes(item: Utterance) -> str:
        raise UnknownLanguageError(f"a server only transcribes {item.source_language}")

    with lent() as engine:
        stage = TranslatorStage(engine, english=only_transcribes)
        (out,) = await stage.process(utterance(source_language="fi"))
    assert out.verdict is Verdict.PAIR_MISSING
    assert out.reason == "no model translates fi to en"


async def test_process_when_the_sound_itself_is_translated_then_no_pivot_is_claimed() -> None:
    with lent() as engine:
        stage = TranslatorStage(engine, english=english, via=lambda *_: "xx")
        (out,) = await stage.process(utterance(source_language="fi"))
    assert (out.target_text, out.via) == ("heard in fi", "")


async def test_process_when_languages_are_regional_then_the_primary_subtags_count() -> None:
    item = utterance(source_language="pt-br", target_language="en-GB")
    with lent() as engine:
        (out,) = await TranslatorStage(engine).process(item)
    assert out.target_text == "The door is open."


@pytest.mark.parametrize(
    "verdict", [Verdict.SAME_LANGUAGE, Verdict.UNSURE, Verdict.FAILED, Verdict.PAIR_MISSING]
)
async def test_process_when_it_is_not_to_be_dubbed_then_passes_as_it_is(verdict: Verdict) -> None:
    item = utterance(verdict=verdict)
    with lent() as engine:
        assert await TranslatorStage(engine).process(item) == [item]


async def test_process_when_already_in_the_target_language_then_same_language() -> None:
    item = utterance(source_language="en-us")
    with lent() as engine:
        (out,) = await TranslatorStage(engine).process(item)
    assert out.verdict is Verdict.SAME_LANGUAGE


async def test_process_when_the_pair_is_missing_then_the_reason_names_it() -> None:
    item = utterance(source_language="ja")
    with lent() as engine:
        (out,) = await TranslatorStage(engine).process(item)
    assert (out.verdict, out.reason) == (Verdict.PAIR_MISSING, "no model translates ja to en")


@pytest.mark.parametrize("verdict", [Verdict.DUB, Verdict.PAIR_MISSING])
async def test_process_when_the_pair_is_missing_then_english_from_the_sound_helps(
    verdict: Verdict,
) -> None:
    item = utterance(source_language="ja", verdict=verdict, reason="no model translates ja to en")
    with lent() as engine:
        (out,) = await TranslatorStage(engine, english=english).process(item)
    assert (out.target_text, out.verdict, out.reason) == ("heard in ja", Verdict.DUB, "")


async def test_process_when_not_english_is_wanted_then_english_does_not_help() -> None:
    item = utterance(source_language="ja", target_language="pt")
    with lent() as engine:
        (out,) = await TranslatorStage(engine, english=english).process(item)
    assert out.verdict is Verdict.PAIR_MISSING


async def test_process_when_the_pair_is_known_then_english_from_the_sound_is_not_asked() -> None:
    with lent() as engine:
        (out,) = await TranslatorStage(engine, english=english).process(utterance())
    assert out.target_text == "The door is open."


async def test_process_when_the_engine_fails_then_the_utterance_failed_with_the_reason() -> None:
    with lent({"A porta está aberta.": RuntimeError("broken weights")}) as engine:
        (out,) = await TranslatorStage(engine).process(utterance())
    assert (out.verdict, out.reason) == (Verdict.FAILED, "translation failed: broken weights")


@pytest.mark.parametrize("nothing", ["", "  "])
async def test_process_when_the_translation_is_empty_then_the_utterance_failed(
    nothing: str,
) -> None:
    with lent({"A porta está aberta.": nothing}) as engine:
        (out,) = await TranslatorStage(engine).process(utterance())
    assert (out.verdict, out.reason) == (Verdict.FAILED, "the translation is empty")


async def test_process_when_the_engine_is_busy_then_overload() -> None:
    with lent(capacity=0) as engine:
        stage = TranslatorStage(engine)
        outs = await asyncio.gather(*(stage.process(utterance()) for _ in range(2)))
    assert [out.verdict for (out,) in outs] == [Verdict.DUB, Verdict.OVERLOAD]
