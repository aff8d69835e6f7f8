from edge_worker.atp.pauses import PauseTracker
from engines.vad import WINDOW


def _tracked(*windows: tuple[int, float]) -> PauseTracker:
    tracker = PauseTracker()
    for count, probability in windows:
        for _ in range(count):
            tracker.hear(probability)
    return tracker


def test_tracker_in_silence_has_no_talk() -> None:
    assert _tracked((50, 0.1)).talk is None


def test_tracker_when_voice_flickers_above_the_lower_threshold_sees_no_pause() -> None:
    tracker = _tracked((5, 0.9), (3, 0.4), (5, 0.9))
    assert tracker.talk is not None
    assert tracker.talk.pauses == []
    assert tracker.talk.voiced == 13 * WINDOW


def test_tracker_knows_where_a_pause_starts_and_ends() -> None:
    tracker = _tracked((2, 0.0), (5, 0.9), (4, 0.0), (3, 0.9))
    assert tracker.talk is not None
    pause = tracker.talk.pauses[0]
    assert (tracker.talk.start, pause.start, pause.end) == (2 * WINDOW, 7 * WINDOW, 11 * WINDOW)
    assert tracker.talk.pause is None
    assert tracker.talk.voiced == 8 * WINDOW


def test_cut_at_a_lasting_pause_leaves_silence() -> None:
    tracker = _tracked((5, 0.9), (4, 0.0))
    assert tracker.talk is not None
    assert tracker.talk.pause is not None
    tracker.cut(tracker.talk.pause)
    assert tracker.talk is None


def test_cut_at_an_earlier_pause_keeps_the_speech_after_it() -> None:
    tracker = _tracked((5, 0.9), (4, 0.0), (6, 0.9), (3, 0.0))
    assert tracker.talk is not None
    tracker.cut(tracker.talk.pauses[0])
    assert tracker.talk.start == 9 * WINDOW
    assert tracker.talk.voiced == 6 * WINDOW
    assert tracker.talk.pause is not None


def test_split_in_speech_goes_on_from_there() -> None:
    tracker = _tracked((20, 0.9))
    tracker.split(12 * WINDOW)
    assert tracker.talk is not None
    assert (tracker.talk.start, tracker.talk.voiced) == (12 * WINDOW, 8 * WINDOW)
    tracker.hear(0.0)
    assert tracker.talk.pause is not None
