"""The A/V offset of a film is read from its pictures and its sound alone."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from edge_worker.span import Span
from edge_worker.verify.closure import Closure
from edge_worker.verify.controls import controls, moved
from edge_worker.verify.findings import MouthFindings
from edge_worker.verify.mouth import MouthTrack
from edge_worker.verify.sync import SyncWindow, loudness, offset_between, sync_windows
from tests.unit.verify.conftest import EYES, RATE, SECOND, Visitor

WHOLE = (Span(0, 18 * SECOND),)


def windows(visitor: Visitor, eye: str, sound: NDArray[np.float32]) -> tuple[SyncWindow, ...]:
    return sync_windows(visitor.tracks[eye], sound, RATE, visitor.speech)


def median_offset(visitor: Visitor, eye: str, sound: NDArray[np.float32]) -> float:
    return float(np.median([w.offset_ms or 0.0 for w in windows(visitor, eye, sound)]))


def median_r(visitor: Visitor, eye: str, sound: NDArray[np.float32]) -> float:
    return float(np.median([w.r for w in windows(visitor, eye, sound)]))


@pytest.mark.parametrize("eye", EYES)
def test_offset_when_the_film_is_untouched_is_near_zero(visitor: Visitor, eye: str) -> None:
    assert abs(median_offset(visitor, eye, visitor.sound)) < 30


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("ms", [120, -120, 200])
def test_offset_when_sound_is_moved_moves_as_much(visitor: Visitor, eye: str, ms: int) -> None:
    later = median_offset(visitor, eye, moved(visitor.sound, ms, RATE))
    assert later - median_offset(visitor, eye, visitor.sound) == pytest.approx(ms, abs=20)


@pytest.mark.parametrize("eye", EYES)
def test_correlation_when_the_sound_is_foreign_is_clearly_worse(visitor: Visitor, eye: str) -> None:
    own = median_r(visitor, eye, visitor.sound)
    foreign = median_r(visitor, eye, np.roll(visitor.sound, len(visitor.sound) // 2))
    assert own > 0.4
    assert foreign < 0.6 * own


def test_windows_when_less_than_half_is_speech_are_left_out(visitor: Visitor) -> None:
    little = (Span(0, 4 * SECOND),)
    assert sync_windows(visitor.tracks["mesh"], visitor.sound, RATE, little) == ()


def test_windows_when_all_is_speech_hop_by_two_seconds(visitor: Visitor) -> None:
    found = sync_windows(visitor.tracks["mesh"], visitor.sound, RATE, WHOLE)
    assert [w.start_ns for w in found] == [0, 2 * SECOND, 4 * SECOND, 6 * SECOND, 8 * SECOND]


def test_windows_when_no_face_is_seen_are_left_out(visitor: Visitor) -> None:
    track = visitor.tracks["mesh"]
    unseen = MouthTrack(track.times_ns, np.full(len(track.times_ns), np.nan))
    assert sync_windows(unseen, visitor.sound, RATE, WHOLE) == ()


def test_window_when_lips_move_outside_of_translated_speech_does_not_look_there(
    visitor: Visitor,
) -> None:
    track = visitor.tracks["mesh"]
    speech = [Span(0, 8 * SECOND)]
    outside = track.times_ns > 8.1 * SECOND
    restless = np.where(outside, track.opening + 0.1 * (np.arange(len(outside)) % 3), track.opening)
    calm, wild = (
        sync_windows(MouthTrack(track.times_ns, opening), visitor.sound, RATE, speech)[0]
        for opening in (track.opening, restless)
    )
    assert wild.r == pytest.approx(calm.r, abs=0.02)


def test_offset_when_nothing_is_seen_is_no_correlation() -> None:
    assert offset_between(np.full(1000, np.nan), np.zeros(1000)) == (None, 0.0)


def test_offset_when_the_mouth_never_moves_is_not_told() -> None:
    found = frozen()
    assert len(found.windows) == 11
    assert found.peaks == 0
    assert found.offset_ms(50) is None
    assert found.speech_r == 0


def test_offset_when_some_windows_have_no_peak_counts_the_others() -> None:
    windows = (SyncWindow(0, None, 0.0), SyncWindow(2 * SECOND, 40.0, 0.5))
    found = replace(frozen(), windows=windows)
    assert (found.offset_ms(50), found.peaks) == (40.0, 1)


def test_controls_when_the_mouth_never_moves_tell_nothing() -> None:
    found = frozen()

    def measure(*_: object) -> tuple[MouthFindings, ...]:
        return (found,)

    made = controls([found], noise(), RATE, measure, [found.track])
    assert [reading.told for one in made for reading in one.readings] == [None] * 4
    assert made[2].readings[0].closure_rate is None


@pytest.mark.parametrize(
    ("r", "closed", "told"),
    [(0.2, 20, True), (0.35, 11, True), (0.35, 18, False)],
    ids=["correlates less", "closes less", "does neither"],
)
def test_controls_when_lips_are_foreign_tell_them_by_either_figure(
    r: float, closed: int, told: object
) -> None:
    own = replace(frozen(), windows=(SyncWindow(0, 0.0, 0.5),), closure=Closure(20, 20, None))
    foreign = replace(own, windows=(SyncWindow(0, 0.0, r),), closure=Closure(20, closed, None))

    def measure(*_: object) -> tuple[MouthFindings, ...]:
        return (foreign,)

    untouched = controls([own], noise(), RATE, measure, [own.track])[-1]
    assert untouched.readings[0].told is told


def frozen() -> MouthFindings:
    """What an eye sees of a mouth that stays as it is while somebody speaks for 30 s."""
    times_ns = np.arange(0, 30 * SECOND, 40_000_000)
    track = MouthTrack(times_ns, np.full(len(times_ns), 0.1))
    found = sync_windows(track, noise(), RATE, [Span(0, 30 * SECOND)])
    return MouthFindings("mesh", track, found, Closure(4, 1, None))


def noise() -> NDArray[np.float32]:
    chance = np.random.default_rng(0)
    loud = np.repeat(chance.random(300), RATE // 10)
    return (chance.normal(0, 0.1, 30 * RATE) * loud).astype(np.float32)


def test_offset_when_sound_follows_the_mouth_is_positive() -> None:
    mouth = np.random.default_rng(0).standard_normal(1000)
    sound = np.roll(mouth, 5)
    offset_ms, r = offset_between(mouth, sound)
    assert offset_ms is not None
    assert offset_ms == pytest.approx(50, abs=1)
    assert r > 0.99


def test_loudness_when_a_tone_is_outside_the_speech_band_does_not_rise() -> None:
    time_s = np.arange(RATE) / RATE
    rumble = np.sin(2 * np.pi * 80 * time_s).astype(np.float32)
    voice = np.sin(2 * np.pi * 1000 * time_s).astype(np.float32)
    assert loudness(rumble, RATE)[20:80].max() < -1.5
    assert loudness(voice, RATE)[20:80].min() == pytest.approx(np.log10(np.sqrt(0.5)), abs=0.02)
