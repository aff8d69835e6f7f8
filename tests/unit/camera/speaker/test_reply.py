"""The sound of a reply: put in order, gaps and all, and given out 20 ms at a time."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from edge_worker.camera.speaker.reply import Reply
from edge_worker.camera.speaker.sink import BLOCK
from edge_worker.items import Samples
from edge_worker.media.segments import MediaSegment
from mqtt_schemas import MediaProperties
from tests.broker.answering import segments_of
from tests.unit.camera.speaker.sounds import loud_s, tone

MILLISECOND = 1_000_000
SEGMENTS = segments_of(tone(1.2))
Shuffle = Callable[[Sequence[MediaSegment]], Iterable[MediaSegment]]


def add(reply: Reply, segment: MediaSegment, now_ns: int = 0, *, last: bool | None = None) -> None:
    ends = segment is SEGMENTS[-1] if last is None else last
    properties = MediaProperties(seq=segment.seq, pts_ns=segment.pts_ns, last=ends)
    reply.add(properties, segment.data, now_ns)


def taken(reply: Reply, now_ns: int = 10_000 * MILLISECOND, limit: int = 500) -> Samples:
    """All that it gives, in real time from a moment on."""
    found: list[Samples] = []
    for place in range(limit):
        block = reply.take(now_ns + place * 20 * MILLISECOND)
        if block is None:
            return np.concatenate(found) if found else np.zeros(0, np.float32)
        assert block.shape == (BLOCK,)
        found.append(block)
    raise AssertionError("it does not end")


async def test_segments_when_all_come_then_their_sound_is_given_to_its_end() -> None:
    reply = Reply("t", 0)
    for segment in SEGMENTS:
        add(reply, segment)
    sound = taken(reply)
    assert reply.heard
    assert loud_s(sound) == pytest.approx(1.2, abs=0.03)
    middle = sound[20_000:30_000]
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), abs=0.02)


def any_sound(reply: Reply, times_ms: range) -> bool:
    """Whether anything is heard at these moments."""
    blocks = [reply.take(at * MILLISECOND) for at in times_ms]
    return any(block is not None and bool(np.abs(block).max() > 0.01) for block in blocks)


ORDERS: dict[str, Shuffle] = {
    "reversed": lambda line: line[::-1],
    "twice": lambda line: [*line, *line],
    "pairs-swapped": lambda line: [line[at ^ 1] for at in range(len(line) // 2 * 2)] + [line[-1]],
}


@pytest.mark.parametrize("order", ORDERS)
async def test_segments_when_they_come_in_another_order_then_the_sound_is_the_same(
    order: str,
) -> None:
    straight, reply = Reply("t", 0), Reply("t", 0)
    for segment in SEGMENTS:
        add(straight, segment)
    for segment in ORDERS[order](SEGMENTS):
        add(reply, segment)
    assert np.array_equal(taken(reply), taken(straight))
    assert reply.lost == 0


async def test_segment_when_it_comes_late_but_soon_then_it_is_waited_for() -> None:
    reply = Reply("t", 0)
    for segment in (SEGMENTS[0], SEGMENTS[2]):
        add(reply, segment)
    blocks = [reply.take(at * 20 * MILLISECOND) for at in range(8)]
    add(reply, SEGMENTS[1], 100 * MILLISECOND)
    for segment in SEGMENTS[3:]:
        add(reply, segment, 100 * MILLISECOND)
    rest = taken(reply, 160 * MILLISECOND)
    assert reply.lost == 0
    assert loud_s(np.concatenate([*(b for b in blocks if b is not None), rest])) > 1.2


async def test_segment_when_lost_then_silence_is_in_its_place_and_the_rest_follows() -> None:
    reply = Reply("t", 0)
    for segment in SEGMENTS:
        if segment.seq != 4:
            add(reply, segment)
    sound = taken(reply)
    assert reply.lost == 1
    assert loud_s(sound) == pytest.approx(1.2, abs=0.03)
    quiet = np.convolve(np.abs(sound) < 0.01, np.ones(48), "valid") == 48
    inner = quiet[3000 : len(quiet) - 6000]
    assert np.count_nonzero(inner) / 48_000 == pytest.approx(0.12, abs=0.03)


@pytest.mark.parametrize(
    ("length", "lost", "spoilt"),
    [
        (4, 1, False),
        (3, 1, True),
        (9, 2, False),
        (9, 3, True),
        (10, 9, True),
        (100, 5, False),
        (100, 6, True),
    ],
)
async def test_segments_when_lost_then_two_or_a_20th_but_no_more_than_a_quarter_spoil_nothing(
    length: int, lost: int, *, spoilt: bool
) -> None:
    reply = Reply("t", 0)
    for seq in range(lost, length):
        add(reply, replace(SEGMENTS[0], seq=seq), last=seq == length - 1)
    taken(reply, limit=1_000)
    assert (reply.lost, reply.spoilt) == (lost, spoilt)
    assert reply.losses == f"{lost} of {length} segments"


async def test_segment_when_it_comes_after_its_turn_then_it_is_left_out() -> None:
    reply = Reply("t", 0)
    for segment in (SEGMENTS[0], *SEGMENTS[2:]):
        add(reply, segment)
    for place in range(20):
        reply.take(10_000 * MILLISECOND + place)
    add(reply, SEGMENTS[1])
    assert loud_s(taken(reply)) < 1.0


async def test_sound_when_it_stops_coming_then_silence_is_given_until_it_has_stalled() -> None:
    reply = Reply("t", 0)
    for segment in SEGMENTS[:3]:
        add(reply, segment, 100 * MILLISECOND)
    blocks = [reply.take(place * 20 * MILLISECOND) for place in range(50)]
    assert blocks[-1] is not None
    assert not blocks[-1].any()
    assert not reply.stalled(2_000 * MILLISECOND)
    assert reply.stalled(2_200 * MILLISECOND)
    add(reply, SEGMENTS[3], 2_150 * MILLISECOND)
    assert not reply.stalled(2_200 * MILLISECOND)


async def test_sound_when_it_comes_again_after_a_pause_then_it_goes_on_with_two_segments() -> None:
    reply = Reply("t", 0)
    for segment in SEGMENTS[:3]:
        add(reply, segment)
    assert any_sound(reply, range(0, 600, 20))
    assert not any_sound(reply, range(600, 700, 20))
    add(reply, SEGMENTS[3], 700 * MILLISECOND)
    assert not any_sound(reply, range(700, 800, 20))
    add(reply, SEGMENTS[4], 800 * MILLISECOND)
    assert any_sound(reply, range(800, 900, 20))


async def test_sound_when_one_segment_comes_after_a_pause_and_no_other_then_it_is_not_kept() -> (
    None
):
    reply = Reply("t", 0)
    for segment in SEGMENTS[:3]:
        add(reply, segment)
    any_sound(reply, range(0, 700, 20))
    add(reply, SEGMENTS[3], 700 * MILLISECOND)
    assert any_sound(reply, range(700, 1_200, 20))


async def test_sound_when_its_end_was_lost_then_it_has_stalled_and_not_ended() -> None:
    reply = Reply("t", 0)
    for segment in SEGMENTS[:-1]:
        add(reply, segment)
    for place in range(90):
        assert reply.take(place * 20 * MILLISECOND) is not None
    assert reply.stalled(2_100 * MILLISECOND)


async def test_sound_when_numbers_and_times_are_missing_then_the_order_of_arrival_counts() -> None:
    reply = Reply("t", 0)
    for segment in SEGMENTS:
        reply.add(MediaProperties(last=segment is SEGMENTS[-1]), segment.data, 0)
    assert loud_s(taken(reply)) == pytest.approx(1.2, abs=0.03)


async def test_first_segment_when_it_is_not_number_0_then_it_begins_there() -> None:
    reply = Reply("t", 0)
    for segment in SEGMENTS[5:]:
        add(reply, segment)
    assert loud_s(taken(reply)) == pytest.approx(0.6, abs=0.05)
    assert reply.lost == 5


@pytest.mark.parametrize("data", [b"nonsense", b"\x47" * 188, b"\x47\x41\x01\x10" + bytes(184)])
async def test_segments_when_they_are_nonsense_then_nothing_is_heard_and_it_ends(
    data: bytes,
) -> None:
    reply = Reply("t", 0)
    reply.add(MediaProperties(seq=0, pts_ns=1), data, 0)
    reply.add(MediaProperties(seq=1, pts_ns=2, last=True), data, 0)
    taken(reply)
    assert not reply.heard


async def test_segments_when_far_too_many_or_large_then_they_are_left_out_and_it_still_stalls() -> (
    None
):
    reply = Reply("t", 0)
    reply.add(MediaProperties(seq=0), bytes(500_000), 0)
    for seq in range(1, 2_000):
        reply.add(MediaProperties(seq=seq, last=seq == 1_999), SEGMENTS[0].data, 0)
    assert len(reply._waiting) <= 512
    for place in range(5_000):
        if reply.stalled(10_000 * MILLISECOND + place * 20 * MILLISECOND):
            return
        reply.take(10_000 * MILLISECOND + place * 20 * MILLISECOND)
    raise AssertionError("it does not stall")


async def test_reply_when_two_segments_or_its_end_are_there_then_it_is_enough_to_begin() -> None:
    reply = Reply("t", 0)
    add(reply, SEGMENTS[0])
    assert not reply.enough.is_set()
    add(reply, SEGMENTS[1])
    assert reply.enough.is_set()
    short = Reply("t", 0)
    add(short, SEGMENTS[0], last=True)
    assert short.enough.is_set()
