from edge_worker.items import Verdict
from edge_worker.timeline import COMMIT_AHEAD_NS, Timeline
from tests.unit.timeline.speech import SECOND_NS, cut_to_speed, synced


def make(debt_s: float = 4.0) -> Timeline:
    return Timeline(cut_to_speed, debt_limit_ns=round(debt_s * SECOND_NS))


def test_speech_that_is_ready_late_starts_at_the_playhead() -> None:
    timeline = make()
    timeline.add(synced(1, 2, 1.0))
    advance = timeline.advance(3 * SECOND_NS, heard_until_ns=3 * SECOND_NS)
    assert [one.start_ns for one in advance.placed] == [3 * SECOND_NS + COMMIT_AHEAD_NS]


def test_speech_that_is_ready_early_waits_for_its_own_source() -> None:
    timeline = make()
    timeline.add(synced(5, 6, 1.0))
    assert not timeline.advance(4 * SECOND_NS, 6 * SECOND_NS).placed
    placed = timeline.advance(4_950_000_000, 6 * SECOND_NS).placed
    assert [one.start_ns for one in placed] == [5_030_000_000] or placed[
        0
    ].start_ns == 5 * SECOND_NS


def test_second_utterance_while_the_first_plays_follows_after_a_breath() -> None:
    timeline = make()
    timeline.add(synced(0, 1, 2.0, "a"))
    first = timeline.advance(SECOND_NS, SECOND_NS).placed[0]
    timeline.add(synced(1, 2, 1.0, "b"))
    assert not timeline.advance(2 * SECOND_NS, 2 * SECOND_NS).placed
    second = timeline.advance(first.end_ns, 3 * SECOND_NS).placed[0]
    assert first.end_ns < second.start_ns <= first.end_ns + 200_000_000


def test_utterances_that_arrive_out_of_order_play_in_the_order_spoken() -> None:
    timeline = make()
    timeline.add(synced(3, 4, 1.0, "b"))
    timeline.add(synced(1, 2, 1.0, "a"))
    placed = timeline.advance(5 * SECOND_NS, 5 * SECOND_NS).placed
    assert placed[0].speech.utterance.id == "a"


def test_debt_above_the_limit_gives_up_what_has_not_begun_oldest_first_and_says_why() -> None:
    timeline = make(debt_s=4.0)
    timeline.add(synced(0, 1, 3.0, "plays"))
    timeline.advance(SECOND_NS, SECOND_NS)
    for number in range(3):
        timeline.add(synced(1 + number, 2 + number, 3.0, f"u{number}"))
    advance = timeline.advance(1_200_000_000, 5 * SECOND_NS)
    assert [one.utterance.id for one in advance.overloaded] == ["u0", "u1"]
    assert advance.overloaded[0].utterance.verdict is Verdict.OVERLOAD
    assert "4 s behind" in advance.overloaded[0].utterance.reason
    assert timeline.playing[0].speech.utterance.id == "plays"


def test_speech_that_ended_is_reported_once() -> None:
    timeline = make()
    timeline.add(synced(0, 1, 1.0))
    timeline.advance(SECOND_NS, SECOND_NS)
    ended = [len(timeline.advance(second * SECOND_NS, 0).ended) for second in range(2, 7)]
    assert sum(ended) == 1


def test_silence_is_only_where_nothing_plays_and_nothing_waits() -> None:
    timeline = make()
    assert timeline.silent_at(0)
    timeline.add(synced(0, 1, 1.0))
    assert not timeline.silent_at(0)
    placed = timeline.advance(0, 0).placed[0]
    assert not timeline.silent_at(placed.start_ns)
    assert timeline.silent_at(placed.end_ns)


def test_cleared_timeline_holds_nothing() -> None:
    timeline = make()
    timeline.add(synced(0, 1, 1.0))
    assert len(timeline.clear()) == 1
    assert timeline.silent_at(0)


def test_speech_that_comes_long_after_its_source_is_given_up_even_if_it_waits_alone() -> None:
    timeline = make(debt_s=4.0)
    timeline.add(synced(0, 2, 2.0, "old"))
    timeline.add(synced(85, 87, 2.0, "new"))
    advance = timeline.advance(90 * SECOND_NS, 90 * SECOND_NS)
    assert [one.utterance.id for one in advance.overloaded] == ["old"]
    assert [one.speech.utterance.id for one in advance.placed] == ["new"]
