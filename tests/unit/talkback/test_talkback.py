"""What becomes of a request to say something, and what its asker is told."""

import asyncio
import json

import pytest

from edge_worker.talkback.line import WAITING
from edge_worker.talkback.reply import ReplyFailedError
from mqtt_schemas import (
    Channel,
    MessageRefused,
    PlayedStatus,
    ResponseStatus,
    StreamSettings,
    TalkbackReply,
    TalkbackStatus,
)
from mqtt_schemas.media import PcmProperties
from tests.broker.watching import until
from tests.unit.talkback.door import ASKER, Door

OK, ERROR = ResponseStatus.OK, ResponseStatus.ERROR


async def test_reply_when_it_was_heard_then_its_asker_is_told_what_was_said() -> None:
    door = Door()
    door.say("a", "Hello")
    assert door.responses == []
    (answer,) = await door.answered("a")
    reply = TalkbackReply(**answer.data)
    assert (answer.status, reply.status, reply.text, reply.language) == (
        OK,
        "spoken",
        "Hello",
        "pt",
    )
    assert reply.duration_ns == 200_000_000
    assert door.statuses("a") == ["queued", "speaking", "spoken"]
    assert door.responses[0][0] == ASKER
    assert door.woken == 1
    assert not door.talkback.busy


async def test_reply_when_it_is_sent_then_its_segments_are_numbered_and_marked() -> None:
    door = Door(seconds=0.5)
    door.say("a")
    door.say("b")
    await door.answered("a", "b")
    for transaction in ("a", "b"):
        sent = door.segments_of(transaction)
        assert [one.seq for one in sent] == [*range(len(sent))]
        assert [bool(one.last) for one in sent] == [False] * (len(sent) - 1) + [True]
        assert {one.ai_modified for one in sent} == {True}
        assert len({one.epoch for one in sent}) == 1
    moments = [one.pts_ns or 0 for one in door.segments]
    assert moments == sorted(set(moments))


async def test_reply_when_nobody_named_a_topic_then_it_is_answered_on_the_common_one() -> None:
    door = Door()
    said = {"stream": "door", "transaction": "a", "text": "Hello", "language": "en"}
    door.send(Channel.TALKBACK_SAY, json.dumps(said).encode())
    await until(lambda: bool(door.responses))
    assert door.responses[0][0] == "polylip/response/talkback"


async def test_reply_when_it_is_repeated_then_it_is_said_once_and_answered_alike() -> None:
    door = Door()
    door.say("a", "Hello")
    door.say("a", "Something else")
    await door.answered("a")
    door.say("a", "Hello")
    first, again = door.answers("a")
    assert first == again
    assert first.data["text"] == "Hello"
    assert len([one for one in door.segments if one.last]) == 1


async def test_replies_when_one_takes_longer_to_make_then_they_are_still_said_in_order() -> None:
    door = Door()
    door.voice.ready.clear()
    for transaction in ("a", "b", "c"):
        door.say(transaction)
    await asyncio.sleep(0.01)
    door.voice.ready.set()
    await door.answered("a", "b", "c")
    spoken = [one.transaction for one in door.segments if one.last]
    assert spoken == ["a", "b", "c"]


async def test_replies_when_too_many_wait_then_the_next_is_refused_with_a_reason() -> None:
    door = Door(seconds=1)
    for number in range(WAITING + 1):
        door.say(f"t{number}")
    door.say("more")
    (answer,) = await door.answered("more")
    assert answer.status is ERROR
    assert "8 replies wait already" in answer.error
    assert door.statuses("more") == ["failed"]
    door.cancel("t3")
    await door.answered("t3")
    door.say("another")
    assert door.statuses("another") == ["queued"]
    door.talkback.end()
    await asyncio.sleep(0)


async def test_reply_when_its_turn_does_not_come_in_time_then_it_expires() -> None:
    door = Door(seconds=2)
    door.say("a")
    door.say("b", wait_ns=1_000_000_000)
    first, late = await door.answered("a", "b")
    assert (first.status, late.status) == (OK, ERROR)
    assert "within 1 s" in late.error
    assert door.statuses("b") == ["queued", "expired"]
    assert not door.segments_of("b")


async def test_reply_when_it_is_cancelled_in_the_middle_then_it_stops_within_two_segments() -> None:
    door = Door(seconds=3)
    door.say("a")
    await door.begun("a")
    door.cancel("a")
    sent = len(door.segments)
    answer, done = await door.answered("a", "c")
    await asyncio.sleep(0.3)
    assert (answer.status, answer.error) == (ERROR, "cancelled")
    assert (done.status, done.data["status"]) == (OK, "cancelled")
    assert len(door.segments) - sent <= 2
    assert door.statuses("a")[-1] == "cancelled"
    door.say("b")
    await door.begun("b")
    door.cancel("b")
    await door.answered("b")


async def test_reply_when_it_is_cancelled_while_it_waits_then_it_is_never_said() -> None:
    door = Door(seconds=0.5)
    for transaction in ("a", "b"):
        door.say(transaction)
    door.cancel("b")
    first, second = await door.answered("a", "b")
    assert (first.status, second.status) == (OK, ERROR)
    assert not door.segments_of("b")


async def test_cancel_when_nothing_of_the_kind_is_under_way_then_it_says_so() -> None:
    door = Door()
    door.cancel("nothing")
    (answer,) = await door.answered("c")
    assert (answer.status, answer.error) == (ERROR, "no such reply is under way")


async def test_reply_when_the_visitor_speaks_then_it_waits_for_their_pause() -> None:
    door = Door()
    door.visitor_speaks(begins=True)
    door.say("a")
    await asyncio.sleep(0.1)
    assert door.segments == []
    door.visitor_speaks(begins=False)
    (answer,) = await door.answered("a")
    assert answer.status is OK


async def test_reply_when_the_visitor_does_not_stop_speaking_then_it_is_said_whole_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.talkback.line.HELD_S", 0.05)
    door = Door()
    door.visitor_speaks(begins=True)
    door.say("a")
    (answer,) = await door.answered("a")
    assert answer.status is OK
    assert door.visitor.speaking


async def test_reply_when_the_loudspeaker_fails_then_it_says_why_and_the_next_is_said() -> None:
    door = Door(fails_with="no such device")
    door.say("a")
    (answer,) = await door.answered("a")
    assert (answer.status, answer.error) == (ERROR, "no such device")
    door.fails_with = ""
    door.say("b")
    assert (await door.answered("b"))[0].status is OK


async def test_reply_when_the_loudspeaker_never_reports_then_its_asker_is_not_left_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.talkback.loudspeaker._BEGIN_NS", 0)
    monkeypatch.setattr("edge_worker.talkback.loudspeaker._END_NS", 0)
    door = Door(plays=False)
    door.say("a")
    (answer,) = await door.answered("a")
    assert answer.status is ERROR
    assert "did not say" in answer.error


async def test_reply_when_the_loudspeaker_begins_and_never_ends_then_it_is_no_success(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.talkback.loudspeaker._END_NS", 0)
    door = Door(plays=False)
    door.say("a")
    await until(lambda: bool(door.segments))
    door.report("a", PlayedStatus.STARTED)
    (answer,) = await door.answered("a")
    assert "never said that it ended" in answer.error
    assert door.statuses("a") == ["queued", "speaking", "failed"]


async def test_reply_when_the_loudspeaker_stops_early_then_it_is_no_success() -> None:
    door = Door(seconds=2, stops_after=2)
    door.say("a")
    (answer,) = await door.answered("a")
    assert "stopped before the end" in answer.error
    assert len(door.segments) < 10


async def test_reply_when_the_loudspeaker_ends_without_having_begun_then_it_is_no_success() -> None:
    door = Door(plays=False)
    door.say("a")
    await until(lambda: bool(door.segments) and bool(door.segments[-1].last))
    door.report("a", PlayedStatus.ENDED)
    (answer,) = await door.answered("a")
    assert answer.status is ERROR
    assert "without having begun" in answer.error


async def test_reply_when_the_broker_is_gone_then_it_fails() -> None:
    door = Door(connected=False)
    door.say("a")
    (answer,) = await door.answered("a")
    assert "connection to the broker" in answer.error


async def test_reply_when_it_cannot_be_made_then_the_reason_is_told_and_quotes_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    door = Door()
    door.voice.fault = ReplyFailedError("en to xx lacks a model")
    door.say("a", "my secret")
    door.voice.fault = RuntimeError("cannot translate 'my secret'")
    door.say("b", "my secret")
    await asyncio.sleep(0)
    door.voice.fault = None
    first, second = await door.answered("a", "b")
    assert {first.status, second.status} == {ERROR}
    assert "RuntimeError" in second.error
    assert "secret" not in first.error + second.error + caplog.text


@pytest.mark.parametrize(
    ("language", "set_to", "asked", "said_in"),
    [("pt", "auto", "", "pt"), ("", "de", "", "de"), ("pt", "auto", "fr", "fr")],
)
async def test_language_when_the_request_names_none_then_it_is_the_visitors(
    language: str, set_to: str, asked: str, said_in: str
) -> None:
    door = Door(settings=StreamSettings(source_language=set_to, label=False))
    door.declare(language=language)
    door.say("a", target_language=asked)
    await door.answered("a")
    assert door.voice.languages == [said_in]


async def test_language_when_nobody_knows_it_then_the_reply_says_what_to_do() -> None:
    door = Door()
    door.declare(language="")
    door.say("a")
    (answer,) = await door.answered("a")
    assert "target_language" in answer.error


async def test_door_when_it_has_no_loudspeaker_then_every_request_is_refused() -> None:
    door = Door()
    door.declare(talkback=False)
    door.say("a")
    door.send(Channel.TALKBACK_IN, b"\0\0", transaction="b", correlation_data=b"b")
    for answer in await door.answered("a", "b"):
        assert "no loudspeaker" in answer.error
    assert door.woken == 0


async def test_notice_when_a_visit_begins_then_it_is_said_once_before_the_first_reply() -> None:
    door = Door(settings=StreamSettings(label=True))
    for transaction in ("a", "b"):
        door.say(transaction)
    first, second = await door.answered("a", "b")
    assert (first.data["notice"], second.data["notice"]) == ("notice in pt", "")
    lengths = {reply: len(samples) for reply, samples, _, _ in door.expected}
    assert lengths["a"] - lengths["b"] == round(0.1 * 48_000) + 48_000 * 3 // 10


async def test_notice_when_the_label_is_switched_off_then_there_is_none() -> None:
    door = Door(settings=StreamSettings(label=False))
    door.say("a")
    (answer,) = await door.answered("a")
    assert answer.data["notice"] == ""
    assert door.voice.noticed == []


async def test_notice_when_it_was_not_heard_to_its_end_then_the_next_reply_has_it_again() -> None:
    door = Door(settings=StreamSettings(label=True), fails_with="broken")
    door.say("a")
    await door.answered("a")
    door.fails_with = ""
    door.say("b")
    (answer,) = await door.answered("b")
    assert answer.data["notice"] == "notice in pt"


async def test_sound_when_the_owner_speaks_the_visitors_language_then_no_ai_is_told() -> None:
    door = Door(settings=StreamSettings(label=True))
    for seq in range(2):
        properties = PcmProperties(seq=seq, last=seq == 1, language="pt")
        door.send(
            Channel.TALKBACK_IN,
            b"\0\0" * 100,
            transaction="a",
            user_properties=tuple(properties.to_pairs()),
            correlation_data=b"a",
        )
    (answer,) = await door.answered("a")
    assert answer.status is OK
    assert {one.ai_modified for one in door.segments} == {False}
    assert door.voice.noticed == []


async def test_sound_when_a_piece_cannot_be_read_then_it_is_answered_and_the_rest_let_go() -> None:
    door = Door()
    good = tuple(PcmProperties(seq=0, last=False).to_pairs())
    sent = {"transaction": "a", "correlation_data": b"a"}
    door.send(Channel.TALKBACK_IN, b"\0\0", user_properties=good, **sent)
    with pytest.raises(MessageRefused, match="seq"):
        door.send(Channel.TALKBACK_IN, b"\0\0", user_properties=(("seq", "x"),), **sent)
    (answer,) = await door.answered("a")
    assert answer.status is ERROR
    door.send(Channel.TALKBACK_IN, b"\0\0", user_properties=good, **sent)
    assert len(door.answers("a")) == 1


async def test_sound_when_it_is_cancelled_while_it_comes_in_then_nothing_is_said() -> None:
    door = Door()
    pairs = tuple(PcmProperties(seq=0, last=False).to_pairs())
    door.send(
        Channel.TALKBACK_IN, b"\0\0", transaction="a", user_properties=pairs, correlation_data=b"a"
    )
    door.cancel("a")
    answer, done = await door.answered("a", "c")
    assert (answer.status, done.status) == (ERROR, OK)
    assert not door.talkback.busy


async def test_sound_when_it_breaks_off_then_its_asker_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in ("pieces", "talkback"):
        monkeypatch.setattr(f"edge_worker.talkback.{module}.GAP_NS", 1_000_000)
    door = Door()
    pairs = tuple(PcmProperties(seq=0, last=False).to_pairs())
    door.send(
        Channel.TALKBACK_IN, b"\0\0", transaction="a", user_properties=pairs, correlation_data=b"a"
    )
    (answer,) = await door.answered("a")
    assert "broke off" in answer.error


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b'{"transaction": "a", "text": "x"}', "language"),
        (b'{"transaction": "a", "text": 7, "language": "en"}', "text"),
        (b'{"transaction": "a", "text": "x", "language": "no language"}', "language"),
    ],
)
async def test_request_when_it_breaks_the_contract_but_names_itself_then_it_is_answered(
    payload: bytes, said: str
) -> None:
    door = Door()
    with pytest.raises(MessageRefused):
        door.send(Channel.TALKBACK_SAY, payload, correlation_data=b"a")
    (answer,) = door.answers("a")
    assert answer.status is ERROR
    assert said in answer.error


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"transaction": "No Id"}', b"\xff"])
async def test_request_when_it_cannot_be_answered_then_it_is_refused(payload: bytes) -> None:
    door = Door()
    with pytest.raises(MessageRefused):
        door.send(Channel.TALKBACK_SAY, payload)
    assert door.responses == []


async def test_request_when_it_was_retained_then_it_is_not_said() -> None:
    door = Door()
    said = b'{"transaction": "a", "text": "x", "language": "en"}'
    with pytest.raises(MessageRefused, match="retained"):
        door.send(Channel.TALKBACK_SAY, said, retain=True)
    assert not door.talkback.busy


@pytest.mark.parametrize(
    "topic", ["polylip/stream/door/set/enabled", "$SYS/x", "a/#", "polylip/worker/box/status"]
)
async def test_request_when_the_answer_would_go_where_the_asker_may_not_write_then_it_is_refused(
    topic: str,
) -> None:
    door = Door()
    said = b'{"transaction": "a", "text": "x", "language": "en"}'
    with pytest.raises(MessageRefused, match="response topic"):
        door.send(Channel.TALKBACK_SAY, said, response_topic=topic)
    assert door.responses == []
    assert not door.talkback.busy


async def test_stream_when_it_is_left_then_what_is_said_ends_well_and_the_rest_fails() -> None:
    door = Door(seconds=1)
    for transaction in ("a", "b"):
        door.say(transaction)
    await door.begun("a")
    leaving = asyncio.create_task(door.talkback.drain())
    await asyncio.sleep(0)
    door.say("c")
    await leaving
    first, second, third = await door.answered("a", "b", "c")
    assert first.status is OK
    for answer in (second, third):
        assert answer.status is ERROR
        assert "send it again" in answer.error


async def test_stream_when_it_is_anothers_then_all_that_was_under_way_is_answered() -> None:
    door = Door(seconds=5)
    for transaction in ("a", "b"):
        door.say(transaction)
    await door.begun("a")
    door.talkback.end()
    for answer in await door.answered("a", "b"):
        assert "send it again" in answer.error
    door.say("c")
    await asyncio.sleep(0.01)
    assert door.answers("c") == []


async def test_stream_when_it_is_taken_over_then_what_nobody_has_seen_to_is_said() -> None:
    door = Door(ours=False)
    for transaction in ("a", "b", "a"):
        door.say(transaction)
    door.talkback.follow(
        TalkbackReply(stream="door", transaction="b", status=TalkbackStatus.QUEUED)
    )
    assert door.steps == []
    door.talkback.begin()
    (answer,) = await door.answered("a")
    assert answer.status is OK
    assert door.statuses("b") == []
    assert len(door.answers("a")) == 1


async def until_settled(door: Door) -> None:
    """Whatever the owner before left is seen to: a reply of this stream's own comes after it."""
    door.talkback.begin()
    await asyncio.sleep(0.01)
    door.say("settled")
    await door.answered("settled")


@pytest.mark.parametrize(
    ("status", "answer"), [(TalkbackStatus.SPOKEN, OK), (TalkbackStatus.CANCELLED, ERROR)]
)
async def test_stream_when_it_is_taken_over_then_what_was_seen_to_is_answered_and_not_said_again(
    status: TalkbackStatus, answer: ResponseStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.talkback.talkback._SETTLED_S", 0)
    door = Door(ours=False)
    for one in (TalkbackStatus.QUEUED, status):
        door.talkback.follow(TalkbackReply(stream="door", transaction="a", status=one))
    door.say("a")
    await until_settled(door)
    door.say("a")
    assert [one.status for one in door.answers("a")] == [answer, answer]
    assert door.statuses("a") == []
    assert not door.segments_of("a")


async def test_stream_when_it_is_taken_over_then_what_failed_before_may_be_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.talkback.talkback._SETTLED_S", 0)
    door = Door(ours=False)
    door.talkback.follow(
        TalkbackReply(stream="door", transaction="a", status=TalkbackStatus.FAILED)
    )
    door.say("a")
    await until_settled(door)
    assert door.statuses("a")[-1] is TalkbackStatus.SPOKEN


@pytest.mark.parametrize("late", [False, True])
async def test_stream_when_it_is_taken_over_then_what_was_cancelled_is_answered_and_not_said(
    *, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_worker.talkback.talkback._SETTLED_S", 0.05)
    door = Door(ours=False)
    door.say("a")
    if late:  # the stream is ours, but what is left of the owner before is not yet seen to
        door.talkback.begin()
    door.cancel("a")
    door.talkback.begin()
    answer, done = await door.answered("a", "c")
    await until(lambda: not door.talkback.busy)
    assert (answer.status, answer.error) == (ERROR, "cancelled")
    assert (done.status, done.data["status"]) == (OK, "cancelled")
    assert door.statuses("a") == [TalkbackStatus.CANCELLED]
    assert door.woken == 0
    assert not door.segments


async def test_stream_when_it_is_anothers_then_a_cancel_that_its_owner_saw_to_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.talkback.talkback._SETTLED_S", 0)
    door = Door(ours=False)
    door.say("a")
    door.cancel("a")
    door.cancel("unknown")
    door.talkback.follow(
        TalkbackReply(stream="door", transaction="a", status=TalkbackStatus.CANCELLED)
    )
    await until_settled(door)
    assert door.answers("a") == []
    assert door.answers("c") == []


async def test_stream_when_it_is_taken_over_late_then_old_requests_are_not_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.talkback.held.HELD_NS", 0)
    monkeypatch.setattr("edge_worker.talkback.talkback._SETTLED_S", 0)
    door = Door(ours=False)
    door.say("old")
    door.talkback.begin()
    await asyncio.sleep(0.01)
    door.say("new")
    await door.answered("new")
    assert door.statuses("old") == []


async def test_stream_when_it_is_anothers_then_very_many_requests_are_not_all_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_worker.talkback.talkback._SETTLED_S", 0)
    door = Door(ours=False)
    for number in range(100):
        door.say(f"t{number}")
    door.send(Channel.TALKBACK_SAY, b"nonsense")
    door.talkback.begin()
    await until(lambda: bool(door.steps))
    door.talkback.end()
    assert {step.transaction for step in door.steps} == {f"t{number}" for number in range(92, 100)}


async def test_loudspeaker_when_it_plays_then_the_echo_guard_is_told_what_and_when() -> None:
    door = Door(seconds=0.3)
    door.say("a")
    await door.answered("a")
    thought, reported = door.expected
    assert [one[0] for one in door.expected] == ["a", "a"]
    assert thought[1] is reported[1]
    assert (len(reported[1]), reported[2], reported[3]) == (14_400, 48_000, 7)
    assert door.cut_off == []


async def test_loudspeaker_when_it_is_stopped_then_the_echo_guard_is_told_too() -> None:
    door = Door(seconds=3)
    door.say("a")
    await door.begun("a")
    door.cancel("a")
    await door.answered("a")
    assert door.cut_off == ["a"]
