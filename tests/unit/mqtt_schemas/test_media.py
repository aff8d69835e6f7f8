from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mqtt_schemas import (
    PCM_CONTENT_TYPE,
    SEGMENT_CONTENT_TYPE,
    MediaProperties,
    MessageRefused,
    PcmProperties,
    check_media,
)

from .generated import json_bodies

FULL = MediaProperties(
    seq=7,
    pts_ns=-40,
    epoch="a1b2",
    term=3,
    trace="t-1",
    capture_ns=1_700_000_000_000_000_000,
    ai_modified=True,
)


def test_properties_when_written_are_the_pairs_of_the_contract() -> None:
    assert FULL.to_pairs() == [
        ("seq", "7"),
        ("pts_ns", "-40"),
        ("epoch", "a1b2"),
        ("term", "3"),
        ("trace", "t-1"),
        ("capture_ns", "1700000000000000000"),
        ("ai_modified", "true"),
    ]


@given(body=json_bodies(MediaProperties))
def test_media_properties_when_written_and_read_are_the_same(
    body: dict[str, int | str | bool | None],
) -> None:
    properties = MediaProperties(**body)  # type: ignore[arg-type] # made from its own schema
    assert MediaProperties.from_pairs("any", properties.to_pairs()) == properties


@given(body=json_bodies(PcmProperties))
def test_pcm_properties_when_written_and_read_are_the_same(
    body: dict[str, int | str | bool],
) -> None:
    properties = PcmProperties(**body)  # type: ignore[arg-type] # made from its own schema
    assert PcmProperties.from_pairs("any", properties.to_pairs()) == properties


def test_properties_when_a_foreign_publisher_gives_none_are_unknown() -> None:
    assert MediaProperties.from_pairs("any", [("vendor", "x")]) == MediaProperties()
    assert PcmProperties.from_pairs("any", []) == PcmProperties(sample_rate=16_000, last=True)


@pytest.mark.parametrize(
    ("pairs", "field"),
    [
        ([("seq", "-1")], "seq"),
        ([("seq", "one")], "seq"),
        ([("seq", "1.0")], "seq"),
        ([("seq", "٣")], "seq"),
        ([("seq", "9" * 5_000)], "seq"),
        ([("seq", "1"), ("seq", "2")], "seq"),
        ([("epoch", "")], "epoch"),
        ([("epoch", "A B")], "epoch"),
        ([("ai_modified", "yes")], "ai_modified"),
        ([("trace", "x" * 65)], "trace"),
    ],
)
def test_properties_when_they_are_nonsense_are_refused_by_name(
    pairs: list[tuple[str, str]], field: str
) -> None:
    with pytest.raises(MessageRefused) as refusal:
        MediaProperties.from_pairs("polylip/stream/door/in/av", pairs)
    assert (refusal.value.topic, refusal.value.field) == ("polylip/stream/door/in/av", field)


NAMES = st.sampled_from(["seq", "pts_ns", "epoch", "term", "ai_modified", "sample_rate", "last"])


@given(pairs=st.lists(st.tuples(NAMES | st.text(max_size=5), st.text(max_size=22)), max_size=6))
def test_properties_when_pairs_are_anything_are_read_or_refused(
    pairs: list[tuple[str, str]],
) -> None:
    for kind in (MediaProperties, PcmProperties):
        with suppress(MessageRefused):
            kind.from_pairs("any", pairs)


def test_media_when_the_outside_is_right_passes() -> None:
    check_media("any", b"G" * 188, SEGMENT_CONTENT_TYPE, SEGMENT_CONTENT_TYPE)
    check_media("any", b"G" * 1_000_000, None, SEGMENT_CONTENT_TYPE)


@pytest.mark.parametrize(
    ("payload", "content_type"),
    [(b"", None), (b"G" * 1_000_001, None), (b"G", "application/json"), (b"G", PCM_CONTENT_TYPE)],
)
def test_media_when_empty_oversized_or_of_another_type_is_refused(
    payload: bytes, content_type: str | None
) -> None:
    with pytest.raises(MessageRefused):
        check_media("any", payload, content_type, SEGMENT_CONTENT_TYPE)
