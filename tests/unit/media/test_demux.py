from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.mpegts import Demuxer, Muxer
from edge_worker.media.mpegts.packet import PACKET_SIZE
from edge_worker.media.segments import MediaSegment
from edge_worker.media.timestamps import WRAP
from tests.unit.media.clips import ffmpeg_clip, ffprobe_packets, own_units, segments_of

UNITS = own_units(2.0)
SEGMENTS = segments_of(UNITS)
STREAM = b"".join(segment.data for segment in SEGMENTS)
EXPECTED = sorted((unit.kind, unit.pts) for unit in UNITS)


def read(demuxer: Demuxer, messages: list[bytes], *, whole: bool = False) -> list[AccessUnit]:
    return [unit for message in messages for unit in demuxer.feed(message, whole=whole)]


def stamps(units: list[AccessUnit]) -> list[tuple[str, int]]:
    return sorted((unit.kind, unit.pts) for unit in units)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """B-frames, stereo 44.1 kHz AAC, several audio frames in each PES packet."""
    path = tmp_path_factory.mktemp("foreign") / "clip.ts"
    data = ffmpeg_clip(
        path,
        *("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25"),
        *("-f", "lavfi", "-i", "sine=440:r=44100", "-t", "3"),
        *("-c:v", "libx264", "-bf", "3", "-g", "50", "-c:a", "aac", "-ac", "2"),
        *("-metadata", "service_name=Back yard"),
    )
    return path, data


def test_feed_when_a_message_is_ours_then_nothing_waits_for_the_next() -> None:
    demuxer = Demuxer()
    for segment in SEGMENTS:
        units = demuxer.feed(segment.data, whole=True)
        assert min(unit.pts for unit in units) * 100_000 // 9 == pytest.approx(
            segment.pts_ns, abs=1
        )
        assert demuxer.flush() == []
    assert demuxer.counters.lost == demuxer.counters.corrupt == demuxer.counters.dropped == 0


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20))
@settings(max_examples=25, deadline=None)
def test_feed_when_cut_at_any_byte_then_every_access_unit_comes_whole(sizes: list[int]) -> None:
    demuxer, units, at, number = Demuxer(), [], 0, 0
    while at < len(STREAM):
        size = sizes[number % len(sizes)]
        units += demuxer.feed(STREAM[at : at + size])
        at, number = at + size, number + 1
    units += demuxer.flush()
    assert stamps(units) == EXPECTED
    assert demuxer.counters.corrupt == demuxer.counters.lost == 0


@pytest.mark.parametrize("packets_per_message", [1, 7, 64, 1000])
def test_feed_when_ffmpeg_cuts_at_packets_then_timestamps_equal_ffprobes(
    foreign: tuple[Path, bytes], packets_per_message: int
) -> None:
    path, data = foreign
    size = packets_per_message * PACKET_SIZE
    demuxer = Demuxer()
    units = read(demuxer, [data[at : at + size] for at in range(0, len(data), size)])
    units += demuxer.flush()
    probed = sorted(ffprobe_packets(path))
    assert len(units) == len(probed)
    for (kind, pts), (probed_kind, probed_pts) in zip(stamps(units), probed, strict=True):
        assert kind == probed_kind
        assert abs(pts - probed_pts) <= 1  # ffprobe cuts off what we round
    assert demuxer.service_name == "Back yard"
    assert demuxer.codecs == {"video": "h264", "audio": "aac"}
    assert {unit.dts <= unit.pts for unit in units} == {True}


def test_feed_when_a_picture_has_no_stated_length_then_it_comes_with_its_last_packet(
    foreign: tuple[Path, bytes],
) -> None:
    _, data = foreign
    demuxer = Demuxer()
    at_once = read(demuxer, [data])
    assert len([u for u in at_once if u.kind == "video"]) >= 74  # one of 184 fills its last packet
    assert demuxer.counters.dropped == 0


@pytest.mark.parametrize(
    ("codec", "rate", "options"),
    [
        ("mp2", 48000, ("-c:a", "mp2", "-ac", "2")),
        ("mp2", 16000, ("-c:a", "mp2", "-ac", "1")),
        ("mp2", 44100, ("-c:a", "libmp3lame", "-ac", "2")),
        ("mp2", 22050, ("-c:a", "libmp3lame", "-ac", "1")),
        ("aac", 8000, ("-c:a", "aac", "-ac", "1")),
        ("opus", 48000, ("-c:a", "libopus", "-ac", "2")),
    ],
)
def test_feed_when_sound_is_foreign_then_frames_are_split_with_exact_timestamps(
    codec: str, rate: int, options: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "sound.ts"
    source = ("-f", "lavfi", "-i", f"sine=440:r={rate}", "-t", "2", "-ar", str(rate))
    data = ffmpeg_clip(path, *source, *options)
    demuxer = Demuxer()
    units = read(demuxer, [data[at : at + 1316] for at in range(0, len(data), 1316)])
    units += demuxer.flush()
    probed = [pts for _, pts in ffprobe_packets(path)]
    assert {unit.codec for unit in units} == {codec}
    assert len(units) == len(probed)
    assert all(abs(u.pts - pts) <= 2 for u, pts in zip(units, probed, strict=True))
    assert demuxer.counters.corrupt == 0


def test_feed_when_a_repeated_packet_comes_then_it_is_dropped() -> None:
    packets = [STREAM[at : at + PACKET_SIZE] for at in range(0, len(STREAM), PACKET_SIZE)]
    doubled = b"".join(packet * 2 for packet in packets)
    demuxer = Demuxer()
    units = demuxer.feed(doubled) + demuxer.flush()
    assert stamps(units) == EXPECTED
    assert demuxer.counters.duplicates > 100
    assert demuxer.counters.lost == 0


def test_feed_when_a_packet_is_lost_then_its_unit_is_dropped_and_the_next_says_so() -> None:
    segment = next(s for s in SEGMENTS if s.key)
    lost = segment.data[: 6 * PACKET_SIZE] + segment.data[7 * PACKET_SIZE :]
    demuxer = Demuxer()
    units = read(demuxer, [lost, *(s.data for s in SEGMENTS[1:])], whole=True)
    assert demuxer.counters.lost == 1
    assert demuxer.counters.dropped == 1
    pictures = [unit for unit in units if unit.kind == "video"]
    assert [unit.gap for unit in pictures] == [True] + [False] * (len(pictures) - 1)


def test_feed_when_a_message_is_truncated_then_the_next_is_read_from_its_start() -> None:
    demuxer = Demuxer()
    messages = [SEGMENTS[0].data, SEGMENTS[1].data[:-100], *(s.data for s in SEGMENTS[2:])]
    units = read(demuxer, messages, whole=True)
    assert demuxer.counters.corrupt == 1
    after = [u for s in SEGMENTS[3:] for u in Demuxer().feed(s.data, whole=True)]
    assert stamps(after) == stamps(units[-len(after) :])


def test_mark_gap_when_messages_are_missing_then_the_next_unit_of_each_track_says_so() -> None:
    demuxer = Demuxer()
    demuxer.feed(SEGMENTS[0].data, whole=True)
    demuxer.mark_gap()
    units = demuxer.feed(SEGMENTS[2].data, whole=True)
    assert {unit.kind for unit in units if unit.gap} == {"video", "audio"}
    assert len([unit for unit in units if unit.gap]) == 2
    assert demuxer.counters.lost == 0


def test_feed_when_access_units_end_in_full_packets_then_nothing_is_cut_off() -> None:
    muxer, demuxer = Muxer(audio=None), Demuxer()
    head = b"\0\0\0\1\x09\xf0\0\0\0\1\x41"
    sent = [
        AccessUnit("video", "h264", n, n, head + bytes([n]) * (66_000 + n)) for n in range(1, 200)
    ]
    received = []
    for unit in sent:
        muxer.add(unit)
        message = muxer.cut()
        for at in range(0, len(message), 40 * PACKET_SIZE):
            received += demuxer.feed(message[at : at + 40 * PACKET_SIZE])
    received += demuxer.flush()
    assert [unit.data for unit in received] == [unit.data for unit in sent]


def test_feed_when_a_sender_stuffs_within_a_picture_then_trust_is_withdrawn() -> None:
    muxer, demuxer = Muxer(audio=None), Demuxer()
    received = []
    for n in range(1, 4):
        unit = AccessUnit("video", "h264", n, n, b"\0\0\0\1\x41" + bytes([n]) * 70_000)
        muxer.add(unit)
        packets = bytearray(muxer.cut())
        # Give a packet in the middle an adaptation field of pure stuffing.
        at = 100 * PACKET_SIZE
        packets[at + 3] |= 0x20
        packets[at + 4 : at + 6] = b"\x01\x00"
        received += demuxer.feed(bytes(packets), whole=True)
    received += demuxer.flush()
    assert [unit.pts for unit in received] == [1, 2, 3]
    assert [len(unit.data) > 69_000 for unit in received] == [False, True, True]


def test_feed_when_the_program_changes_then_new_tracks_are_read_and_old_ones_end() -> None:
    demuxer = Demuxer()
    first = Muxer(video="h264", audio=None)
    second = Muxer(video="hevc", audio="opus")
    first.add(AccessUnit("video", "h264", 0, 0, b"\0\0\0\1\x65" + bytes(50)))
    demuxer.feed(first.cut(), whole=True)
    assert demuxer.codecs == {"video": "h264"}
    second.add(AccessUnit("video", "hevc", 3600, 3600, b"\0\0\0\1\x26\x01" + bytes(50)))
    second.add(AccessUnit("audio", "opus", 3600, 3600, b"\x78" + bytes(50)))
    units = demuxer.feed(second.cut(), whole=True)
    assert demuxer.codecs == {"video": "hevc", "audio": "opus"}
    assert [(unit.codec, unit.key) for unit in units] == [("hevc", True), ("opus", True)]


def test_feed_when_a_track_cannot_be_read_then_its_stream_type_is_named(tmp_path: Path) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5", "-t", "1", "-c:v", "mpeg2video")
    demuxer = Demuxer()
    assert demuxer.feed(ffmpeg_clip(tmp_path / "mpeg2.ts", *source)) == []
    assert demuxer.unsupported == (0x02,)


def test_feed_when_timestamps_wrap_then_they_are_33_bits() -> None:
    muxer, demuxer = Muxer(video=None), Demuxer()
    adts = b"\xff\xf1\x4c\x40\x01\x7f\xfc" + bytes(4)
    for pts in (WRAP - 1920, WRAP, WRAP + 1920):
        muxer.add(AccessUnit("audio", "aac", pts, pts, adts))
    assert [unit.pts for unit in demuxer.feed(muxer.cut())] == [WRAP - 1920, 0, 1920]


@pytest.mark.parametrize("seed", range(20))
def test_feed_when_bytes_are_flipped_lost_or_added_then_it_goes_on(seed: int) -> None:
    rng = np.random.default_rng(seed)
    demuxer = Demuxer()
    for segment in SEGMENTS[:-4]:
        demuxer.feed(damaged(segment, rng))
    clean = read(demuxer, [s.data for s in SEGMENTS[-4:]], whole=True)
    expected = read(Demuxer(), [s.data for s in SEGMENTS[-3:]], whole=True)
    assert stamps(clean)[-1] == stamps(expected)[-1]
    assert set(stamps(expected)) <= set(stamps(clean))


def damaged(segment: MediaSegment, rng: np.random.Generator) -> bytes:
    data = bytearray(segment.data)
    for _ in range(rng.integers(20)):
        at = int(rng.integers(len(data)))
        length = int(rng.integers(1, 400))
        action = rng.integers(3)
        if action == 0:
            data[at] ^= 1 << int(rng.integers(8))
        elif action == 1:
            del data[at + 1 : at + length]
        else:
            data[at:at] = rng.bytes(length)
    return bytes(data)


@given(st.lists(st.binary(max_size=2000), max_size=10))
@settings(max_examples=100, deadline=None)
def test_feed_when_fed_noise_then_it_gives_nothing_and_raises_nothing(noise: list[bytes]) -> None:
    demuxer = Demuxer()
    assert read(demuxer, noise) == []
    assert len(demuxer._rest) < PACKET_SIZE


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_feed_when_hostile_packets_follow_a_program_then_it_raises_nothing(
    data: st.DataObject,
) -> None:
    demuxer = Demuxer()
    demuxer.feed(SEGMENTS[0].data)
    for _ in range(data.draw(st.integers(1, 10))):
        pid = data.draw(st.sampled_from([0, 0x11, 0x100, 0x101, 0x1000]))
        start = data.draw(st.sampled_from([0, 0x40]))
        control = data.draw(st.integers(0x10, 0x3F))
        body = data.draw(st.binary(min_size=0, max_size=184)).ljust(184, b"\xff")
        demuxer.feed(bytes((0x47, start | pid >> 8, pid & 0xFF, control)) + body)
    demuxer.feed(SEGMENTS[1].data, whole=True)


def test_feed_when_a_picture_never_ends_then_memory_stays_bounded() -> None:
    demuxer = Demuxer()
    demuxer.feed(SEGMENTS[0].data, whole=True)
    start = bytes((0x47, 0x41, 0x00, 0x10)) + b"\0\0\1\xe0\0\0\x80\x80\x05" + bytes(175)
    demuxer.feed(start)
    for counter in range(1, 40_000):
        demuxer.feed(bytes((0x47, 0x01, 0x00, 0x10 | counter & 15)) + bytes(184))
    assert demuxer.counters.dropped >= 1
    assert sum(len(part) for track in demuxer._tracks.values() for part in track.parts) == 0
