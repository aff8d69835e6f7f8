import asyncio
import time
from dataclasses import replace

import numpy as np
import pytest

from edge_worker.atp.cut_options import CutRule, SegmenterOptions
from edge_worker.atp.listened import Listened, PartialSpeech, SpeechEdge, SpeechEvent
from edge_worker.atp.segmenter import Segmenter
from edge_worker.items import AudioBlock

from .fakes import (
    MS,
    RATE,
    SECOND,
    LoudnessDetector,
    ScriptedRecognizer,
    ScriptedTurn,
    Sound,
    blocks,
    hearing,
    lent_turn,
    listen_through,
    out_of_memory,
    spans,
    speech,
)

SENTENCE = "Tenho uma encomenda para o apartamento doze."
HANGING = "Tenho uma"
WINDOW_NS = 32 * MS


def _segmenter(
    text: str = SENTENCE,
    turn: float | Exception = 0.95,
    options: SegmenterOptions | None = None,
) -> Segmenter:
    return Segmenter(
        LoudnessDetector(),
        lent_turn(ScriptedTurn(turn)),
        hearing(ScriptedRecognizer(lambda _: text)),
        SegmenterOptions() if options is None else options,
    )


async def test_segmenter_at_the_end_of_a_thought_cuts_early() -> None:
    listened = await listen_through(_segmenter(), blocks(speech(2.0, 1.5)))
    (span,) = spans(listened)
    assert span.start_ns == 0
    assert span.end_ns == pytest.approx(2 * SECOND, abs=WINDOW_NS)
    assert span.decided_ns - span.end_ns < 250 * MS
    assert span.cut_reason == "meaning"


async def test_segmenter_at_a_hesitation_waits_and_goes_on() -> None:
    listened = await listen_through(
        _segmenter(HANGING, turn=0.05), blocks(speech(1.5, 0.6, 1.5, 1.5))
    )
    (span,) = spans(listened)
    assert span.end_ns == pytest.approx(3.6 * SECOND, abs=WINDOW_NS)


async def test_segmenter_after_a_second_of_silence_cuts_whatever_was_said() -> None:
    listened = await listen_through(_segmenter(HANGING, turn=0.01), blocks(speech(1.5, 2.0)))
    (span,) = spans(listened)
    assert span.decided_ns - span.end_ns == pytest.approx(SECOND, abs=2 * WINDOW_NS)


async def test_segmenter_hands_the_text_on_that_covers_exactly_the_span() -> None:
    recognizer = ScriptedRecognizer(lambda _: SENTENCE)
    segmenter = Segmenter(LoudnessDetector(), None, hearing(recognizer))
    (span,) = spans(await listen_through(segmenter, blocks(speech(2.0, 1.5))))
    assert span.hypothesis is not None
    assert span.hypothesis.text == SENTENCE
    assert recognizer.asked == [("pt", "", len(span.samples))]


async def test_segmenter_asks_once_for_each_pause() -> None:
    recognizer, turn = ScriptedRecognizer(lambda _: HANGING), ScriptedTurn(0.02)
    segmenter = Segmenter(LoudnessDetector(), lent_turn(turn), hearing(recognizer))
    await listen_through(segmenter, blocks(speech(1.0, 0.5, 1.0, 0.05, 1.0, 2.0)))
    assert len(recognizer.asked) == turn.calls == 2


async def test_segmenter_gives_all_voice_to_exactly_one_span() -> None:
    sound = speech(1.2, 0.4, 2.0, 0.3, 1.5, 0.8, 0.7, 1.2)
    found = spans(await listen_through(_segmenter(), blocks(sound)))
    assert len(found) == 4
    loud = np.abs(sound) > 0.01
    for span in found:
        first = span.samples_start_ns * RATE // SECOND
        loud[first : first + len(span.samples)] = False
    assert not loud.any()
    ends = [span.end_ns for span in found]
    starts = [span.start_ns for span in found]
    assert all(end <= start for end, start in zip(ends, starts[1:], strict=False))


async def test_segmenter_when_the_answer_comes_after_speech_went_on_cuts_at_that_pause() -> None:
    release = asyncio.Event()

    class Slow(ScriptedTurn):
        def probability(self, samples: Sound) -> float:
            while not release.is_set():
                time.sleep(0.001)
            return super().probability(samples)

    segmenter = Segmenter(
        LoudnessDetector(),
        lent_turn(Slow(0.99)),
        hearing(ScriptedRecognizer(lambda _: SENTENCE)),
    )
    listened: list[Listened] = []
    for block in blocks(speech(2.0, 0.4, 1.0)):
        listened += await segmenter.process(block)
    assert spans(listened) == []
    release.set()
    while segmenter.pending:
        listened += await segmenter.news()
    (span,) = spans(listened)
    assert span.end_ns == pytest.approx(2 * SECOND, abs=WINDOW_NS)
    (rest,) = spans([*await segmenter.finish()])
    assert rest.start_ns == pytest.approx(2.4 * SECOND, abs=WINDOW_NS)


async def test_segmenter_when_an_engine_fails_cuts_by_the_others() -> None:
    segmenter = _segmenter(turn=RuntimeError("no memory"))
    (span,) = spans(await listen_through(segmenter, blocks(speech(2.0, 1.5))))
    assert span.decided_ns - span.end_ns < 800 * MS
    assert segmenter.failures == {"turn end": 1}


async def test_segmenter_when_all_engines_fail_cuts_by_the_pause_alone() -> None:
    segmenter = Segmenter(
        LoudnessDetector(),
        lent_turn(ScriptedTurn(RuntimeError("no memory"))),
        hearing(ScriptedRecognizer(out_of_memory)),
    )
    found = spans(await listen_through(segmenter, blocks(speech(2.0, 0.4, 1.0, 1.0, 1.0, 1.0))))
    assert [span.hypothesis for span in found] == [None, None]
    assert found[0].decided_ns - found[0].end_ns == pytest.approx(600 * MS, abs=2 * WINDOW_NS)


async def test_segmenter_when_an_engine_never_answers_does_not_wait_for_it() -> None:
    class Stuck(ScriptedTurn):
        def probability(self, samples: Sound) -> float:
            time.sleep(0.3)
            return super().probability(samples)

    segmenter = Segmenter(
        LoudnessDetector(),
        lent_turn(Stuck(0.99)),
        None,
        SegmenterOptions(answer_within_ns=20 * MS),
    )
    (span,) = spans(await listen_through(segmenter, blocks(speech(2.0, 1.5))))
    assert span.cut_reason == "meaning"
    assert segmenter.failures == {"turn end": 1}


async def test_segmenter_when_the_voice_detector_fails_loses_nothing_that_was_certain() -> None:
    class FailsLate(LoudnessDetector):
        def __init__(self) -> None:
            self.heard = 0

        def probability(self, window: Sound) -> float:
            self.heard += 1
            if self.heard == 80:
                raise RuntimeError("broken")
            return super().probability(window)

    options = SegmenterOptions(rule=CutRule.PAUSE, pause_ns=300 * MS)
    segmenter = Segmenter(FailsLate(), None, None, options)
    whole, rest = blocks(speech(1.0, 2.0, 1.0, 1.0), size=3 * RATE)
    with pytest.raises(RuntimeError, match="broken"):
        await segmenter.process(whole)
    found = spans([*await segmenter.process(rest), *await segmenter.finish()])
    assert [round(span.start_ns / SECOND) for span in found] == [0, 3]


async def test_segmenter_in_endless_speech_cuts_at_the_best_pause() -> None:
    segmenter = _segmenter(HANGING, turn=0.02)
    listened = await listen_through(segmenter, blocks(speech(3.0, 0.2, 3.0, 0.5, 30.0)))
    first = spans(listened)[0]
    assert first.end_ns == pytest.approx(6.2 * SECOND, abs=WINDOW_NS)
    assert first.cut_reason == "length"


async def test_segmenter_in_endless_noise_never_grows_without_bound() -> None:
    segmenter = _segmenter()
    found = spans(await listen_through(segmenter, blocks(speech(60.0))))
    assert len(found) >= 5
    assert all(len(span.samples) <= 13 * RATE for span in found)
    assert sum(span.end_ns - span.start_ns for span in found) == pytest.approx(
        60 * SECOND, abs=WINDOW_NS
    )


async def test_segmenter_in_silence_gives_nothing_and_keeps_nothing() -> None:
    segmenter = _segmenter()
    assert await listen_through(segmenter, blocks(np.zeros(60 * RATE, np.float32))) == []


async def test_segmenter_of_a_click_gives_nothing() -> None:
    assert await listen_through(_segmenter(), blocks(speech(0.04, 2.0))) == []


async def test_segmenter_tells_when_speech_starts_and_ends_once_per_turn() -> None:
    listened = await listen_through(_segmenter(), blocks(speech(2.0, 0.4, 2.0, 1.5)))
    events = [item for item in listened if isinstance(item, SpeechEvent)]
    assert [event.edge for event in events] == [SpeechEdge.STARTED, SpeechEdge.ENDED]
    assert events[0].pts_ns == 0
    assert events[1].pts_ns == pytest.approx(4.4 * SECOND, abs=WINDOW_NS)


async def test_segmenter_at_a_hesitation_tells_what_was_said_so_far() -> None:
    listened = await listen_through(
        _segmenter(HANGING, turn=0.05), blocks(speech(1.5, 0.5, 1.5, 1.5))
    )
    partial = next(item for item in listened if isinstance(item, PartialSpeech))
    assert partial.hypothesis.text == HANGING
    assert partial.end_ns == pytest.approx(1.5 * SECOND, abs=WINDOW_NS)


async def test_segmenter_when_the_epoch_changes_hands_on_what_was_said_before() -> None:
    segmenter = _segmenter()
    sound = [
        *blocks(speech(1.5)),
        *blocks(speech(1.0, 1.5), epoch="e2", start_ns=90 * SECOND),
    ]
    found = spans(await listen_through(segmenter, sound))
    assert [span.epoch for span in found] == ["e1", "e2"]
    assert found[1].start_ns == 90 * SECOND


async def test_segmenter_over_a_lost_packet_keeps_the_place_of_what_follows() -> None:
    sound = blocks(speech(1.0, 0.1, 1.0, 1.5))
    del sound[20:25]
    (span,) = spans(await listen_through(_segmenter(), sound))
    assert span.end_ns == pytest.approx(2.1 * SECOND, abs=WINDOW_NS)


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
async def test_segmenter_takes_any_rate_and_keeps_media_time(rate: int) -> None:
    at = np.arange(int(3.5 * rate)) / rate
    loud = ((at >= 0.5) & (at < 2.0)) * 0.2 * np.sin(2 * np.pi * 300 * at)
    sound = [replace(block, sample_rate=rate) for block in _rated(loud.astype(np.float32), rate)]
    (span,) = spans(await listen_through(_segmenter(), sound))
    assert span.start_ns == pytest.approx(0.5 * SECOND, abs=2 * WINDOW_NS)
    assert span.end_ns == pytest.approx(2.0 * SECOND, abs=2 * WINDOW_NS)


def _rated(sound: Sound, rate: int) -> list[AudioBlock]:
    return blocks(sound, rate=rate, size=rate // 50)


async def test_segmenter_with_a_fixed_pause_cuts_at_each_and_asks_nobody() -> None:
    recognizer = ScriptedRecognizer(lambda _: SENTENCE)
    options = SegmenterOptions(rule=CutRule.PAUSE, pause_ns=500 * MS)
    segmenter = Segmenter(LoudnessDetector(), None, hearing(recognizer), options)
    found = spans(await listen_through(segmenter, blocks(speech(1.0, 0.4, 1.0, 0.6, 1.0, 1.0))))
    assert [round(span.end_ns / SECOND, 1) for span in found] == [2.4, 4.0]
    assert recognizer.asked == []


async def test_segmenter_with_fixed_windows_cuts_in_the_midst() -> None:
    options = SegmenterOptions(rule=CutRule.WINDOW, window_ns=2 * SECOND)
    found = spans(await listen_through(_segmenter(options=options), blocks(speech(5.0, 3.0))))
    assert [round(span.end_ns / SECOND) for span in found] == [2, 4, 6]


async def test_segmenter_learns_a_slow_speakers_pauses() -> None:
    weak = "Eu queria falar com a dona."
    habit = (1.0, 0.75) * 6
    ends = []
    for adaptive in (False, True):
        options = SegmenterOptions(adaptive=adaptive)
        segmenter = Segmenter(
            LoudnessDetector(),
            lent_turn(ScriptedTurn(0.02)),
            hearing(ScriptedRecognizer(lambda loud: HANGING if loud < 6.5 else weak)),
            options,
        )
        (*_, last) = spans(await listen_through(segmenter, blocks(speech(*habit, 1.0, 2.0))))
        ends.append(last.decided_ns - last.end_ns)
    assert ends[1] > ends[0]
