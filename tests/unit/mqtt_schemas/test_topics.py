from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_schemas import (
    Channel,
    IdRefused,
    TopicAddress,
    Topics,
    canonical_language,
    check_language,
    primary_language,
)
from mqtt_schemas.identifiers import ID_PATTERN

TOPICS = Topics()
IDS = st.from_regex(ID_PATTERN, fullmatch=True)
LANGUAGES = st.sampled_from(["en", "pt-br", "zh-hant-tw", "es-419", "ca-valencia", "haw"])
PREFIXES = st.sampled_from(["polylip", "home/polylip", "a/b/c", "X_1"])
PARTS = [field.name for field in fields(TopicAddress) if field.name not in {"topic", "channel"}]


def parts_of(channel: Channel) -> list[str]:
    return [part for part in PARTS if f"{{{part}}}" in channel]


@given(channel=st.sampled_from(Channel), prefix=PREFIXES, data=st.data())
def test_topic_when_built_and_parsed_gives_its_parts_back(
    channel: Channel, prefix: str, data: st.DataObject
) -> None:
    parts = {
        part: data.draw(LANGUAGES if part == "language" else IDS) for part in parts_of(channel)
    }
    topic = Topics(prefix).build(channel, **parts)
    assert Topics(prefix).parse(topic) == TopicAddress(topic=topic, channel=channel, **parts)


@given(topic=st.text(max_size=80) | st.text("polyi/streamwk-n+#ab", max_size=40))
def test_topic_when_it_is_anything_parses_to_none_or_rebuilds_itself(topic: str) -> None:
    found = TOPICS.parse(f"polylip/{topic}")
    if found:
        parts = {part: getattr(found, part) for part in parts_of(found.channel)}
        assert TOPICS.build(found.channel, **parts) == f"polylip/{topic}"


def test_every_builder_gives_the_topic_of_the_contract() -> None:
    assert [
        TOPICS.worker_info("w"),
        TOPICS.worker_status("w"),
        TOPICS.worker_metrics("w"),
        TOPICS.stream_info("door"),
        TOPICS.stream_status("door"),
        TOPICS.stream_clock("door"),
        TOPICS.in_av("door"),
        TOPICS.out_av("door", "en"),
        TOPICS.state("door"),
        TOPICS.set("door", "lip_sync"),
        TOPICS.utterance("door"),
        TOPICS.event("door"),
        TOPICS.metrics("door"),
        TOPICS.speech("door", "pt-br"),
        TOPICS.speech_audio("door", "pt-br", "u7"),
        TOPICS.talkback_say("door"),
        TOPICS.talkback_in("door", "t1"),
        TOPICS.talkback_cancel("door"),
        TOPICS.talkback_out("door"),
        TOPICS.job_asr(),
        TOPICS.job_mt(),
        TOPICS.job_tts(),
        TOPICS.request("view"),
        TOPICS.response("view"),
    ] == [
        "polylip/worker/w/info",
        "polylip/worker/w/status",
        "polylip/worker/w/metrics",
        "polylip/stream/door/info",
        "polylip/stream/door/status",
        "polylip/stream/door/clock",
        "polylip/stream/door/in/av",
        "polylip/stream/door/out/en/av",
        "polylip/stream/door/state",
        "polylip/stream/door/set/lip_sync",
        "polylip/stream/door/utterance",
        "polylip/stream/door/event",
        "polylip/stream/door/metrics",
        "polylip/stream/door/speech/pt-br",
        "polylip/stream/door/speech/pt-br/audio/u7",
        "polylip/stream/door/talkback/say",
        "polylip/stream/door/talkback/in/t1",
        "polylip/stream/door/talkback/cancel",
        "polylip/stream/door/talkback/out",
        "polylip/job/asr",
        "polylip/job/mt",
        "polylip/job/tts",
        "polylip/request/view",
        "polylip/response/view",
    ]


def test_filter_when_parts_are_left_out_matches_any() -> None:
    assert TOPICS.filter(Channel.WORKER_INFO) == "polylip/worker/+/info"
    assert TOPICS.filter(Channel.SET, stream="door") == "polylip/stream/door/set/+"
    assert TOPICS.shared(Channel.REQUEST) == "$share/polylip/polylip/request/+"


@pytest.mark.parametrize(
    "bad", ["", "Door", "a/b", "+", "#", "-a", "a b", "ä", "a" * 64, "a\n", "٣"]
)
def test_topic_when_an_id_breaks_the_rules_is_not_built_nor_parsed(bad: str) -> None:
    with pytest.raises(IdRefused, match=r"stream .* refused: use 1 to 63 of a-z 0-9 _ -"):
        TOPICS.state(bad)
    with pytest.raises(IdRefused):
        TOPICS.filter(Channel.STATE, stream=bad)
    assert TOPICS.parse(f"polylip/stream/{bad}/state") is None


@pytest.mark.parametrize("bad", ["", "EN", "pt_BR", "english!", "e", "en-", "en\n", "iw", "auto-x"])
def test_topic_when_a_language_is_not_canonical_is_not_built_nor_parsed(bad: str) -> None:
    with pytest.raises(IdRefused, match="language"):
        TOPICS.out_av("door", bad)
    assert TOPICS.parse(f"polylip/stream/door/out/{bad}/av") is None


@pytest.mark.parametrize("bad", ["", "/", "a/", "/a", "a//b", "$SYS", "a/+", "#", "é", "a" * 129])
def test_topics_when_the_prefix_breaks_the_rules_are_refused(bad: str) -> None:
    with pytest.raises(IdRefused, match="topic prefix"):
        Topics(bad)


@pytest.mark.parametrize(
    "foreign",
    [
        "other/worker/w/info",
        "polylip",
        "polylip/worker/w",
        "polylip/worker/w/info/",
        "polylip/job/ocr",
        "polylip/stream/door/in/av/x",
        "polylip/" + "a" * 600,
    ],
)
def test_topic_when_it_is_none_of_ours_parses_to_none(foreign: str) -> None:
    assert TOPICS.parse(foreign) is None


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("pt_BR", "pt-br"),
        ("PT-br", "pt-br"),
        ("iw", "he"),
        ("jw-ID", "jv-id"),
        ("zh-Hant-TW", "zh-hant-tw"),
        ("en", "en"),
    ],
)
def test_language_when_written_otherwise_is_made_canonical(written: str, canonical: str) -> None:
    assert canonical_language(written) == canonical
    assert check_language(canonical) == canonical


@given(value=st.text(max_size=20))
def test_language_when_it_is_anything_is_refused_or_stays_canonical(value: str) -> None:
    try:
        canonical = canonical_language(value)
    except IdRefused:
        return
    assert canonical_language(canonical) == canonical
    assert canonical.startswith(primary_language(canonical))
