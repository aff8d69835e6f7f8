from hypothesis import given
from hypothesis import strategies as st

from edge_worker.timeline import (
    DUB_NS,
    LIVE_NS,
    LearnedDelay,
    PlayoutClock,
    wanted_delay_ns,
)
from mqtt_schemas import PlayoutDelay

STEP_NS = 20_000_000
SECOND_NS = 1_000_000_000


@given(st.lists(st.integers(200_000_000, 6 * SECOND_NS), min_size=1, max_size=6))
def test_media_time_through_any_delay_changes_never_runs_backwards(delays: list[int]) -> None:
    clock = PlayoutClock(delays[0])
    reached = None
    output_ns = 0
    for delay_ns in delays:
        clock.set_delay(delay_ns)
        for _ in range(20):
            moment = clock.at(output_ns)
            assert reached is None or moment.media_ns >= reached
            assert moment.frozen or moment.media_ns == output_ns - delay_ns
            reached = moment.media_ns
            output_ns += STEP_NS


def test_longer_delay_freezes_for_exactly_the_difference() -> None:
    clock = PlayoutClock(SECOND_NS)
    clock.at(10 * SECOND_NS)
    clock.set_delay(2 * SECOND_NS)
    frozen = [clock.at(10 * SECOND_NS + n * STEP_NS).frozen for n in range(1, 101)]
    assert frozen.count(True) == SECOND_NS // STEP_NS - 1
    assert frozen[-1] is False


def test_learned_delay_grows_to_what_nine_in_ten_utterances_need() -> None:
    learned = LearnedDelay()
    for _ in range(10):
        learned.observe(2 * SECOND_NS)
    assert 2 * SECOND_NS < learned.delay_ns <= 2_300_000_000


def test_learned_delay_ignores_small_differences() -> None:
    learned = LearnedDelay()
    for _ in range(10):
        learned.observe(2 * SECOND_NS)
    before = learned.delay_ns
    for _ in range(16):
        learned.observe(2_100_000_000)
    assert learned.delay_ns == before


def test_learned_delay_stays_between_live_and_dub() -> None:
    learned = LearnedDelay()
    learned.observe(-SECOND_NS)
    assert learned.delay_ns == LIVE_NS
    for _ in range(16):
        learned.observe(30 * SECOND_NS)
    assert learned.delay_ns == DUB_NS


def test_wanted_delay_for_each_setting_is_what_it_names() -> None:
    wanted = {
        text: wanted_delay_ns(PlayoutDelay(text), 2 * SECOND_NS, 0)
        for text in ("live", "dub", "auto", "1.5")
    }
    assert wanted == {
        "live": LIVE_NS,
        "dub": DUB_NS,
        "auto": 2 * SECOND_NS,
        "1.5": 1_500_000_000,
    }


def test_wanted_delay_below_what_the_network_needs_grows_in_steps_that_do_not_breathe() -> None:
    live = PlayoutDelay("live")
    assert wanted_delay_ns(live, 0, 510_000_000) == wanted_delay_ns(live, 0, 740_000_000)
    assert wanted_delay_ns(live, 0, 510_000_000) == 750_000_000


def test_clock_when_the_media_clock_began_anew_then_nothing_is_frozen() -> None:
    clock = PlayoutClock(SECOND_NS)
    clock.at(3600 * SECOND_NS)
    clock.restart()
    moment = clock.at(2 * SECOND_NS)
    assert (moment.media_ns, moment.frozen) == (SECOND_NS, False)
