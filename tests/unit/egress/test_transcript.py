"""What a recording notes of the words becomes captions on the film's clock."""

from edge_worker.captions import Caption
from edge_worker.egress.runs import Run
from edge_worker.egress.transcript import Transcript
from edge_worker.span import Span
from edge_worker.transport import Message
from mqtt_schemas import (
    ClockAnchor,
    ClockSource,
    Topics,
    UtteranceMessage,
    UtteranceStage,
    Verdict,
    encode,
)

TOPICS = Topics()
SECOND = 1_000_000_000
UTC = 1_000 * SECOND
DELAY = SECOND // 2
FILM_START = 12 * SECOND
FILM = (Run.from_start(FILM_START),)


def utterance(start_s: float, **settled: object) -> UtteranceMessage:
    fields: dict[str, object] = {
        "stream": "door",
        "utterance": f"u{start_s:.0f}",
        "epoch": "e" * 8,
        "stage": UtteranceStage.SPOKEN,
        "start_ns": round(start_s * SECOND),
        "end_ns": round((start_s + 1) * SECOND),
        "source_language": "pt",
        "source_text": "ol\u00e1",
        "target_language": "en",
        "target_text": "hello",
        **settled,
    }
    return UtteranceMessage(**fields)  # type: ignore[arg-type]  # fields of several types


def heard(*messages: UtteranceMessage) -> Transcript:
    """A transcript of a stream whose media time 0 was captured at ``UTC``, played 0.5 s later."""
    transcript = Transcript()
    anchor = ClockAnchor(stream="door", epoch="e" * 8, pts_ns=0, utc_ns=UTC, source=ClockSource.NTP)
    transcript.said(TOPICS, Message(TOPICS.stream_clock("door"), encode(anchor), 0))
    for message in messages:
        transcript.said(TOPICS, Message(TOPICS.utterance("door"), encode(message), 0))
    for second in range(60):
        properties = (
            ("pts_ns", str(second * SECOND + DELAY)),
            ("capture_ns", str(UTC + second * SECOND)),
        )
        topic = TOPICS.out_av("door", "en")
        transcript.segment(Message(topic, b"", 0, user_properties=properties))
    return transcript


def test_captions_when_spoken_lie_where_they_are_seen_and_heard() -> None:
    spoken = utterance(20, placed_start_ns=22 * SECOND, placed_end_ns=24 * SECOND)
    captions = heard(spoken).captions(FILM, "en")
    assert (captions.source_language, captions.target_language) == ("pt", "en")
    shift = DELAY - FILM_START
    assert captions.entries == (
        Caption(
            "ol\u00e1",
            "hello",
            Span(20 * SECOND, 21 * SECOND).shifted(shift),
            Span(22 * SECOND, 24 * SECOND).shifted(shift),
        ),
    )


def test_captions_when_a_voice_is_off_camera_or_not_spoken_say_so() -> None:
    unseen = utterance(20, placed_start_ns=22 * SECOND, placed_end_ns=24 * SECOND, off_camera=True)
    unsure = utterance(30, stage=UtteranceStage.FINAL, verdict=Verdict.UNSURE, reason="too quiet")
    first, second = heard(unseen, unsure).captions(FILM, "en").entries
    assert first.off_camera
    assert (second.spoken, second.reason) == (None, "too quiet")


def test_captions_when_outside_of_the_film_or_still_partial_are_left_out() -> None:
    before = utterance(3)
    after = utterance(58.5, placed_start_ns=59 * SECOND, placed_end_ns=62 * SECOND)
    partial = utterance(30, stage=UtteranceStage.PARTIAL)
    assert heard(before, after, partial).captions(FILM, "en").entries == ()


def test_captions_when_nothing_was_heard_are_none() -> None:
    assert Transcript().captions(FILM, "en").entries == ()


def test_captions_when_the_camera_starts_again_are_placed_by_the_clock_of_their_epoch() -> None:
    transcript = heard(utterance(20, placed_start_ns=22 * SECOND, placed_end_ns=24 * SECOND))
    again = ClockAnchor(
        stream="door", epoch="f" * 8, pts_ns=0, utc_ns=UTC + 70 * SECOND, source=ClockSource.NTP
    )
    transcript.said(TOPICS, Message(TOPICS.stream_clock("door"), encode(again), 0))
    for number in range(30):
        properties = (
            ("pts_ns", str((number + 2) * SECOND)),
            ("capture_ns", str(UTC + (70 + number) * SECOND)),
            ("epoch", "f" * 8),
        )
        topic = TOPICS.out_av("door", "en")
        transcript.segment(Message(topic, b"", 0, user_properties=properties))
    later = utterance(19, utterance="again", epoch="f" * 8)
    transcript.said(TOPICS, Message(TOPICS.utterance("door"), encode(later), 0))
    first = Run(0, Span(FILM_START, 60 * SECOND), 0)
    second = Run(0, Span(2 * SECOND, 33 * SECOND), first.output.duration_ns)
    old, new = transcript.captions((first, second), "en").entries
    assert old.spoken == Span(22 * SECOND, 24 * SECOND).shifted(DELAY - FILM_START)
    assert new.source == Span(19 * SECOND, 20 * SECOND).shifted(first.output.duration_ns)
    assert transcript.delay_ns(9 * SECOND, "e" * 8) == DELAY
    assert transcript.delay_ns(9 * SECOND, "f" * 8) == 2 * SECOND


def test_captions_when_the_pictures_change_size_belong_to_the_film_that_shows_them() -> None:
    transcript = heard(utterance(20), utterance(40))
    runs = (
        Run(0, Span(FILM_START, 30 * SECOND), 0),
        Run(1, Span(30 * SECOND, 60 * SECOND), 0),
    )
    for film, start_s in ((0, 20), (1, 40)):
        (only,) = transcript.captions(runs, "en", film).entries
        start_ns = start_s * SECOND + DELAY - runs[film].output.start_ns
        assert only.source == Span(start_ns, start_ns + SECOND)
