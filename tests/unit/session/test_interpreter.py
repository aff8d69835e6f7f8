"""What a slow box leaves out, and what it still says."""

import numpy as np
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
    settled = await made.interpreter._settled(synced(1, 2, 1).utterance)
    assert settled.verdict is Verdict.DUB
    assert made.told.events == []


@pytest.mark.parametrize("rung", [Rung.CAPTIONS_ONLY, Rung.PASS_THROUGH])
async def test_text_when_only_captions_are_shown_then_nothing_is_synthesized(rung: Rung) -> None:
    made = Made()
    on_rung(made, rung)
    settled = await made.interpreter._settled(synced(1, 2, 1).utterance)
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
    interpreter = made.interpreter
    for second in (10, 20):
        now_ns = second * SECOND_NS
        await interpreter.hear(AudioBlock("e", now_ns - 21_333_333, 48_000, SILENCE))
        await interpreter._settled(synced(second - lag_s - 1, second - lag_s, 1).utterance)
    assert made.session.rung is rung


BLOCK_NS = len(SILENCE) * SECOND_NS // 48_000


async def hear_silence(made: Made, blocks: int) -> None:
    for number in range(blocks):
        pts_ns = SECOND_NS + number * BLOCK_NS
        await made.interpreter.hear(AudioBlock("e", pts_ns, 48_000, SILENCE))


async def test_sound_when_a_reply_is_about_to_be_heard_then_it_is_held_back_and_not_counted() -> (
    None
):
    made = Made()
    reply = np.random.default_rng(1).normal(size=48_000).astype(np.float32)
    made.interpreter.expect(reply, 48_000, SECOND_NS, reply="r1")
    await hear_silence(made, 12)
    assert len(made.interpreter._translation.sound) == 0
    assert made.interpreter.heard_until_ns <= SECOND_NS + 2 * BLOCK_NS


async def test_sound_when_no_reply_is_expected_then_it_goes_on_at_once() -> None:
    made = Made()
    await hear_silence(made, 12)
    assert len(made.interpreter._translation.sound) == 12
    assert made.interpreter.heard_until_ns == SECOND_NS + 11 * BLOCK_NS + BLOCK_NS


async def test_sound_when_translation_pauses_then_what_was_held_back_is_never_heard() -> None:
    made = Made()
    made.interpreter.expect(np.ones(48_000, np.float32), 48_000, SECOND_NS, reply="r1")
    await hear_silence(made, 12)
    made.interpreter.pause()
    assert made.interpreter._echo.held_ns == 0
    assert len(made.interpreter._translation.sound) == 0
