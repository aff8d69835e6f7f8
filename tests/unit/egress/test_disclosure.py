"""Which output counts as altered by AI, and what the marks say."""

import json

from edge_worker.egress.disclosure import HOLD_NS, Disclosure, Mark

MS = 1_000_000


def test_cover_when_altered_then_it_holds_two_seconds_longer_and_not_a_nanosecond_more() -> None:
    disclosure = Disclosure()
    disclosure.mark(100 * MS, 140 * MS)
    end_ns = 140 * MS + HOLD_NS
    assert HOLD_NS == 2_000_000_000
    assert not disclosure.covers(0, 100 * MS)
    assert disclosure.covers(0, 100 * MS + 1)
    assert disclosure.covers(end_ns - 1, end_ns)
    assert not disclosure.covers(end_ns, end_ns + MS)


def test_cover_when_alterations_touch_within_the_hold_then_there_is_no_gap() -> None:
    disclosure = Disclosure()
    disclosure.mark(0, 40 * MS)
    disclosure.mark(1900 * MS, 1940 * MS)
    assert all(disclosure.covers(at * MS, at * MS + 1) for at in range(0, 3940, 10))
    assert not disclosure.covers(3940 * MS, 3941 * MS)


def test_cover_when_an_alteration_is_noted_late_then_its_beginning_counts() -> None:
    disclosure = Disclosure()
    disclosure.mark(500 * MS, 540 * MS)
    disclosure.mark(400 * MS, 440 * MS)
    assert disclosure.covers(400 * MS, 401 * MS)
    assert disclosure.covers(540 * MS + HOLD_NS - 1, 540 * MS + HOLD_NS)


def test_cover_when_hours_pass_then_only_the_recent_past_is_kept() -> None:
    disclosure = Disclosure()
    for hour in range(1000):
        disclosure.mark(hour * 3600_000 * MS, hour * 3600_000 * MS + MS)
    assert len(disclosure._spans) == 1


def test_mark_when_lips_were_drawn_then_the_text_says_so_in_json() -> None:
    said = json.loads(Mark("box", "en").text(lips=True))
    assert said == {"ai_modified": True, "lips": True, "by": "polylip", "worker": "box", "to": "en"}
    assert json.loads(Mark("box", "en").text(lips=False))["lips"] is False
