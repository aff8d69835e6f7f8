import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_worker.media.clock import ClockAnchor, ClockUnsetError, MediaClock
from tests.unit.media.clips import SECOND_NS

UTC_NS = 1_790_000_000 * SECOND_NS
NETWORK_NS = 3_000_000
"""The simulated network's least delay: arrivals alone cannot know it."""


def errors_of_arrivals(
    seconds: float, *, skew_ppm: float, jitter: float, spikes: float, seed: int
) -> tuple[MediaClock, np.ndarray]:
    """The clock, and its error beyond the least delay in ms after each message of 120 ms."""
    rng = np.random.default_rng(seed)
    sent = np.arange(0, seconds, 0.12)
    delays = rng.exponential(jitter, len(sent))
    delays += (rng.random(len(sent)) < spikes) * rng.uniform(0.05, 0.4, len(sent))
    clock = MediaClock("e")
    errors = []
    for moment, delay in zip(sent, delays, strict=True):
        pts_ns = int(moment * (1 + skew_ppm * 1e-6) * SECOND_NS)
        earliest_ns = UTC_NS + int(moment * SECOND_NS) + NETWORK_NS
        clock.arrived(pts_ns, earliest_ns + int(delay * SECOND_NS))
        errors.append((clock.utc_of(pts_ns) - earliest_ns) / 1e6)
    return clock, np.array(errors)


@pytest.mark.parametrize("skew_ppm", [-200.0, 0.0, 50.0, 200.0])
@pytest.mark.parametrize(("jitter", "spikes"), [(0.002, 0.0), (0.010, 0.01), (0.030, 0.05)])
def test_arrivals_when_they_jitter_then_the_camera_clock_is_known_to_3_ms(
    skew_ppm: float, jitter: float, spikes: float
) -> None:
    clock, errors = errors_of_arrivals(180, skew_ppm=skew_ppm, jitter=jitter, spikes=spikes, seed=3)
    settled = np.abs(errors[500:])
    assert float(settled.max()) < 3.0
    assert clock.source == "arrival"


def test_arrivals_when_the_stream_is_young_then_the_lowest_one_counts() -> None:
    _, errors = errors_of_arrivals(15, skew_ppm=200, jitter=0.01, spikes=0.05, seed=4)
    assert np.abs(errors[25:]).max() < 15


def test_arrivals_when_the_worker_clock_is_set_back_then_it_starts_over() -> None:
    clock = MediaClock("e")
    for number in range(1000):
        clock.arrived(number * SECOND_NS // 8, UTC_NS + number * SECOND_NS // 8)
    clock.arrived(1000 * SECOND_NS // 8, UTC_NS + 1000 * SECOND_NS // 8 - 30 * SECOND_NS)
    assert clock.utc_of(0) == UTC_NS - 30 * SECOND_NS


def test_arrivals_when_the_worker_clock_is_set_forward_then_it_starts_over() -> None:
    clock = MediaClock("e")
    for number in range(1000):
        clock.arrived(number * SECOND_NS // 8, UTC_NS + number * SECOND_NS // 8)
    clock.arrived(125 * SECOND_NS, UTC_NS + 125 * SECOND_NS + 3600 * SECOND_NS)
    assert clock.utc_of(0) == UTC_NS + 3600 * SECOND_NS


@pytest.mark.parametrize("off_s", [-3600, -6, 6, 3600])
def test_anchor_when_it_contradicts_the_arrivals_then_it_is_not_trusted(off_s: int) -> None:
    clock = MediaClock("e")
    clock.arrived(0, UTC_NS)
    clock.anchor(ClockAnchor("e", 0, UTC_NS + off_s * SECOND_NS, "ntp"))
    assert (clock.source, clock.utc_of(0)) == ("arrival", UTC_NS)


def test_anchor_when_it_came_first_and_the_arrivals_contradict_it_then_they_count() -> None:
    clock = MediaClock("e")
    clock.anchor(ClockAnchor("e", 0, UTC_NS - 3600 * SECOND_NS, "ntp"))
    clock.arrived(0, UTC_NS)
    assert (clock.source, clock.utc_of(0)) == ("arrival", UTC_NS)


def test_anchor_when_stated_then_it_is_taken_and_outranks_arrivals() -> None:
    clock = MediaClock("e")
    clock.arrived(0, UTC_NS + 50_000_000)
    clock.anchor(ClockAnchor("e", 0, UTC_NS, "ntp"))
    clock.arrived(SECOND_NS, UTC_NS + SECOND_NS - 10_000_000)
    assert clock.source == "ntp"
    assert clock.utc_of(SECOND_NS) == UTC_NS + SECOND_NS
    assert clock.pts_of(UTC_NS) == 0


def test_anchors_when_they_jitter_then_they_are_smoothed_and_skew_is_learned() -> None:
    clock = MediaClock("e")
    rng = np.random.default_rng(5)
    for second in range(0, 120, 5):
        noise = int(rng.normal(0, 2_000_000))
        utc_ns = UTC_NS + round(second * (1 + 100e-6) * SECOND_NS) + noise
        clock.anchor(ClockAnchor("e", second * SECOND_NS, utc_ns, "ntp"))
    true_ns = UTC_NS + round(120 * (1 + 100e-6) * SECOND_NS)
    assert abs(clock.utc_of(120 * SECOND_NS) - true_ns) < 3_000_000


def test_anchor_when_the_camera_clock_is_corrected_then_it_is_followed_at_once() -> None:
    clock = MediaClock("e")
    for second in range(20):
        clock.anchor(ClockAnchor("e", second * SECOND_NS, UTC_NS + second * SECOND_NS, "ntp"))
    clock.anchor(ClockAnchor("e", 20 * SECOND_NS, UTC_NS + 25 * SECOND_NS, "ntp"))
    assert clock.utc_of(20 * SECOND_NS) == UTC_NS + 25 * SECOND_NS


def test_anchor_when_of_another_epoch_then_it_waits_for_that_epoch() -> None:
    clock = MediaClock("old")
    clock.anchor(ClockAnchor("new", 7, UTC_NS, "ntp"))
    with pytest.raises(ClockUnsetError, match="epoch old"):
        clock.utc_of(0)
    clock.restart("new")
    assert clock.utc_of(7) == UTC_NS
    assert clock.epoch == "new"


def test_anchor_when_another_worker_learned_it_from_arrivals_then_it_is_one_arrival() -> None:
    clock = MediaClock("e")
    clock.anchor(ClockAnchor("e", 0, UTC_NS, "arrival"))
    assert clock.source == "arrival"
    clock.arrived(SECOND_NS, UTC_NS + SECOND_NS - 1_000_000)
    assert clock.utc_of(SECOND_NS) <= UTC_NS + SECOND_NS


@given(st.integers(0, 10**15), st.floats(-500, 500))
@settings(deadline=None)
def test_pts_of_when_applied_to_utc_of_then_it_gives_the_moment_back(
    pts_ns: int, skew_ppm: float
) -> None:
    clock = MediaClock("e")
    for second in range(0, 60, 2):
        utc_ns = UTC_NS + round(second * SECOND_NS * (1 + skew_ppm * 1e-6))
        clock.anchor(ClockAnchor("e", second * SECOND_NS, utc_ns, "ntp"))
    assert abs(clock.pts_of(clock.utc_of(pts_ns)) - pts_ns) <= 2
