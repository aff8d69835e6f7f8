import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_worker.ingest import (
    MAX_MESSAGE_BYTES,
    NOTHING_STATED,
    Ingest,
    IngestProperties,
    IngestResult,
)
from edge_worker.items import AudioBlock, VideoFrame
from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.clock import ClockAnchor
from edge_worker.media.encode import VideoEncoder
from edge_worker.media.mpegts import Muxer
from edge_worker.media.segments import MediaSegment
from edge_worker.media.timestamps import WRAP, ticks_to_ns
from tests.unit.media.clips import SECOND_NS, START_NS, ffmpeg_clip, own_units, picture, segments_of

UTC_NS = 1_790_000_000 * SECOND_NS
UNITS = own_units(4.0)
SEGMENTS = segments_of(UNITS)
PICTURES = [ticks_to_ns(unit.pts) for unit in UNITS if unit.kind == "video"]

KEYS = [ticks_to_ns(unit.pts) for unit in UNITS if unit.kind == "video" and unit.key]


class Run:
    """What an ingest gave for a series of messages."""

    def __init__(self, ingest: Ingest | None = None) -> None:
        self.ingest = ingest or Ingest("door")
        self.frames: list[VideoFrame] = []
        self.blocks: list[AudioBlock] = []
        self.notes: list[str] = []
        self._fed = 0

    def take(self, result: IngestResult) -> IngestResult:
        self.frames += result.frames
        self.blocks += result.blocks
        self.notes += [note.kind for note in result.notes]
        return result

    def feed(
        self, payload: bytes, stated: IngestProperties = NOTHING_STATED, *, after_ns: int = -1
    ) -> IngestResult:
        self._fed += 120_000_000 if after_ns < 0 else after_ns
        arrival_ns = UTC_NS + self._fed
        return self.take(self.ingest.feed(payload, arrival_ns=arrival_ns, properties=stated))

    def numbered(self, segments: list[MediaSegment], epoch: str | None = None) -> "Run":
        for segment in segments:
            self.feed(segment.data, IngestProperties(seq=segment.seq, epoch=epoch))
        return self

    def finish(self) -> "Run":
        self.take(self.ingest.flush())
        return self

    @property
    def stamps(self) -> list[int]:
        return [frame.pts_ns for frame in self.frames]


def moved(units: list[AccessUnit], ticks: int) -> list[AccessUnit]:
    return [replace(u, pts=u.pts + ticks, dts=u.dts + ticks) for u in units]


def test_feed_when_all_is_well_then_every_picture_and_sample_comes_out() -> None:
    run = Run().numbered(SEGMENTS, "e1").finish()
    assert run.stamps == PICTURES
    assert {frame.epoch for frame in run.frames} == {block.epoch for block in run.blocks} == {"e1"}
    assert all(
        abs(a.end_ns - b.pts_ns) <= 1 for a, b in zip(run.blocks, run.blocks[1:], strict=False)
    )
    assert run.notes == []
    counters = run.ingest.counters
    assert (counters.messages, counters.epochs, counters.corrupt) == (len(SEGMENTS), 1, 0)
    assert run.ingest.service_name == "Polylip"


def test_feed_when_a_message_is_numbered_then_nothing_waits_for_the_next() -> None:
    run = Run()
    for segment in SEGMENTS:
        result = run.feed(segment.data, IngestProperties(seq=segment.seq))
        assert len(result.frames) + len(result.blocks) >= len(result.access_units) >= 1


@pytest.mark.parametrize("size", [188 * 7, 1000, 30_000])
def test_feed_when_ffmpeg_sends_b_frames_without_properties_then_all_is_read(
    size: int, tmp_path: Path
) -> None:
    data = ffmpeg_clip(
        tmp_path / "clip.ts",
        *("-f", "lavfi", "-i", "testsrc2=s=320x240:r=30000/1001"),
        *("-f", "lavfi", "-i", "sine=440:r=16000", "-t", "3"),
        *("-c:v", "libx264", "-bf", "2", "-c:a", "aac"),
    )
    run = Run()
    for at in range(0, len(data), size):
        run.feed(data[at : at + size])
    run.finish()
    assert len(run.frames) == 90
    steps = np.diff(run.stamps)
    assert np.abs(steps - 1001 / 30 * 1e6).max() < 12_000
    assert sum(len(block.samples) for block in run.blocks) >= 3 * 16_000
    assert run.notes == []


@pytest.mark.parametrize("numbered", [True, False])
def test_feed_when_messages_are_repeated_then_each_counts_once(numbered: bool) -> None:  # noqa: FBT001 - a table's column
    run = Run()
    for segment in SEGMENTS:
        stated = IngestProperties(seq=segment.seq if numbered else None)
        run.feed(segment.data, stated)
        run.feed(segment.data, stated)
    assert run.finish().stamps == PICTURES
    assert run.ingest.counters.duplicate_messages == len(SEGMENTS)


def test_feed_when_messages_are_swapped_then_they_are_put_right() -> None:
    swapped = SEGMENTS.copy()
    for at in range(3, len(swapped) - 1, 4):
        swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    run = Run()
    for segment in swapped:
        run.feed(segment.data, IngestProperties(seq=segment.seq), after_ns=20_000_000)
    assert run.finish().stamps == PICTURES
    assert not any(frame.degraded for frame in run.frames)
    assert run.ingest.counters.lost_messages == 0


@pytest.mark.parametrize("numbered", [True, False])
def test_feed_when_a_message_is_lost_then_pictures_are_degraded_until_the_keyframe(
    numbered: bool,  # noqa: FBT001 - a table's column
) -> None:
    at = next(n for n, s in enumerate(SEGMENTS) if s.key and n) + 2
    run = Run()
    for segment in SEGMENTS[:at] + SEGMENTS[at + 1 :]:
        run.feed(segment.data, IngestProperties(seq=segment.seq if numbered else None))
    run.finish()
    degraded = [frame.pts_ns for frame in run.frames if frame.degraded]
    next_key = next(k for k in KEYS if k > SEGMENTS[at].pts_ns + SECOND_NS // 8)
    assert degraded
    assert SEGMENTS[at].pts_ns <= min(degraded)
    assert max(degraded) < next_key
    assert run.notes == ["lost"]
    assert run.ingest.counters.lost_messages == (1 if numbered else 0)
    assert run.ingest.counters.degraded_frames == len(degraded)


def test_poll_when_a_missing_message_never_comes_then_the_next_ones_are_released() -> None:
    run = Run().numbered(SEGMENTS[:3])
    shown = len(run.frames)
    run.feed(SEGMENTS[4].data, IngestProperties(seq=SEGMENTS[4].seq))
    assert len(run.frames) == shown
    run.take(run.ingest.poll(UTC_NS + 4 * 120_000_000 + 100_000_000))
    assert len(run.frames) > shown


def test_feed_when_the_sender_starts_anew_then_its_epoch_begins_with_fresh_decoders() -> None:
    run = Run().numbered(SEGMENTS[:10], "e1").numbered(SEGMENTS, "e2").finish()
    second = [frame for frame in run.frames if frame.epoch == "e2"]
    assert [frame.pts_ns for frame in second] == PICTURES
    assert not any(frame.degraded for frame in second)
    assert run.notes == ["epoch"]
    assert run.ingest.counters.epochs == 2


def test_feed_when_a_message_of_an_epoch_that_is_over_comes_then_it_is_refused() -> None:
    run = Run().numbered(SEGMENTS[:10], "e1").numbered(SEGMENTS[:10], "e2")
    run.feed(SEGMENTS[10].data, IngestProperties(seq=10, epoch="e1"))
    assert run.ingest.epoch == "e2"
    assert run.ingest.counters.refused == 1


def test_feed_when_two_cameras_send_one_stream_then_it_is_said_once_and_the_newest_is_shown() -> (
    None
):
    run = Run().numbered(SEGMENTS[:4], "e1")
    for old, new in zip(SEGMENTS[4:], SEGMENTS, strict=False):
        run.numbered([new], "e2").numbered([old], "e1")
    assert run.ingest.epoch == "e2"
    assert run.notes == ["epoch", "rival"]


def test_feed_when_the_newest_of_two_cameras_stops_then_the_other_is_shown_again() -> None:
    run = Run().numbered(SEGMENTS[:10], "e1").numbered(SEGMENTS[:10], "e2")
    run.feed(SEGMENTS[10].data, IngestProperties(seq=10, epoch="e1"))
    run.feed(SEGMENTS[11].data, IngestProperties(seq=11, epoch="e1"), after_ns=5 * SECOND_NS)
    assert run.ingest.epoch == "e1"
    run.numbered(SEGMENTS[12:], "e1")
    assert [frame.epoch for frame in run.frames][-1] == "e1"
    run.feed(SEGMENTS[10].data, IngestProperties(seq=10, epoch="e2"))
    assert run.ingest.epoch == "e1"


@pytest.mark.parametrize("leap", [-500 * 90_000, 5000 * 90_000])
def test_feed_when_timestamps_leap_and_no_epoch_is_stated_then_a_local_one_begins(
    leap: int,
) -> None:
    names = iter(["first", "second"])
    run = Run(Ingest("door", new_epoch=lambda: next(names)))
    for segment in SEGMENTS + segments_of(moved(UNITS, leap)):
        run.feed(segment.data)
    run.finish()
    assert [f.pts_ns for f in run.frames if f.epoch == "first"] == PICTURES
    second = [f.pts_ns for f in run.frames if f.epoch == "second"]
    assert second == [ticks_to_ns(u.pts + leap) for u in UNITS if u.kind == "video"]
    assert "epoch" in run.notes


def test_feed_when_the_camera_was_away_for_a_minute_then_the_epoch_goes_on() -> None:
    run = Run()
    for segment in SEGMENTS:
        run.feed(segment.data)
    epoch = run.ingest.epoch
    later = segments_of(moved(UNITS, 60 * 90_000))
    run.feed(later[0].data, after_ns=60 * SECOND_NS)
    for segment in later[1:]:
        run.feed(segment.data)
    assert run.ingest.epoch == epoch
    assert run.ingest.counters.epochs == 1


def test_feed_when_one_timestamp_is_damaged_then_it_is_left_out_and_the_epoch_goes_on() -> None:
    units = [replace(u, pts=u.pts + (1 << 31), dts=u.dts + (1 << 31)) if n == 100 else u
             for n, u in enumerate(UNITS)]  # fmt: skip
    muxer, run = Muxer(), Run()
    for unit in units:
        muxer.add(unit)
        run.feed(muxer.cut())
    assert run.ingest.counters.epochs == 1
    assert run.ingest.counters.corrupt == 1
    assert len(run.finish().frames) >= len(PICTURES) - 1


def test_feed_when_the_clock_wraps_then_media_time_goes_on() -> None:
    units = moved(UNITS, WRAP - UNITS[100].pts)
    run = Run()
    for segment in segments_of(units):
        run.feed(segment.data)
    assert run.finish().stamps == [ticks_to_ns(u.pts) for u in units if u.kind == "video"]
    assert run.ingest.counters.epochs == 1


def test_feed_when_joining_after_a_wrap_then_the_stated_time_is_the_one_that_counts() -> None:
    segments = segments_of(moved(UNITS, 2 * WRAP))
    run = Run()
    for segment in segments:
        run.feed(segment.data, IngestProperties(segment.seq, "e1", segment.pts_ns))
    assert run.stamps == [ticks_to_ns(u.pts + 2 * WRAP) for u in UNITS if u.kind == "video"]


def test_feed_when_stated_times_are_absurd_then_they_are_ignored() -> None:
    run = Run()
    for segment in SEGMENTS:
        run.feed(segment.data, IngestProperties(segment.seq, "e1", 10**40))
    assert run.stamps == PICTURES


def test_feed_when_there_is_only_sound_or_only_pictures_then_the_other_is_empty() -> None:
    for kind, muxer in (("audio", Muxer(video=None)), ("video", Muxer(audio=None))):
        run = Run().numbered(segments_of([u for u in UNITS if u.kind == kind], muxer)).finish()
        assert bool(run.frames) == (kind == "video")
        assert bool(run.blocks) == (kind == "audio")
        assert run.notes == []


def test_feed_when_size_and_rate_change_then_frames_and_blocks_follow(tmp_path: Path) -> None:
    run = Run()
    for number, (size, rate) in enumerate((("320x240", 16_000), ("640x360", 44_100))):
        data = ffmpeg_clip(
            tmp_path / "clip.ts",
            *("-f", "lavfi", "-i", f"testsrc2=s={size}:r=15"),
            *("-f", "lavfi", "-i", f"sine=440:r={rate}", "-t", "1"),
            *("-c:v", "libx264", "-c:a", "aac", "-output_ts_offset", str(number)),
        )
        for at in range(0, len(data), 1316):
            run.feed(data[at : at + 1316])
    run.finish()
    assert {frame.planes.shape for frame in run.frames} == {(360, 320), (540, 640)}
    assert {block.sample_rate for block in run.blocks} == {16_000, 44_100}
    assert len(run.frames) >= 28


def test_feed_when_a_message_is_no_media_then_it_is_said_once_and_again_after_recovery() -> None:
    run = Run()
    for _ in range(3):
        run.feed(np.random.default_rng(run._fed).bytes(500).replace(b"G", b"g"))
    run.numbered(SEGMENTS)
    run.feed(b'{"hello": 1}' * 40)
    assert run.notes == ["not_mpegts", "not_mpegts"]
    result = Ingest("door").feed(b'{"hello": 1}' * 40, arrival_ns=UTC_NS)
    assert result.notes[0].text.startswith("door: the message is not MPEG-TS (it begins with 7b 22")


def test_feed_when_a_message_is_too_large_then_it_is_refused_with_its_size() -> None:
    run = Run()
    result = run.feed(bytes(MAX_MESSAGE_BYTES + 1))
    assert [note.kind for note in result.notes] == ["oversized"]
    assert "1048577 bytes" in result.notes[0].text
    assert run.ingest.counters.refused == 1


def test_feed_when_a_small_message_holds_many_pictures_then_memory_is_bounded_and_it_is_said() -> (
    None
):
    muxer = Muxer()
    encoder = VideoEncoder(320, 240, bit_rate=100_000)
    for number in range(200):
        for unit in encoder.encode(picture(0), START_NS + number * 1_000_000):
            muxer.add(unit)
    run = Run()
    run.feed(muxer.cut(), IngestProperties(seq=0, epoch="e1"))
    assert 0 < len(run.frames) <= 64
    assert run.notes == ["oversized"]
    run.numbered([replace(one, seq=one.seq + 1) for one in segments_of(UNITS)], "e1")
    assert [frame.pts_ns for frame in run.frames if not frame.degraded][-1] == PICTURES[-1]


def test_feed_when_a_track_cannot_be_read_then_the_note_names_what_can(tmp_path: Path) -> None:
    source = ("-f", "lavfi", "-i", "sine=440", "-t", "1", "-c:a", "ac3")
    run = Run()
    result = run.feed(ffmpeg_clip(tmp_path / "ac3.ts", *source))
    assert [note.kind for note in result.notes] == ["unsupported"]
    assert "0x81" in result.notes[0].text


@pytest.mark.parametrize("seed", range(8))
def test_feed_when_messages_are_damaged_then_nothing_raises_and_it_recovers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    run = Run()
    healthy_from = len(SEGMENTS) - 12
    for segment in SEGMENTS[:healthy_from]:
        data = bytearray(segment.data)
        for _ in range(rng.integers(12)):
            data[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        del data[rng.integers(len(data) // 2, len(data)) :]
        run.feed(bytes(data), IngestProperties(seq=segment.seq, epoch="e1"))
    run.numbered(SEGMENTS[healthy_from:], "e1").finish()
    assert run.frames[-1].pts_ns == PICTURES[-1]
    assert not run.frames[-1].degraded
    assert run.blocks[-1].epoch == "e1"
    assert len(run.notes) < 10


def test_clock_when_messages_arrive_then_media_time_is_placed_on_utc() -> None:
    run = Run().numbered(SEGMENTS, "e1")
    arrived = run.ingest.clock.utc_of(PICTURES[-1])
    assert abs(arrived - UTC_NS - len(SEGMENTS) * 120_000_000) < SECOND_NS
    assert run.ingest.jitter.delay_ns >= 120_000_000


def test_clock_when_an_anchor_of_the_next_epoch_is_known_then_it_counts_with_that_epoch() -> None:
    run = Run().numbered(SEGMENTS[:5], "e1")
    run.ingest.clock.anchor(ClockAnchor("e2", START_NS, UTC_NS, "ntp"))
    run.numbered(SEGMENTS[:2], "e2")
    assert run.ingest.clock.utc_of(START_NS) == UTC_NS


@pytest.mark.long
def test_feed_when_a_camera_of_640x480_plays_then_its_cost_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=s=640x480:r=25", "-f", "lavfi", "-i", "sine=440")
    codecs = ("-c:v", "libx264", "-b:v", "1M", "-g", "50", "-bf", "0", "-c:a", "aac")
    data = ffmpeg_clip(tmp_path / "clip.ts", *source, "-t", "20", *codecs)
    run = Run()
    began = time.process_time()
    for at in range(0, len(data), 100 * 188):
        run.feed(data[at : at + 100 * 188])
    cost = (time.process_time() - began) / 20 * 1000
    with capsys.disabled():
        print(f"demux and decode: {cost:.1f} ms of CPU per second of 640x480@25")  # noqa: T201 - a measurement
    assert len(run.finish().frames) == 500
