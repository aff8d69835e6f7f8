"""Which replies are too old to be spoken."""

from edge_worker.camera.speaker.freshness import Freshness

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


def test_reply_when_it_comes_in_time_then_it_is_fresh_whatever_the_clocks_say() -> None:
    freshness = Freshness()
    for offset_ns in (0, SECOND // 10, 4 * SECOND):
        assert not freshness.stale(100 * HOUR, 90 * HOUR + offset_ns)


def test_reply_when_it_took_seconds_longer_than_others_then_it_is_stale() -> None:
    freshness = Freshness()
    assert not freshness.stale(0, HOUR)
    assert freshness.stale(10 * SECOND, HOUR + 16 * SECOND)
    assert not freshness.stale(30 * SECOND, HOUR + 30 * SECOND)


def test_clock_when_set_ahead_then_only_one_reply_is_lost_to_it() -> None:
    freshness = Freshness()
    assert not freshness.stale(0, 0)
    assert freshness.stale(SECOND, HOUR + SECOND)
    assert not freshness.stale(9 * SECOND, HOUR + 9 * SECOND)
    assert not freshness.stale(10 * SECOND, HOUR + 10 * SECOND)


def test_clock_when_set_back_then_nothing_is_lost() -> None:
    freshness = Freshness()
    assert not freshness.stale(0, HOUR)
    assert not freshness.stale(SECOND, SECOND)
    assert freshness.stale(2 * SECOND, 9 * SECOND)


def test_clocks_when_they_part_slowly_then_nothing_is_lost_to_it() -> None:
    freshness = Freshness()
    for day in range(30):
        assert not freshness.stale(day * 24 * HOUR, round(day * 24 * HOUR * 1.0001))


def test_replies_when_each_is_later_than_the_one_before_then_all_are_stale() -> None:
    freshness = Freshness()
    assert not freshness.stale(0, 0)
    assert freshness.stale(0, 6 * SECOND)
    assert freshness.stale(0, 12 * SECOND)
