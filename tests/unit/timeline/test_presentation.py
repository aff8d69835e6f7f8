import numpy as np

from edge_worker.items import AudioBlock, VideoFrame
from edge_worker.rvp.tracker import TrackedFrame
from edge_worker.timeline import PlayoutClock, Timeline
from edge_worker.timeline.presentation import Presentation
from tests.unit.timeline.speech import RATE, SECOND_NS, cut_to_speed, synced

FRAME_NS = 40_000_000
PLANES = np.zeros((24, 16), np.uint8)


def frame(number: int) -> TrackedFrame:
    return TrackedFrame(VideoFrame("e", number * FRAME_NS, PLANES), ())


def make(delay_ns: int = SECOND_NS) -> tuple[Presentation, Timeline, PlayoutClock]:
    timeline = Timeline(cut_to_speed)
    clock = PlayoutClock(delay_ns)
    return Presentation(timeline, clock, RATE), timeline, clock


def test_pictures_come_out_once_their_delay_is_over_with_their_stamp_moved_by_it() -> None:
    presentation, _, _ = make()
    for number in range(50):
        presentation.show(frame(number))
    jobs = presentation.pictures(SECOND_NS + 3 * FRAME_NS)
    assert [job.output_ns for job in jobs] == [SECOND_NS + n * FRAME_NS for n in range(4)]
    assert not presentation.pictures(SECOND_NS + 3 * FRAME_NS)


def test_longer_delay_holds_the_last_picture_and_never_breaks_the_output_clock() -> None:
    presentation, _, clock = make()
    for number in range(200):
        presentation.show(frame(number))
    stamps: list[int] = []
    repeated = 0
    for step in range(100):
        if step == 30:
            clock.set_delay(2 * SECOND_NS)
        jobs = presentation.pictures(SECOND_NS + step * FRAME_NS)
        stamps += [job.output_ns for job in jobs]
        repeated += sum(job.repeated for job in jobs)
    steps = np.diff(stamps)
    assert steps.min() > 0
    assert steps.max() <= 2 * FRAME_NS
    assert repeated in range(23, 26)


def test_shorter_delay_skips_pictures_and_counts_them() -> None:
    presentation, _, clock = make(2 * SECOND_NS)
    for number in range(100):
        presentation.show(frame(number))
    presentation.pictures(3 * SECOND_NS)
    clock.set_delay(SECOND_NS)
    jobs = presentation.pictures(3 * SECOND_NS + FRAME_NS)
    assert [job.tracked.frame.pts_ns for job in jobs] == [2 * SECOND_NS + FRAME_NS]
    assert presentation.frames_skipped == 25


def test_sound_is_continuous_on_the_output_clock_and_the_originals_own() -> None:
    presentation, _, _ = make()
    ramp = np.arange(RATE * 2, dtype=np.float32)
    presentation.hear(AudioBlock("e", 0, RATE, ramp))
    presentation.sounds(SECOND_NS)
    jobs = presentation.sounds(2 * SECOND_NS)
    heard = np.concatenate([job.original for job in jobs])
    np.testing.assert_array_equal(heard, ramp[: len(heard)])
    assert np.all(np.diff([job.output_ns for job in jobs]) - 1024 * SECOND_NS // RATE <= 1)


def test_longer_delay_is_taken_up_with_silence() -> None:
    presentation, _, clock = make()
    presentation.hear(AudioBlock("e", 0, RATE, np.ones(RATE * 4, np.float32)))
    presentation.sounds(SECOND_NS)
    presentation.sounds(2 * SECOND_NS)
    clock.set_delay(2 * SECOND_NS)
    held = np.concatenate([job.original for job in presentation.sounds(3 * SECOND_NS)])
    assert not held[:-1024].any()  # the last block reaches beyond the hold
    after = np.concatenate([job.original for job in presentation.sounds(4 * SECOND_NS)])
    assert after[2048:].all()


def test_picture_is_given_the_speech_that_sounds_at_it() -> None:
    presentation, timeline, _ = make(0)
    timeline.add(synced(0, 1, 1.0))
    speech = timeline.advance(0, 0).placed[0]
    for number in range(50):
        presentation.show(frame(number))
    jobs = presentation.pictures(2 * SECOND_NS)
    sounding = [job for job in jobs if speech.start_ns <= job.tracked.frame.pts_ns < speech.end_ns]
    assert len(sounding) == 25
    assert all(job.speech is speech for job in sounding)
    assert jobs[-1].speech is None


def test_new_epoch_forgets_the_sources_past() -> None:
    presentation, _, _ = make()
    presentation.show(frame(0))
    presentation.restart()
    assert not presentation.pictures(10 * SECOND_NS)


def test_source_that_ended_is_over_two_seconds_later_and_rests_without_a_burst() -> None:
    presentation, _, _ = make(0)
    presentation.hear(AudioBlock("e", 0, RATE, np.ones(RATE, np.float32)))
    presentation.sounds(SECOND_NS)
    assert not presentation.over(2_900_000_000)
    assert presentation.over(3_100_000_000)
    presentation.rest()
    presentation.hear(AudioBlock("e", 9 * SECOND_NS, RATE, np.ones(RATE, np.float32)))
    assert not presentation.over(9 * SECOND_NS)
    assert not presentation.sounds(9 * SECOND_NS)
    assert len(presentation.sounds(10 * SECOND_NS)) == RATE // 1024


def test_pictures_when_they_fill_the_memory_then_the_oldest_are_given_up_and_counted() -> None:
    timeline, clock = Timeline(cut_to_speed), PlayoutClock(SECOND_NS)
    presentation = Presentation(timeline, clock, RATE, most_bytes=10 * PLANES.nbytes)
    for number in range(25):
        presentation.show(frame(number))
    assert presentation.frames_skipped == 15
    jobs = presentation.pictures(3 * SECOND_NS)
    assert [job.tracked.frame.pts_ns for job in jobs] == [n * FRAME_NS for n in range(15, 25)]
    for number in range(25, 35):
        presentation.show(frame(number))
    assert presentation.frames_skipped == 15


def test_new_epoch_after_a_long_one_is_heard_at_once() -> None:
    presentation, _, _ = make()
    presentation.hear(AudioBlock("e", 3600 * SECOND_NS, RATE, np.ones(RATE, np.float32)))
    presentation.sounds(3601 * SECOND_NS)
    presentation.sounds(3602 * SECOND_NS)
    presentation.restart()
    presentation.hear(AudioBlock("f", 0, RATE, np.ones(RATE, np.float32)))
    presentation.sounds(SECOND_NS)
    assert np.concatenate([job.original for job in presentation.sounds(2 * SECOND_NS)]).all()


def test_pictures_when_the_output_begins_late_then_those_of_the_past_only_serve_to_decode() -> None:
    presentation, _, _ = make()
    presentation.show(frame(0))
    presentation.begin(SECOND_NS + 10 * FRAME_NS)
    for number in range(1, 50):
        presentation.show(frame(number))
    jobs = presentation.pictures(SECOND_NS + 12 * FRAME_NS)
    assert [job.tracked.frame.pts_ns for job in jobs] == [n * FRAME_NS for n in (10, 11, 12)]
    assert presentation.frames_skipped == 0
