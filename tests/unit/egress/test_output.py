"""The media rules of the output, read back from its own segments."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge_worker.egress import Mark, Output, OutputFormat, OutputSegment
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.mpegts import Demuxer
from edge_worker.media.nal import nal_units, read_sei
from edge_worker.media.timestamps import ticks_to_ns
from tests.unit.media.clips import ffmpeg_complaints, picture

RATE = 48_000
SECOND_NS = 1_000_000_000
START_NS = 100 * SECOND_NS
FRAME_NS = 40_000_000
MARK = Mark("box", "en")


def play(
    output: Output, seconds: float, start_ns: int = START_NS, *, size: tuple[int, int] = (320, 240)
) -> list[OutputSegment]:
    """Pictures and a tone as the renderer hands them over: sound in blocks, ahead of pictures."""
    segments: list[OutputSegment] = []
    blocks = pictures = 0
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(1024) / RATE).astype(np.float32)
    for tick in range(round(seconds * 100)):
        now_ns = tick * 10_000_000
        while (blocks + 1) * 1024 * SECOND_NS // RATE <= now_ns:
            segments += output.sound(tone, start_ns + blocks * 1024 * SECOND_NS // RATE)
            blocks += 1
        while pictures * FRAME_NS <= now_ns:
            planes = picture(pictures, *size)
            segments += output.picture(planes, start_ns + pictures * FRAME_NS)
            pictures += 1
    return segments


def units(segments: list[OutputSegment]) -> list[AccessUnit]:
    """Access units of the segments; the transport stream must be without a fault."""
    demuxer = Demuxer()
    read = [unit for one in segments for unit in demuxer.feed(one.media.data, whole=True)]
    assert demuxer.counters.lost == demuxer.counters.corrupt == 0
    return read


@pytest.fixture
def output() -> Output:
    return Output(OutputFormat(320, 240), MARK)


def test_segments_when_read_then_each_begins_with_pat_and_pmt_and_is_of_the_right_length(
    output: Output,
) -> None:
    segments = play(output, 5)
    for segment in segments:
        data = segment.media.data
        assert len(data) % 188 == 0
        pids = [int.from_bytes(data[at + 1 : at + 3]) & 0x1FFF for at in (0, 188)]
        assert pids == [0, 0x1000]
    lengths = [
        one.media.duration_ns / 1e6 for one, then in pairwise(segments) if not then.media.key
    ]
    assert min(lengths) >= 100
    assert max(s.media.duration_ns for s in segments) <= 200_000_000
    assert [s.media.seq for s in segments] == list(range(len(segments)))


def test_pictures_when_read_then_none_is_bidirectional_and_each_second_begins_with_a_keyframe(
    output: Output,
) -> None:
    pictures = [unit for unit in units(play(output, 4)) if unit.kind == "video"]
    assert [unit.pts for unit in pictures] == [unit.dts for unit in pictures]
    assert [n for n, unit in enumerate(pictures) if unit.key] == [0, 25, 50, 75]
    for unit in pictures:
        kinds = [unit.data[start] & 31 for _, start, _ in nal_units(unit.data)]
        assert unit.key == ({7, 8} <= set(kinds))
        if unit.key:
            assert kinds.index(7) < kinds.index(8) < kinds.index(5)


def test_sound_when_read_then_it_is_adts_aac_lc_of_48_khz_mono_without_a_gap(
    output: Output,
) -> None:
    sound = [unit for unit in units(play(output, 3)) if unit.kind == "audio"]
    for unit in sound:
        header = unit.data[:7]
        assert header[:2] == b"\xff\xf1"
        assert (header[2] >> 6, header[2] >> 2 & 15) == (1, 3)  # AAC-LC, 48 kHz
        assert (header[2] & 1) << 2 | header[3] >> 6 == 1  # one channel
        assert (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5 == len(unit.data)
    steps = np.diff([unit.pts for unit in sound])
    assert set(steps) == {1920}


def test_clock_when_read_then_a_reference_comes_at_least_every_100_ms(output: Output) -> None:
    stream = b"".join(segment.media.data for segment in play(output, 4))
    clocks = [
        int.from_bytes(stream[at + 6 : at + 11]) >> 7
        for at in range(0, len(stream), 188)
        if stream[at + 3] & 0x20 and stream[at + 4] and stream[at + 5] & 0x10
    ]
    steps = np.diff(clocks)
    assert steps.min() > 0
    assert steps.max() <= 9000


def test_output_when_a_strict_player_reads_it_then_it_has_nothing_to_say(
    output: Output, tmp_path: Path
) -> None:
    path = tmp_path / "out.ts"
    path.write_bytes(b"".join(segment.media.data for segment in play(output, 3)))
    assert not ffmpeg_complaints(path).strip()


def test_output_when_it_begins_then_the_first_message_begins_with_a_keyframe(
    output: Output,
) -> None:
    first = units(play(output, 0.5))[0]
    assert first.kind == "video"
    assert first.key


def test_output_when_pictures_never_come_then_sound_is_sent_after_half_a_second(
    output: Output,
) -> None:
    silence = np.zeros(1024, np.float32)
    sent: list[OutputSegment] = []
    for block in range(60):
        sent += output.sound(silence, START_NS + block * 1024 * SECOND_NS // RATE)
    assert {unit.kind for unit in units(sent)} == {"audio"}
    assert len(units(sent)) > 40


def test_restart_when_the_language_changes_then_a_fresh_reader_can_begin_there(
    output: Output,
) -> None:
    before = play(output, 1.5)
    before += output.restart(Mark("box", "pt"))
    output.disclosure.mark(START_NS, START_NS + 10 * SECOND_NS)
    at_ns = START_NS + round(1.52 * SECOND_NS)
    after = output.picture(picture(0), at_ns) + output.flush()
    assert after[0].media.seq == before[-1].media.seq + 1
    (unit,) = units(after)
    assert unit.key
    assert ticks_to_ns(unit.pts) == at_ns
    assert '"to":"pt"' in (read_sei(unit) or "")


def test_continued_when_the_picture_has_another_size_then_sound_numbers_and_marks_go_on(
    output: Output,
) -> None:
    output.disclosure.mark(START_NS, START_NS + SECOND_NS)
    before = play(output, 1) + output.flush()
    after_output = output.continued(OutputFormat(640, 480), MARK)
    resumed = START_NS + 47 * 1024 * SECOND_NS // RATE
    after = after_output.picture(picture(0, 640, 480), START_NS + SECOND_NS)
    for block in range(20):
        at_ns = resumed + block * 1024 * SECOND_NS // RATE
        after += after_output.sound(np.zeros(1024, np.float32), at_ns)
    after += after_output.flush()
    sound = [unit.pts for unit in units(before + after) if unit.kind == "audio"]
    assert np.all(np.diff(sound) > 0)
    assert after[0].media.seq == before[-1].media.seq + 1
    assert after[0].altered


def test_new_clock_when_timestamps_lie_back_then_the_output_begins_anew_unmarked(
    output: Output,
) -> None:
    output.disclosure.mark(START_NS, START_NS + SECOND_NS)
    before = play(output, 1) + output.flush()
    assert before[-1].altered
    anew = output.on_new_clock(MARK)
    after = play(anew, 1, START_NS)
    assert not any(segment.altered for segment in after)
    assert after[0].media.seq == before[-1].media.seq + 1
    assert units(after)[0].key
    units(before + after)


def test_marks_when_a_stretch_is_altered_then_message_picture_and_service_name_agree(
    output: Output,
) -> None:
    begin_ns, end_ns = START_NS + SECOND_NS, START_NS + SECOND_NS + 500_000_000
    output.disclosure.mark(begin_ns, end_ns)
    segments = play(output, 5)
    covered = (begin_ns, end_ns + 2 * SECOND_NS)
    for unit in units(segments):
        if unit.kind == "video":
            marked = read_sei(unit) is not None
            assert marked == (covered[0] <= ticks_to_ns(unit.pts) < covered[1])
    demuxer = Demuxer()
    wrong = 0
    for segment in segments:
        first_ns = segment.media.pts_ns
        last_ns = first_ns + segment.media.duration_ns
        assert segment.altered == (first_ns < covered[1] and last_ns > covered[0])
        demuxer.feed(segment.media.data, whole=True)
        wrong += (demuxer.service_name == "Polylip: AI-translated") != segment.altered
    assert wrong <= 2  # the name goes out with the message after each change
