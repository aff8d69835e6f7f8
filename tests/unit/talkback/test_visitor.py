"""Which language a reply is said in, when it may begin, and whether a notice is due."""

import asyncio

import pytest

from edge_worker.talkback.visitor import Visitor
from mqtt_schemas import (
    EventType,
    StreamEvent,
    StreamInfo,
    StreamSettings,
    UtteranceMessage,
    UtteranceStage,
    Verdict,
)

MINUTE_NS = 60_000_000_000
AUTO = StreamSettings()
GERMAN_SET = StreamSettings(source_language="de")
FRENCH_DECLARED = StreamInfo(stream="door", name="door", language="fr")


class Door:
    """A visitor, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now_ns = MINUTE_NS
        self.visitor = Visitor(lambda: self.now_ns, min_confidence=0.45)

    def event(self, kind: EventType) -> None:
        self.visitor.event(StreamEvent(stream="door", type=kind, utc_ns=1))

    def said(
        self,
        language: str,
        *,
        stage: UtteranceStage = UtteranceStage.FINAL,
        verdict: Verdict = Verdict.DUB,
        confidence: float = 0.9,
    ) -> None:
        self.visitor.utterance(
            UtteranceMessage(
                stream="door",
                utterance="u",
                epoch="e",
                stage=stage,
                start_ns=0,
                end_ns=1,
                source_language=language,
                source_text="",
                target_language="en",
                verdict=verdict,
                confidence=confidence,
            )
        )


def test_language_when_several_are_known_then_the_one_heard_counts_before_set_and_declared() -> (
    None
):
    door = Door()
    seen = [door.visitor.language(AUTO, None), door.visitor.language(AUTO, FRENCH_DECLARED)]
    seen.append(door.visitor.language(GERMAN_SET, FRENCH_DECLARED))
    door.said("pt-br")
    seen.append(door.visitor.language(GERMAN_SET, FRENCH_DECLARED))
    assert seen == ["", "fr", "de", "pt-br"]


@pytest.mark.parametrize(
    ("verdict", "confidence", "stage"),
    [
        (Verdict.UNSURE, 0.9, UtteranceStage.FINAL),
        (Verdict.FAILED, 0.9, UtteranceStage.FINAL),
        (Verdict.DUB, 0.4, UtteranceStage.FINAL),
        (Verdict.DUB, 0.9, UtteranceStage.PARTIAL),
    ],
)
def test_language_when_it_was_not_heard_for_sure_then_it_does_not_count(
    verdict: Verdict, confidence: float, stage: UtteranceStage
) -> None:
    door = Door()
    door.said("pt", verdict=verdict, confidence=confidence, stage=stage)
    assert door.visitor.language(AUTO, None) == ""


def test_language_when_the_visitor_has_gone_then_another_ones_is_not_taken_for_theirs() -> None:
    door = Door()
    door.said("de")
    door.now_ns += 3 * MINUTE_NS
    assert door.visitor.language(AUTO, FRENCH_DECLARED) == "fr"
    assert door.visitor.language(AUTO, None) == "de"
    door.event(EventType.RING)
    assert door.visitor.language(AUTO, FRENCH_DECLARED) == "fr"


def test_visit_when_somebody_speaks_or_is_answered_then_it_goes_on() -> None:
    door = Door()
    door.said("de")
    for _ in range(4):
        door.now_ns += MINUTE_NS
        door.event(EventType.SPEECH_STARTED)
        door.now_ns += MINUTE_NS
        door.visitor.answered()
    assert door.visitor.language(AUTO, FRENCH_DECLARED) == "de"


def test_notice_when_it_was_heard_then_it_is_due_again_for_the_next_visitor_only() -> None:
    door = Door()
    informed = [door.visitor.informed("pt")]
    door.visitor.answered(informed_in="pt-br")
    informed.append(door.visitor.informed("pt"))
    door.event(EventType.RING)
    door.visitor.answered()
    informed.append(door.visitor.informed("pt"))
    door.now_ns += 3 * MINUTE_NS
    informed.append(door.visitor.informed("pt"))
    door.event(EventType.RING)
    informed.append(door.visitor.informed("pt"))
    assert informed == [False, True, True, False, False]


def test_notice_when_the_visitor_turns_out_to_speak_another_language_then_it_is_due_in_it() -> None:
    door = Door()
    door.visitor.answered(informed_in="en")
    door.said("pt")
    assert door.visitor.informed("en-gb")
    assert not door.visitor.informed("pt")


@pytest.mark.parametrize("end", [EventType.SPEECH_ENDED, EventType.ASLEEP, EventType.EPOCH_CHANGED])
async def test_pause_when_the_visitor_speaks_then_it_is_waited_for(end: EventType) -> None:
    door = Door()
    door.event(EventType.SPEECH_STARTED)
    waiting = asyncio.create_task(door.visitor.pause(3600))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    door.event(end)
    await waiting


async def test_pause_when_the_visitor_goes_on_and_on_then_it_is_not_waited_for_longer() -> None:
    door = Door()
    door.event(EventType.SPEECH_STARTED)
    await door.visitor.pause(0.01)
    assert door.visitor.speaking
