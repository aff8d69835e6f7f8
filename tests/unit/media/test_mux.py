import itertools
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.mpegts import Demuxer, Muxer
from edge_worker.media.mpegts.mux import AUDIO_PID, MAP_PID, VIDEO_PID
from edge_worker.media.mpegts.packet import PACKET_SIZE
from edge_worker.media.mpegts.tables import SDT_PID
from edge_worker.media.nal import with_delimiter
from edge_worker.media.timestamps import WRAP
from tests.unit.media.clips import ffmpeg_complaints, ffprobe_packets, own_units, segments_of


def packets(message: bytes) -> list[bytes]:
    return [message[at : at + PACKET_SIZE] for at in range(0, len(message), PACKET_SIZE)]


def pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def clock(packet: bytes) -> int | None:
    """PCR in 90 kHz ticks."""
    if not packet[3] & 0x20 or packet[4] < 7 or not packet[5] & 0x10:
        return None
    return int(struct.unpack(">Q", b"\0\0" + packet[6:12])[0]) >> 15


def audio_unit(pts: int) -> AccessUnit:
    return AccessUnit("audio", "aac", pts, pts, b"\xff\xf1\x4c\x40\x01\x7f\xfc" + bytes(4))


def video_unit(pts: int, size: int = 100, *, key: bool = False) -> AccessUnit:
    slice_header = b"\0\0\0\1\x65" if key else b"\0\0\0\1\x41"
    return AccessUnit("video", "h264", pts, pts, slice_header + b"\x9a" * size, key)


@pytest.mark.parametrize("rate", [Fraction(15), Fraction(25), Fraction(30000, 1001), Fraction(30)])
def test_segments_when_joined_then_ffmpeg_reads_exact_timestamps_without_a_word(
    rate: Fraction, tmp_path: Path
) -> None:
    units = own_units(2.0, rate)
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(segment.data for segment in segments_of(units)))
    assert ffmpeg_complaints(path) == ""
    assert sorted(ffprobe_packets(path)) == sorted((unit.kind, unit.pts) for unit in units)


def test_segments_when_joined_from_any_keyframe_then_ffmpeg_reads_them(tmp_path: Path) -> None:
    segments = segments_of(own_units(3.0))
    for segment in segments:
        assert [pid(packet) for packet in packets(segment.data)[:2]] == [0, MAP_PID]
    second_key = [number for number, segment in enumerate(segments) if segment.key][1]
    path = tmp_path / "later.ts"
    path.write_bytes(b"".join(segment.data for segment in segments[second_key:]))
    assert ffmpeg_complaints(path) == ""


@pytest.mark.parametrize("size", [*range(1, 400, 7), 70_000])
def test_round_trip_when_an_access_unit_has_any_size_then_it_comes_back_whole(size: int) -> None:
    muxer = Muxer(audio=None)
    unit = video_unit(WRAP - 1, size, key=True)
    muxer.add(unit)
    message = muxer.cut()
    assert len(message) % PACKET_SIZE == 0
    demuxer = Demuxer()
    whole = replace(unit, data=with_delimiter("h264", unit.data))
    assert demuxer.feed(message, whole=True) == [whole]
    assert demuxer.flush() == []


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_round_trip_when_pictures_are_reordered_then_pts_and_dts_are_kept(codec: str) -> None:
    muxer = Muxer(video="hevc" if codec == "hevc" else "h264", audio=None)
    unit = replace(video_unit(7200), codec=codec, dts=3600)  # type: ignore[arg-type] # parametrized
    muxer.add(unit)
    (read,) = Demuxer().feed(muxer.cut(), whole=True)
    assert (read.codec, read.pts, read.dts) == (codec, 7200, 3600)


@pytest.mark.parametrize("size", [1, 254, 255, 256, 600])
def test_round_trip_when_sound_is_opus_then_packets_come_back(size: int) -> None:
    muxer = Muxer(video=None, audio="opus")
    data = bytes((0x78,)) + bytes(size - 1)
    muxer.add(AccessUnit("audio", "opus", 900, 900, data))
    (read,) = Demuxer().feed(muxer.cut())
    assert (read.codec, read.pts, read.data) == ("opus", 900, data)


def test_clock_when_pictures_stop_then_it_still_comes_every_100_ms() -> None:
    muxer = Muxer()
    muxer.add(video_unit(90_000, key=True))
    for number in range(200):
        muxer.add(audio_unit(90_000 + number * 1920))
    clocks = [c for packet in packets(muxer.cut()) if (c := clock(packet)) is not None]
    assert clocks[-1] >= 90_000 + 199 * 1920 - 9000 - 9000
    assert max(b - a for a, b in itertools.pairwise(clocks)) <= 9000


def test_clock_when_pictures_are_slow_then_packets_of_its_own_fill_in() -> None:
    muxer = Muxer(audio=None)
    for number in range(10):
        muxer.add(video_unit(number * 45_000, key=True))
    clocks = [c for packet in packets(muxer.cut()) if (c := clock(packet)) is not None]
    unwrapped = [c - WRAP if c > WRAP // 2 else c for c in clocks]
    assert max(b - a for a, b in itertools.pairwise(unwrapped)) <= 9000


def test_clock_when_timestamps_go_on_then_it_never_runs_ahead_of_a_dts() -> None:
    latest = -1
    for packet in packets(b"".join(segment.data for segment in segments_of(own_units(2.0)))):
        if (now := clock(packet)) is not None:
            assert now >= latest
            latest = now


def test_mark_discontinuity_when_called_then_the_next_clock_carries_the_flag_once() -> None:
    muxer = Muxer()
    muxer.add(video_unit(0, key=True))
    muxer.cut()
    muxer.mark_discontinuity()
    for number in range(3):
        muxer.add(video_unit(900_000 + number * 9000))
    flags = [p[5] & 0x80 for p in packets(muxer.cut()) if clock(p) is not None]
    assert flags == [0x80, 0, 0]


def test_service_name_when_changed_then_the_next_message_says_so() -> None:
    muxer = Muxer(service_name="Door")
    demuxer = Demuxer()
    names = []
    for number, name in enumerate(["Door", "Door", "Door (AI-translated, ügen)", "Door"]):
        muxer.service_name = name
        muxer.add(audio_unit(number * 1920))
        demuxer.feed(muxer.cut())
        names.append(demuxer.service_name)
    assert names == ["Door", "Door", "Door (AI-translated, ügen)", "Door"]


def test_service_name_when_nothing_changes_then_it_is_said_once_a_second() -> None:
    segments = segments_of(own_units(4.0))
    saying = [s.pts_ns for s in segments if SDT_PID in [pid(p) for p in packets(s.data)]]
    assert max(b - a for a, b in itertools.pairwise(saying)) <= 1_050_000_000


def test_service_name_when_far_too_long_then_it_is_cut() -> None:
    muxer = Muxer(service_name="ü" * 500)
    muxer.add(audio_unit(0))
    demuxer = Demuxer()
    demuxer.feed(muxer.cut())
    assert demuxer.service_name == "ü" * 60


def test_add_when_the_codec_is_not_the_muxers_then_it_is_refused() -> None:
    with pytest.raises(ValueError, match="video coded as h264"):
        Muxer(video="hevc").add(video_unit(0))
    with pytest.raises(ValueError, match="needs a video codec"):
        Muxer(video=None, audio=None)


def test_muxer_when_there_are_no_pictures_then_sound_carries_the_clock(tmp_path: Path) -> None:
    sound = [unit for unit in own_units(1.0) if unit.kind == "audio"]
    segments = segments_of(sound, Muxer(video=None))
    assert all(segment.key for segment in segments)
    assert clock(next(p for p in packets(segments[1].data) if pid(p) == AUDIO_PID)) is not None
    path = tmp_path / "sound.ts"
    path.write_bytes(b"".join(segment.data for segment in segments))
    assert ffmpeg_complaints(path) == ""


def test_counters_when_messages_follow_each_other_then_none_is_lost() -> None:
    last: dict[int, int] = {}
    for packet in packets(b"".join(segment.data for segment in segments_of(own_units(1.0)))):
        if packet[3] & 0x10:
            counter = packet[3] & 15
            assert counter == (last.get(pid(packet), counter - 1) + 1) & 15
            last[pid(packet)] = counter
    assert {VIDEO_PID, AUDIO_PID, MAP_PID, SDT_PID, 0} == set(last)
