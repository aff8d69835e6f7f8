"""Segments of one epoch and the clocks that date them."""

import time

import pytest

from edge_worker.camera.capture import BEGINNING, Capture, LiveClock, PlaybackClock
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.timestamps import ticks_to_ns
from mqtt_schemas import ClockSource

SECOND = 1_000_000_000


def _sound(pts: int) -> AccessUnit:
    return AccessUnit("audio", "aac", pts, pts, b"\xff\xf1L@\x01\x7f\xfc" + bytes(8))


def _capture(origin: int = 0) -> Capture:
    return Capture("door", None, "aac", PlaybackClock(ticks_to_ns(BEGINNING), 7 * SECOND), origin)


def test_capture_when_a_source_begins_anywhere_then_the_stream_begins_at_the_beginning() -> None:
    capture = _capture(origin=126_000)
    (first, *_) = [s for n in range(20) for s in capture.add(_sound(126_000 + n * 1920), 0)]
    assert first.properties.pts_ns == ticks_to_ns(BEGINNING)
    assert first.properties.capture_ns == 7 * SECOND
    assert first.anchor is not None
    assert first.anchor.epoch == first.properties.epoch


def test_anchor_when_ten_seconds_are_over_then_it_is_told_again() -> None:
    capture = _capture()
    segments = [s for n in range(1200) for s in capture.add(_sound(n * 1920), 0)]
    told = [s.anchor.pts_ns for s in segments if s.anchor is not None]
    assert len(told) == 3
    assert told[1] - told[0] == pytest.approx(10 * SECOND, abs=SECOND // 5)


def test_pass_when_it_begins_again_then_the_clock_goes_on() -> None:
    capture = _capture()
    for n in range(10):
        capture.add(_sound(n * 1920), 0)
    capture.resume(0)
    assert capture.on_clock(0) == BEGINNING + 10 * 1920
    assert not capture.restarted(_sound(0))


@pytest.mark.parametrize(
    ("jump", "restarted"), [(1920, False), (-90_000, False), (-270_000, True), (1_000_000, True)]
)
def test_source_when_its_clock_jumps_far_then_a_new_epoch_is_asked_for(
    jump: int, *, restarted: bool
) -> None:
    capture = _capture()
    capture.add(_sound(0), 0)
    assert capture.restarted(_sound(jump)) is restarted


def test_live_clock_when_the_device_tells_the_time_then_that_counts() -> None:
    clock, now_ns = LiveClock(), time.time_ns()
    clock.observe(0, now_ns)
    clock.state(0, now_ns - 40_000_000)
    assert clock.source is ClockSource.NTP
    assert clock.utc_of(SECOND) == now_ns - 40_000_000 + SECOND


def test_live_clock_when_the_device_s_time_is_plainly_wrong_then_arrivals_count(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, now_ns = LiveClock(), time.time_ns()
    clock.observe(0, now_ns)
    for n in range(3):
        clock.state(n * 2 * SECOND, now_ns - 3600 * SECOND)
    assert clock.source is ClockSource.ARRIVAL
    assert clock.utc_of(0) == now_ns
    assert caplog.text.count("clock is") == 1
