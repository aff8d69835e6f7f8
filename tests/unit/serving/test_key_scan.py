import sys
from types import FrameType

import numpy as np
import pytest

from edge_worker.media.mpegts import Demuxer
from edge_worker.media.mpegts.tables import build_pat, build_pmt
from edge_worker.serving.key_scan import KeyScan, Piece
from tests.unit.serving.conftest import film

PACKET = 188


def pieces_of(stream: bytes, size: int) -> list[Piece]:
    """What a scan makes of a stream whose messages have ``size`` bytes."""
    scan = KeyScan()
    return [
        piece for at in range(0, len(stream), size) for piece in scan.feed(stream[at : at + size])
    ]


@pytest.mark.parametrize("size", [PACKET, 7 * PACKET, 1000, 65_536, 10_000_000])
def test_feed_when_messages_are_cut_anywhere_then_all_packets_come_out_in_order(
    foreign: bytes, size: int
) -> None:
    assert b"".join(piece.data for piece in pieces_of(foreign, size)) == foreign


@pytest.mark.parametrize("size", [7 * PACKET, 1000, 10_000_000])
def test_feed_when_a_strangers_stream_comes_then_each_keyframe_begins_a_piece(
    foreign: bytes, size: int
) -> None:
    keys = [piece for piece in pieces_of(foreign, size) if piece.key]
    assert len(keys) == 4
    for piece in keys:
        units = Demuxer().feed(piece.tables + piece.data, whole=True)
        assert not units or next(unit for unit in units if unit.kind == "video").key


def test_feed_when_reading_begins_at_a_key_then_everything_from_there_can_be_demuxed(
    foreign: bytes,
) -> None:
    pieces = pieces_of(foreign, 1000)
    start = [number for number, piece in enumerate(pieces) if piece.key][2]
    rest = pieces[start].tables + b"".join(piece.data for piece in pieces[start:])
    demuxer = Demuxer()
    pictures = [unit for unit in (*demuxer.feed(rest), *demuxer.flush()) if unit.kind == "video"]
    assert len(pictures) == 20
    assert pictures[0].key


def test_feed_when_the_picture_is_h265_then_keyframes_are_found() -> None:
    options = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=10:log-level=0")
    stream = film(*options, "-an", seconds=2.0)
    assert sum(piece.key for piece in pieces_of(stream, 1316)) == 2


def test_feed_when_there_is_sound_alone_then_each_message_with_sound_is_a_beginning() -> None:
    stream = film("-map", "1:a", "-c:a", "aac", seconds=2.0)
    pieces = pieces_of(stream, 20 * PACKET)
    assert sum(piece.key for piece in pieces) >= len(stream) // (20 * PACKET) - 1


def test_feed_when_a_message_is_truncated_then_the_next_one_is_read_from_its_beginning(
    foreign: bytes,
) -> None:
    whole = foreign[: 100 * PACKET]
    scan = KeyScan()
    scan.feed(whole[: 50 * PACKET - 40])
    again = scan.feed(whole[50 * PACKET :])
    assert b"".join(piece.data for piece in again) == whole[50 * PACKET :]


@pytest.mark.parametrize("noise", [b"", b"no stream at all" * 50, b"\x47" * 1000, bytes(5000)])
def test_feed_when_noise_comes_then_nothing_is_a_beginning(noise: bytes) -> None:
    assert not any(piece.key for piece in KeyScan().feed(noise))


def test_feed_when_our_own_messages_come_then_their_tables_are_not_repeated(
    foreign: bytes,
) -> None:
    first = next(piece for piece in pieces_of(foreign, 10_000_000) if piece.key)
    assert first.tables == b""
    assert first.data[:PACKET][1:3] == b"\x40\x11" or first.data[1] & 0x1F == 0


def table(pid: int, section: bytes) -> bytes:
    """A packet with a whole section."""
    head = bytes((0x47, 0x40 | pid >> 8, pid & 0xFF, 0x10, 0))
    return (head + section).ljust(PACKET, b"\xff")


def pictures(payload: bytes, count: int) -> bytes:
    """Tables, and ``count`` packets that each begin a picture."""
    tables = table(0, build_pat(0x100)) + table(0x100, build_pmt(0x101, [(0x101, "h264")]))
    return tables + (b"\x47\x41\x01\x10" + payload.ljust(184, b"\xff")[:184]) * count


def steps(message: bytes) -> int:
    """Calls that reading a message takes: what it costs, whatever the machine does meanwhile."""
    taken = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal taken
        taken += event in {"call", "c_call"}

    scan = KeyScan()
    sys.setprofile(count)
    try:
        scan.feed(message)
    finally:
        sys.setprofile(None)
    return taken


@pytest.mark.parametrize(
    "message",
    [
        (b"\x47" * PACKET + bytes(PACKET)) * 2650,
        (b"\x47" * (PACKET + 1) + bytes(PACKET)) * 2650,
        b"\x47" * 1_000_000,
        np.random.default_rng(1).bytes(1_000_000),
        pictures(b"\0\0\1\1" * 46, 5300),
        pictures(b"\0\0\1\xe0\0\0\0\0\0" + b"\0\0\1\x65", 5300),
        b"".join(table(0, build_pat(16 + number)) for number in range(5300)),
    ],
    ids=["sync bytes", "short runs", "all sync", "random", "units", "keyframes", "tables"],
)
def test_feed_when_a_megabyte_of_anything_comes_then_it_takes_few_steps(message: bytes) -> None:
    assert steps(message) < 40_000


def test_feed_when_keyframes_are_too_many_then_every_packet_passes() -> None:
    message = pictures(b"\0\0\1\xe0\0\0\0\0\0" + b"\0\0\1\x65", 5300)
    assert b"".join(piece.data for piece in KeyScan().feed(message)) == message
