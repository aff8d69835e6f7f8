from dataclasses import replace

import pytest

from edge_worker.atp.recognizer import RecognizerOptions, SpeechRecognizer
from edge_worker.items import Hypothesis, SpeechSpan, Verdict

from .fakes import SECOND, ScriptedRecognizer, hearing, speech

PAIRS = frozenset({("pt", "en"), ("en", "pt")})


def _span(hypothesis: Hypothesis | None = None) -> SpeechSpan:
    return SpeechSpan(
        id="u1",
        epoch="e1",
        start_ns=0,
        end_ns=2 * SECOND,
        decided_ns=3 * SECOND,
        samples=speech(2.0),
        samples_start_ns=0,
        hypothesis=hypothesis,
    )


def _stage(recognizer: ScriptedRecognizer | None = None, target: str = "en") -> SpeechRecognizer:
    asked = ScriptedRecognizer(lambda _: "Bom dia.") if recognizer is None else recognizer
    return SpeechRecognizer(
        hearing(asked, target=target), lambda: PAIRS, lambda: ("pt", target), RecognizerOptions()
    )


async def test_recognizer_of_a_span_that_was_already_heard_asks_no_engine() -> None:
    recognizer = ScriptedRecognizer(lambda _: "never")
    (utterance,) = await _stage(recognizer).process(_span(Hypothesis("Bom dia.", "pt", 0.9)))
    assert (utterance.id, utterance.source_text) == ("u1", "Bom dia.")
    assert utterance.verdict is Verdict.DUB
    assert recognizer.asked == []


async def test_recognizer_of_a_span_without_hypothesis_hears_it() -> None:
    (utterance,) = await _stage().process(_span())
    assert (utterance.source_text, utterance.source_language) == ("Bom dia.", "pt")


async def test_recognizer_of_a_span_in_which_nobody_spoke_gives_nothing() -> None:
    assert await _stage().process(_span(Hypothesis("", "pt", 0.0))) == ()


@pytest.mark.parametrize(
    ("hypothesis", "target", "verdict"),
    [
        (Hypothesis("Bom dia.", "pt", 0.9), "en-us", Verdict.DUB),
        (Hypothesis("Hello.", "en", 0.9), "en-gb", Verdict.SAME_LANGUAGE),
        (Hypothesis("Hello.", "en", 0.2), "en", Verdict.SAME_LANGUAGE),
        (Hypothesis("Bom...", "pt", 0.3), "en", Verdict.UNSURE),
        (Hypothesis("Bom.", "pt", 0.9, language_probability=0.2), "en", Verdict.UNSURE),
        (Hypothesis("Dzień dobry.", "pl", 0.9), "en", Verdict.PAIR_MISSING),
    ],
)
async def test_recognizer_passes_a_verdict_with_its_reason(
    hypothesis: Hypothesis, target: str, verdict: Verdict
) -> None:
    (utterance,) = await _stage(target=target).process(_span(hypothesis))
    assert utterance.verdict is verdict
    assert bool(utterance.reason) == (verdict is not Verdict.DUB)


async def test_recognizer_makes_each_utterance_the_context_of_the_next() -> None:
    recognizer = ScriptedRecognizer(lambda _: "Precisa de uma assinatura.")
    stage = _stage(recognizer)
    await stage.process(_span(Hypothesis("Tenho uma encomenda.", "pt", 0.9)))
    later = replace(_span(), id="u2", samples_start_ns=2 * SECOND)
    await stage.process(later)
    assert [prefix for _, prefix, _ in recognizer.asked] == ["Tenho uma encomenda."]


@pytest.mark.parametrize(
    ("seconds", "confidence", "verdict"),
    [
        (2, 0.5, Verdict.DUB),
        (6, 0.5, Verdict.UNSURE),
        (6, 0.6, Verdict.DUB),
    ],
)
async def test_recognizer_of_a_long_span_wants_to_be_surer(
    seconds: int, confidence: float, verdict: Verdict
) -> None:
    span = replace(_span(Hypothesis("Bom dia.", "pt", confidence)), end_ns=seconds * SECOND)
    (utterance,) = await _stage().process(span)
    assert utterance.verdict is verdict
