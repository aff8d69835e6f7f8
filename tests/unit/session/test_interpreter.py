"""What a slow box leaves out, and what it still says."""

import pytest

from edge_worker.items import AudioBlock, Verdict
from mqtt_schemas import EventType, Rung, UtteranceMessage, UtteranceStage
from tests.unit.session.making import SILENCE, Made
from tests.unit.timeline.speech import SECOND_NS, synced


def on_rung(made: Made, rung: Rung) -> None:
    while made.session.rung is not rung:
        made.session._pressure._ladder.step_down(0)


@pytest.mark.parametrize("rung", [Rung.FULL, Rung.LIPS_HALF_RATE, Rung.AUDIO_ONLY])
async def test_text_when_speech_is_wanted_then_it_goes_on_to_be_spoken(rung: Rung) -> None:
    made = Made()
    on_rung(made, rung)
    settled = await made.session._interpreter._settled(synced(1, 2, 1).utterance)
    assert settled.verdict is Verdict.DUB
    assert made.told.events == []


@pytest.mark.parametrize("rung", [Rung.CAPTIONS_ONLY, Rung.PASS_THROUGH])
async def test_text_when_only_captions_are_shown_then_nothing_is_synthesized(rung: Rung) -> None:
    made = Made()
    on_rung(made, rung)
    settled = await made.session._interpreter._settled(synced(1, 2, 1).utterance)
    assert settled.verdict is Verdict.OVERLOAD
    assert made.told.events == [EventType.OVERLOAD]
    [caption] = [one for _, one in made.told.messages if isinstance(one, UtteranceMessage)]
    assert (caption.stage, caption.target_text) == (UtteranceStage.FINAL, "hello")
    assert "too slow" in caption.reason


@pytest.mark.parametrize(("lag_s", "rung"), [(1, Rung.FULL), (5, Rung.LIPS_HALF_RATE)])
async def test_texts_when_they_come_late_after_the_last_word_then_the_ladder_feels_it(
    lag_s: int, rung: Rung
) -> None:
    made = Made()
    interpreter = made.session._interpreter
    for second in (10, 20):
        now_ns = second * SECOND_NS
        await interpreter.hear(AudioBlock("e", now_ns - 21_333_333, 48_000, SILENCE))
        await interpreter._settled(synced(second - lag_s - 1, second - lag_s, 1).utterance)
    assert made.session.rung is rung
