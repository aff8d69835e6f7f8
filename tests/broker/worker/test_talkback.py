"""Replies from the owner to the visitor, through a real broker and worker, heard at the door."""

import asyncio
import time
from dataclasses import replace

import numpy as np
import pytest

from edge_worker.atp.loudness import voiced_span
from edge_worker.engine_set import EngineSet
from edge_worker.talkback.loudspeaker import LEAD_NS
from edge_worker.talkback.notice import SENTENCES
from edge_worker.talkback.preparation import Preparation
from edge_worker.talkback.reply import Reply, ReplyFailedError, SpokenWords, TypedWords
from mqtt_schemas import ResponseStatus, TalkbackReply, UtteranceMessage, UtteranceStage, encode
from tests.broker.conftest import Mosquitto
from tests.broker.worker.doors import SAMPLE, sound_of
from tests.broker.worker.house import TOPICS, House, serving, watching
from tests.broker.worker.loudspeaker import RATE, Played, answering

pytestmark = [pytest.mark.broker, pytest.mark.models]

COMING = "Espere um momento, eu já vou abrir a porta."
LEAVE_IT = "Please leave the parcel at the door."


def visitor_said(house: House, language: str) -> None:
    """What the stream's worker publishes of a visitor who was understood."""
    topic = TOPICS.utterance("door")
    utterance = UtteranceMessage(
        stream="door",
        utterance="u1",
        epoch="e",
        stage=UtteranceStage.FINAL,
        start_ns=0,
        end_ns=1,
        source_language=language,
        source_text="",
        target_language="en",
        confidence=0.9,
    )
    house.link.publish(topic, encode(utterance, topic))


def paced(played: Played, asked_ns: int) -> bool:
    """Whether each segment came no sooner than its own time after the request, but for the lead."""
    first_ns = played.properties[0].pts_ns or 0
    return all(
        arrived_ns - asked_ns >= (one.pts_ns or 0) - first_ns - LEAD_NS
        for one, arrived_ns in zip(played.properties, played.arrived_ns, strict=True)
    )


async def test_owner_when_they_write_and_speak_portuguese_then_the_visitor_hears_english(
    mosquitto: Mosquitto, engines: EngineSet, caplog: pytest.LogCaptureFixture
) -> None:
    voice = sound_of(SAMPLE, 0.5, 2.2)
    async with (
        watching(mosquitto) as house,
        serving(mosquitto, engines),
        answering(house, language="en") as (owner, loudspeaker),
    ):
        asked_ns = time.monotonic_ns()
        written = owner.say(COMING, "pt")
        spoken = owner.speak(voice, RATE, "pt")
        first, second = await owner.answer(written), await owner.answer(spoken)
    recognizer = engines.recognizer.engine
    assert {first.status, second.status} == {ResponseStatus.OK}, first.error + second.error
    assert loudspeaker.order == [written, spoken]
    assert owner.statuses(written) == ["queued", "speaking", "spoken"]
    for transaction, answer in ((written, first), (spoken, second)):
        reply, played = TalkbackReply(**answer.data), loudspeaker[transaction]
        assert (reply.source_language, reply.language) == ("pt", "en")
        assert {one.ai_modified for one in played.properties} == {True}
        assert [one.last for one in played.properties].index(True) == len(played.segments) - 1
        assert paced(played, asked_ns)
    said = loudspeaker.said(written, recognizer, "en")
    assert "artificial voice" in said
    assert "wait a moment" in said
    assert "open the door" in said
    said = loudspeaker.said(spoken, recognizer, "en")
    assert "good morning" in said
    assert "artificial" not in said
    logged = caplog.text.lower()
    assert "momento" not in logged
    assert "open the door" not in logged


async def test_owner_when_the_visitor_was_heard_in_portuguese_then_they_are_answered_in_it(
    mosquitto: Mosquitto, engines: EngineSet
) -> None:
    voice = sound_of(SAMPLE, 0.5, 2.0)
    async with (
        watching(mosquitto) as house,
        serving(mosquitto, engines),
        answering(house) as (owner, loudspeaker),
    ):
        await house.set("door", "label", "off")
        unknown = await owner.answer(owner.say(LEAVE_IT, "en"))
        visitor_said(house, "pt-br")
        written = owner.say(LEAVE_IT, "en")
        in_own_voice = owner.speak(voice, RATE, "pt")
        lacking = await owner.answer(owner.say(LEAVE_IT, "en", target_language="de"))
        no_voice = await owner.answer(owner.say(LEAVE_IT, "en", voice="nobody"))
        first, second = await owner.answer(written), await owner.answer(in_own_voice)
    assert unknown.status is ResponseStatus.ERROR
    assert "target_language" in unknown.error
    assert "bergamot-en-de" in lacking.error
    assert "no voice 'nobody'" in no_voice.error
    reply = TalkbackReply(**first.data)
    assert (reply.language, reply.notice) == ("pt-br", "")
    assert "porta" in reply.text
    start, end = voiced_span(loudspeaker[written].sound, RATE)
    assert abs((end - start) / RATE - reply.duration_ns / 1e9) < 0.2
    own, heard = TalkbackReply(**second.data), loudspeaker[in_own_voice]
    assert own.text == own.source_text != ""
    assert {one.ai_modified for one in heard.properties} == {False}
    assert likeness(heard.sound, voice) > 0.9


def likeness(sound: np.ndarray, original: np.ndarray) -> float:
    """Greatest correlation of two sounds at any delay."""
    size = len(sound) + len(original)
    spectrum = np.fft.rfft(sound, size) * np.conj(np.fft.rfft(original, size))
    energy = float(np.sqrt(np.sum(sound**2) * np.sum(original**2)))
    return float(np.max(np.fft.irfft(spectrum, size))) / energy


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (TypedWords("¡¿...?!", "en"), "no letter and no digit"),
        (TypedWords("so " * 400, "en"), "say it in parts"),
        (TypedWords("Hello", "xx"), "xx"),
        (SpokenWords(np.zeros(RATE, np.float32), RATE, "en"), "nobody speaks"),
        (SpokenWords(np.zeros(0, np.float32), RATE, "en"), "nobody speaks"),
    ],
)
async def test_reply_when_it_cannot_be_made_then_the_reason_says_what_to_do(
    engines: EngineSet, words: TypedWords | SpokenWords, said: str
) -> None:
    preparation = Preparation("door", engines, min_confidence=0.45)
    with pytest.raises(ReplyFailedError, match=said):
        await preparation.prepare(Reply("a", words, "", "", 1), "pt")


async def test_reply_when_the_owner_was_not_understood_then_they_are_asked_to_say_it_again(
    engines: EngineSet,
) -> None:
    preparation = Preparation("door", engines, min_confidence=0.999)
    words = SpokenWords(sound_of(SAMPLE, 0.5, 2.2), RATE, "pt")
    with pytest.raises(ReplyFailedError, match="say it again"):
        await preparation.prepare(Reply("a", words, "", "", 1), "en")
    words = replace(words, language="xx")
    with pytest.raises(ReplyFailedError, match="xx"):
        await preparation.prepare(Reply("a", words, "", "", 1), "en")


async def test_notice_when_a_language_has_no_sentence_or_no_voice_then_it_is_left_out(
    engines: EngineSet,
) -> None:
    preparation = Preparation("door", engines, min_confidence=0.45)
    spoken = await preparation.notice("en-gb")
    assert spoken is not None
    assert spoken.utterance.target_text == SENTENCES["en"]
    assert await preparation.notice("xx") is None


async def test_worker_when_it_leaves_then_what_is_said_ends_well_and_the_rest_is_told(
    mosquitto: Mosquitto, engines: EngineSet
) -> None:
    async with watching(mosquitto) as house:
        async with (
            serving(mosquitto, engines) as worker,
            answering(house, language="en") as (owner, loudspeaker),
        ):
            await house.set("door", "label", "off")
            stopped = owner.say(COMING, "pt")
            await owner.until(lambda: "speaking" in owner.statuses(stopped))
            owner.cancel(stopped, "the cancel")
            cancelled, done = await owner.answer(stopped), await owner.answer("the cancel")
            sent = len(loudspeaker[stopped].segments)
            said = owner.say(COMING, "pt")
            waits = owner.say(COMING, "pt")
            await owner.until(lambda: "speaking" in owner.statuses(said))
            worker.stop()
            last, given_up = await owner.answer(said), await owner.answer(waits)
        await asyncio.sleep(0)
    assert (cancelled.status, cancelled.error) == (ResponseStatus.ERROR, "cancelled")
    assert done.status is ResponseStatus.OK
    assert len(loudspeaker[stopped].segments) == sent < len(loudspeaker[said].segments)
    assert last.status is ResponseStatus.OK, last.error
    assert "send it again" in given_up.error
