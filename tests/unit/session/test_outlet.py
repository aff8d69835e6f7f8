import pytest

from edge_worker.egress import OutputSegment
from edge_worker.media.clock import ClockAnchor
from edge_worker.media.segments import MediaSegment
from edge_worker.session.reporter import Reporter, SegmentStamp
from tests.unit.session.making import Made

DELAY_NS = 500
SEGMENT = OutputSegment(MediaSegment(b"", 0, 0, key=True, seq=0), altered=False, sound_until_ns=0)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[SegmentStamp, str]]:
    """Stamps and topics of what goes out."""
    found: list[tuple[SegmentStamp, str]] = []

    def segment(_reporter: Reporter, _one: OutputSegment, stamp: SegmentStamp, topic: str) -> None:
        found.append((stamp, topic))

    monkeypatch.setattr(Reporter, "segment", segment)
    return found


def test_capture_time_when_a_segment_is_of_a_clock_that_is_over_then_it_has_none(
    sent: list[tuple[SegmentStamp, str]],
) -> None:
    session = Made().session
    session._source.epochs.enter("e", "e")
    clock = session._source.clock
    clock.restart("e")
    clock.anchor(ClockAnchor("e", 0, 10**18, "ntp"))
    for epoch in ("e", "d"):
        session._dubbing._outlet.send([SEGMENT], epoch, DELAY_NS)
    session._dubbing._outlet.end([SEGMENT], "d")
    assert [stamp.utc_of(5) for stamp, _ in sent] == [10**18 + 5, None, None]
    assert [stamp.delay_ns for stamp, _ in sent] == [DELAY_NS, DELAY_NS, 0]


def test_topic_when_the_language_changes_then_it_is_another(
    sent: list[tuple[SegmentStamp, str]],
) -> None:
    outlet = Made().session._dubbing._outlet
    for language in ("en", "de"):
        outlet.language = language
        outlet.send([SEGMENT], "e", DELAY_NS)
    assert [topic.split("/")[-2] for _, topic in sent] == ["en", "de"]
