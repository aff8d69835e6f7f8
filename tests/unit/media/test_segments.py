from dataclasses import replace

from edge_worker.media.access_unit import AccessUnit
from edge_worker.media.mpegts import Demuxer, Muxer
from edge_worker.media.segments import SegmentCutter
from edge_worker.media.timestamps import ticks_to_ns
from tests.unit.media.clips import START_NS, own_units, segments_of


def test_cutter_when_fed_two_seconds_then_segments_are_120_ms_and_numbered() -> None:
    segments = segments_of(own_units(2.0))
    assert [segment.seq for segment in segments] == list(range(len(segments)))
    assert 17 <= len(segments) <= 20  # 8 1/3 a second, cut anew at each keyframe
    assert all(segment.duration_ns <= 130_000_000 for segment in segments)


def test_cutter_when_a_keyframe_comes_then_it_begins_a_segment() -> None:
    units = own_units(3.0)
    keys = [unit.pts for unit in units if unit.kind == "video" and unit.key]
    firsts = []
    for segment in segments_of(units):
        read = Demuxer().feed(segment.data, whole=True)
        assert segment.key == (read[0].kind == "video" and read[0].key)
        assert not any(unit.kind == "video" and unit.key for unit in read[1:])
        firsts += [read[0].pts] if segment.key else []
    assert firsts == keys
    assert len(keys) == 3


def test_cutter_when_the_target_is_reached_then_the_next_unit_is_not_waited_for() -> None:
    cutter = SegmentCutter(Muxer(audio=None))
    unit = AccessUnit("video", "h264", 0, 0, b"\0\0\0\1\x41" + bytes(10), key=False)
    given = [len(cutter.add(replace(unit, pts=n * 3600, dts=n * 3600))) for n in range(9)]
    assert given == [0, 0, 1, 0, 0, 1, 0, 0, 1]


def test_cutter_when_a_unit_falls_behind_the_others_then_the_segment_starts_with_it() -> None:
    units = own_units(0.2)
    segments = segments_of(units)
    assert segments[0].pts_ns == min(ticks_to_ns(unit.pts) for unit in units)
    assert segments[0].pts_ns < START_NS  # the sound encoder's priming


def test_cutter_when_timestamps_leap_then_it_cuts_before_the_leap() -> None:
    cutter = SegmentCutter(Muxer(video=None))
    adts = b"\xff\xf1\x4c\x40\x01\x7f\xfc" + bytes(4)
    assert cutter.add(AccessUnit("audio", "aac", 0, 0, adts)) == []
    (segment,) = cutter.add(AccessUnit("audio", "aac", 9_000_000, 9_000_000, adts))
    assert (segment.pts_ns, segment.seq, segment.key) == (0, 0, True)
    (segment,) = cutter.flush()
    assert (segment.pts_ns, segment.seq) == (100_000_000_000, 1)
    assert cutter.flush() == []
