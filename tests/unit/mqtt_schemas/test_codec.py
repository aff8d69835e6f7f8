import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mqtt_schemas import (
    ClockAnchor,
    LanguagePair,
    MessageRefused,
    Request,
    StreamInfo,
    StreamState,
    StreamStatus,
    SyncedSpeechMessage,
    TopicAddress,
    Topics,
    UtteranceMessage,
    UtteranceStage,
    VideoTrack,
    WorkerInfo,
    WorkerStatus,
    decode,
    decode_text,
    decode_word,
    encode,
)
from mqtt_schemas.limits import MAX_MESSAGE_BYTES

from .generated import ANY_JSON, MESSAGES, WORDS, json_bodies

TOPICS = Topics()
SLOW_TO_DRAW = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

every_message = pytest.mark.parametrize("kind", MESSAGES, ids=lambda kind: kind.__name__)


def address(topic: str) -> TopicAddress:
    found = TOPICS.parse(topic)
    assert found is not None
    return found


UTTERANCE = UtteranceMessage(
    stream="door",
    utterance="u1",
    epoch="e1",
    stage=UtteranceStage.FINAL,
    start_ns=1,
    end_ns=2,
    source_language="pt-br",
    source_text="Olá, há alguém em casa?",
    target_language="en",
)
ANCHOR = ClockAnchor(stream="door", epoch="e1", pts_ns=-5, utc_ns=1_700_000_000_000_000_000)


@every_message
@given(data=st.data())
@SLOW_TO_DRAW
def test_message_when_written_and_read_is_the_same(kind: type, data: st.DataObject) -> None:
    message: object = decode(kind, "any", json.dumps(data.draw(json_bodies(kind))).encode())
    assert decode(kind, "any", encode(message)) == message


@every_message
@given(payload=st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode()))
@SLOW_TO_DRAW
def test_message_when_bytes_are_hostile_is_refused_and_nothing_else(
    kind: type, payload: bytes
) -> None:
    with pytest.raises(MessageRefused, match="topic/x"):
        decode(kind, "topic/x", payload)


@every_message
@given(data=st.data())
@SLOW_TO_DRAW
def test_message_when_one_field_is_replaced_by_anything_is_read_or_refused(
    kind: type, data: st.DataObject
) -> None:
    body = data.draw(json_bodies(kind))
    body[data.draw(st.sampled_from(sorted({*body, "schema"})))] = data.draw(ANY_JSON)
    with suppress(MessageRefused):
        decode(kind, "topic/x", json.dumps(body).encode())


def test_message_when_a_field_is_unknown_ignores_it() -> None:
    body = json.loads(encode(ANCHOR)) | {"from_the_future": {"a": [1]}}
    assert decode(ClockAnchor, "any", json.dumps(body).encode()) == ANCHOR


def test_message_when_a_nested_field_is_unknown_ignores_it() -> None:
    payload = b'{"video": {"width": 640, "height": 480, "fps": 25, "hdr": true}}'
    info = decode(StreamInfo, address("polylip/stream/door/info"), payload)
    assert info.video == VideoTrack(width=640, height=480, fps=25)


def test_message_when_the_body_leaves_the_id_out_takes_it_from_the_topic() -> None:
    info = decode(WorkerInfo, address("polylip/worker/attic/info"), b"{}")
    assert info == WorkerInfo(worker="attic")


def test_message_when_the_body_names_another_id_than_the_topic_is_refused() -> None:
    with pytest.raises(MessageRefused) as refusal:
        decode(WorkerInfo, address("polylip/worker/attic/info"), b'{"worker": "cellar"}')
    assert str(refusal.value) == (
        "message on polylip/worker/attic/info refused: field 'worker' is 'cellar', "
        "but the topic says 'attic'"
    )


def test_message_when_the_speech_topic_names_another_language_is_refused() -> None:
    with pytest.raises(MessageRefused, match="field 'language' is 'pt', but the topic says 'en'"):
        decode(SyncedSpeechMessage, address(TOPICS.speech("door", "en")), b'{"language": "pt"}')


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe{}", "is not UTF-8 at byte 0"),
        (b"[]", "not an object"),
        (b"[" * 30_000 + b"]" * 30_000, "is nested beyond 16 levels"),
        (b'{"a":' * 17 + b"1" + b"}" * 17, "is nested beyond 16 levels"),
        (b'{"pts_ns": NaN}', "has NaN, which is no JSON number"),
        (b'{"pts_ns": -Infinity}', "has -Infinity, which is no JSON number"),
        (b'{"pts_ns": 1e999}', "has a number beyond 64 bits"),
        (b'{"pts_ns": ' + b"9" * 50_000 + b"}", "has a number beyond 64 bits"),
        (b'{"pts_ns": 9223372036854775808}', "has a number beyond 64 bits"),
        (b'{"epoch": "a", "epoch": "b"}', "names 'epoch' twice"),
        (b'{"epoch": "\\ud800"}', "has half a surrogate pair"),
        (b'{"\\udfff": 1}', "has half a surrogate pair"),
        (b'{"x": "' + b"y" * MAX_MESSAGE_BYTES + b'"}', "at most 64000 are taken"),
    ],
)
def test_message_when_its_json_is_hostile_says_what_is_wrong(payload: bytes, reason: str) -> None:
    with pytest.raises(MessageRefused) as refusal:
        decode(ClockAnchor, "polylip/stream/door/clock", payload)
    assert str(refusal.value).startswith("message on polylip/stream/door/clock refused: ")
    assert reason in str(refusal.value)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("pts_ns", True, "is True, not a whole number"),
        ("pts_ns", 1.5, "is 1.5, not a whole number"),
        ("pts_ns", "1", "is '1', not a whole number"),
        ("pts_ns", None, "is None, not a whole number"),
        ("epoch", 7, "is 7, not a text"),
        ("epoch", "E 1", "does not match"),
        ("epoch", "e1\n", "does not match"),
        ("source", "guess", "is 'guess'; takes ntp, arrival"),
        ("source", ["ntp"], "takes ntp, arrival"),
        ("schema", 0, "is 0, below 1"),
        ("schema", True, "is True, not a whole number"),
        ("schema", 2, "is 2, this side knows 1: update this side"),
    ],
)
def test_message_when_a_field_is_invalid_names_it(field: str, value: Any, reason: str) -> None:
    body = json.loads(encode(ANCHOR)) | {field: value}
    with pytest.raises(MessageRefused) as refusal:
        decode(ClockAnchor, "any", json.dumps(body).encode())
    assert refusal.value.field == field
    assert reason in refusal.value.reason


def test_message_when_a_field_is_missing_names_it() -> None:
    body = json.loads(encode(ANCHOR))
    del body["utc_ns"]
    with pytest.raises(MessageRefused, match="field 'utc_ns' is missing"):
        decode(ClockAnchor, "any", json.dumps(body).encode())


@pytest.mark.parametrize(
    ("kind", "body", "path"),
    [
        (StreamInfo, {"video": {"width": 640, "height": 480, "fps": 0}}, "video.fps"),
        (StreamInfo, {"video": {"width": 640, "fps": 25}}, "video.height"),
        (WorkerInfo, {"pairs": [{"source": "en", "target": "pt_BR"}]}, "pairs[0].target"),
        (WorkerInfo, {"roles": "atp"}, "roles"),
        (WorkerInfo, {"roles": ["atp"] * 65}, "roles"),
        (
            StreamState,
            {"settings": {"playout_delay": "7"}, "owner": "w", "term": 1, "revision": 1},
            "settings.playout_delay",
        ),
    ],
)
def test_message_when_a_nested_field_is_invalid_gives_its_path(
    kind: type, body: dict[str, Any], path: str
) -> None:
    body |= {"stream": "door"} if kind is not WorkerInfo else {"worker": "w"}
    with pytest.raises(MessageRefused) as refusal:
        decode(kind, "any", json.dumps(body).encode())
    assert refusal.value.field == path


def test_message_when_a_text_is_over_4_kb_is_refused() -> None:
    assert decode(
        UtteranceMessage, "any", encode(replace(UTTERANCE, source_text="a" * 4_096))
    ).source_text.startswith("aaa")
    with pytest.raises(MessageRefused, match="source_text"):
        encode(replace(UTTERANCE, source_text="a" * 4_097))


def test_message_when_a_name_is_over_128_characters_or_has_controls_is_refused() -> None:
    for name in ("n" * 129, "front\ndoor"):
        with pytest.raises(MessageRefused, match="name"):
            encode(StreamInfo(stream="door", name=name))


@pytest.mark.parametrize(
    "invalid",
    [
        replace(ANCHOR, stream="Door"),
        replace(ANCHOR, pts_ns=1 << 63),
        replace(UTTERANCE, confidence=float("nan")),
        replace(UTTERANCE, source_text="\ud800"),
        replace(UTTERANCE, stage="soon"),  # type: ignore[arg-type] # what a careless caller does
        Request(transaction="t", data={"a": float("inf")}),
        Request(transaction="t", data={"a": object()}),
        WorkerInfo(worker="w", pairs=(LanguagePair(source="en", target="en"),) * 4_097),
    ],
    ids=lambda message: type(message).__name__,
)
def test_message_when_it_is_invalid_is_not_written(invalid: object) -> None:
    with pytest.raises(MessageRefused, match="on here"):
        encode(invalid, "here")


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_word_when_written_bare_is_read_back(kind: type[WorkerStatus]) -> None:
    for word in kind:
        assert decode_word(kind, "any", str(word).encode()) is word


@given(payload=st.binary(max_size=40))
def test_word_when_it_is_none_of_them_is_refused(payload: bytes) -> None:
    with pytest.raises(MessageRefused, match="polylip/stream/door/status"):
        decode_word(StreamStatus, address("polylip/stream/door/status"), payload)


def test_bare_text_when_not_utf8_or_too_long_is_refused() -> None:
    assert decode_text("any", "olá".encode()) == "olá"
    for payload in (b"\xff", b"x" * (MAX_MESSAGE_BYTES + 1)):
        with pytest.raises(MessageRefused):
            decode_text("any", payload)


def test_utterance_when_written_keeps_other_scripts_readable() -> None:
    assert "Olá, há alguém" in encode(UTTERANCE).decode()
