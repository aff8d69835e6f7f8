"""What arrives on the out topic becomes a film, marked as made by AI."""

import subprocess
from pathlib import Path

import av
import pytest

from edge_worker.demo.judge import film
from edge_worker.egress.recorder import AI_COMMENT, Recorder, remux
from edge_worker.transport import Message

PIECE = 188 * 100


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
    times = [shot.time_ns for shot in film.pictures(out)]
    assert times[0] == 0
    assert len(times) == 100
    assert start_ns > 0
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
    assert next(film.pictures(out)).time_ns == 0


def test_remux_when_there_is_no_keyframe_says_so(tmp_path: Path) -> None:
    recording = tmp_path / "sound.ts"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", recording],
        check=True,
    )
    with pytest.raises(ValueError, match="no keyframe"):
        remux(recording, tmp_path / "x.mp4")
