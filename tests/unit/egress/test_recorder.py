"""What arrives on the out topic becomes a film, marked as made by AI."""

import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from edge_worker.captions import Caption, Captions
from edge_worker.egress.disclosure import Mark
from edge_worker.egress.output import Output, OutputFormat
from edge_worker.egress.recorder import AI_COMMENT, Recorder, film_start_ns, remux
from edge_worker.egress.runs import runs_of
from edge_worker.span import Span
from edge_worker.transport import Message
from edge_worker.verify import captions_of, film
from tests.unit.egress.conftest import sent

PIECE = 188 * 100
SECOND = 1_000_000_000


@pytest.fixture(scope="module")
def stream(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("ts") / "in.ts"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-t", "4", "-i", sample / "visitor.mp4", "-c", "copy", path],
        check=True,
    )
    return path.read_bytes()


def message(payload: bytes, pts_ns: int, received_ns: int) -> Message:
    properties = (("pts_ns", str(pts_ns)), ("ai_modified", "true"))
    return Message(
        "polylip/stream/door/out/en/av", payload, received_ns, user_properties=properties
    )


async def test_recorder_when_segments_arrive_writes_them_in_order(
    tmp_path: Path, stream: bytes
) -> None:
    with Recorder(tmp_path / "out.ts") as recorder:
        for number, start in enumerate(range(0, len(stream), PIECE)):
            await recorder.received(message(stream[start : start + PIECE], number * 100, number))
    assert (tmp_path / "out.ts").read_bytes() == stream
    assert recorder.segments[0].ai_modified is True
    assert sum(s.size for s in recorder.segments) == len(stream)


def test_remux_when_the_recording_is_whole_gives_a_marked_film(
    tmp_path: Path, stream: bytes
) -> None:
    recording, out = tmp_path / "r.ts", tmp_path / "r.mp4"
    recording.write_bytes(stream)
    start_ns = remux(recording, out)
    with av.open(str(out)) as container:
        assert container.metadata["comment"] == AI_COMMENT
        assert {s.type for s in container.streams} == {"video", "audio"}
    times = [shot.time_ns for shot in film.shots(out)]
    assert times[0] == 0
    assert len(times) == 100
    assert start_ns > 0
    assert film_start_ns(recording) == start_ns
    assert len(film.sound(out, 16_000)) == pytest.approx(4 * 16_000, abs=1600)


def test_remux_when_the_recording_begins_amid_a_gop_starts_at_the_next_keyframe(
    tmp_path: Path, stream: bytes
) -> None:
    whole, late, out = tmp_path / "w.ts", tmp_path / "l.ts", tmp_path / "l.mp4"
    whole.write_bytes(stream)
    late.write_bytes(stream[188 * (len(stream) // 188 // 6) :])
    from_ns = remux(whole, tmp_path / "w.mp4")
    start_ns = remux(late, out)
    assert start_ns - from_ns == pytest.approx(1_000_000_000, abs=1000)
    assert next(film.shots(out)).time_ns == 0


def test_remux_when_there_is_no_keyframe_says_so(tmp_path: Path, stream: bytes) -> None:
    recording = tmp_path / "middle.ts"
    at = 188 * (len(stream) // 188 // 6)
    recording.write_bytes(stream[: 188 * 3] + stream[at : at + 188 * 40])
    with pytest.raises(ValueError, match="no keyframe"):
        remux(recording, tmp_path / "x.mp4")
    with pytest.raises(ValueError, match="no keyframe"):
        film_start_ns(recording)


def test_remux_when_there_is_only_sound_begins_with_it(tmp_path: Path) -> None:
    recording, out = tmp_path / "sound.ts", tmp_path / "sound.mp4"
    recording.write_bytes(sent(10, size=None))
    assert remux(recording, out) == film_start_ns(recording)
    assert len(film.sound(out, 16_000)) == pytest.approx(2 * 16_000, abs=1600)


@pytest.mark.parametrize("then_s", [4, 9, 40])
def test_remux_when_the_clock_leaps_goes_on_after_the_last_picture(
    tmp_path: Path, then_s: int
) -> None:
    recording, out = tmp_path / "r.ts", tmp_path / "r.mp4"
    recording.write_bytes(sent(10) + sent(then_s))
    remux(recording, out)
    times = np.array([time_ns for time_ns, _ in film.frames(out)])
    assert len(times) == 100
    assert np.diff(times).max() < 100_000_000
    assert len(film.sound(out, 16_000)) == pytest.approx(4 * 16_000, abs=2400)


def test_remux_when_a_few_seconds_are_missing_leaves_the_hole(tmp_path: Path) -> None:
    recording, out = tmp_path / "r.ts", tmp_path / "r.mp4"
    recording.write_bytes(sent(10) + sent(15))
    remux(recording, out)
    times = [time_ns for time_ns, _ in film.frames(out)]
    assert times[50] - times[49] == pytest.approx(3 * SECOND, abs=100_000_000)
    sound = film.sound(out, 16_000)
    assert len(sound) == pytest.approx(7 * 16_000, abs=1600)
    assert not sound[36_000:76_000].any()
    assert sound[84_000:108_000].mean() > 0.05


def test_remux_when_the_pictures_change_size_makes_a_film_of_each(tmp_path: Path) -> None:
    recording = tmp_path / "r.ts"
    recording.write_bytes(sent(10) + sent(12, size=(128, 96)))
    assert {run.film for run in runs_of(recording)} == {0, 1}
    for number, size in enumerate([(64, 48), (128, 96)]):
        out = tmp_path / f"{number}.mp4"
        remux(recording, out, number=number)
        frames = list(film.frames(out))
        assert len(frames) == 50
        assert {(frame.width, frame.height) for _, frame in frames} == {size}


def test_remux_when_given_captions_carries_them_and_the_marks_of_the_pictures(
    tmp_path: Path,
) -> None:
    output = Output(OutputFormat(64, 48), Mark("w", "en"))
    output.disclosure.mark(SECOND + 400_000_000, SECOND + 600_000_000)
    grey = np.full((72, 64), 128, np.uint8)
    segments = []
    for number in range(25):
        at_ns = SECOND + number * 40_000_000
        segments += output.picture(grey, at_ns, lips=10 <= number < 15)
        segments += output.sound(
            np.zeros(1024, np.float32), SECOND + number * 1024 * SECOND // 48_000
        )
    recording, out = tmp_path / "r.ts", tmp_path / "r.mp4"
    recording.write_bytes(b"".join(one.media.data for one in [*segments, *output.flush()]))
    said = Span(0, 300_000_000)
    captions = Captions("pt", "en", (Caption("ol\u00e1", "hello", said, said),))
    remux(recording, out, captions=captions)
    copy = tmp_path / "copy.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", out, "-map", "0", "-c", "copy", copy], check=True
    )
    for path in (out, copy):
        lips = [shot.lips for shot in film.shots(path)]
        assert lips == [None] * 10 + [True] * 5 + [False] * 10
        assert captions_of(path) == captions
