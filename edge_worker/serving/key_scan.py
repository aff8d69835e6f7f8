"""Where reading can begin in somebody else's transport stream, found without decoding.

Cameras that are not ours cut their messages anywhere and say PAT and PMT when they like. What
comes out are the same packets in the same order, cut before each keyframe, with the tables that
were in force, for whoever begins there.
"""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_worker.media.access_unit import Codec
from edge_worker.media.mpegts.packet import NULL_PID, PACKET_SIZE, SYNC_BYTE, read_head
from edge_worker.media.mpegts.tables import (
    PAT_PID,
    SDT_PID,
    SectionAssembler,
    parse_pat,
    parse_pmt,
)

_MAX_TABLE_PACKETS = 23
"""A section has 4096 bytes at most."""
_NO_PID = 0x2000
_PES_HEAD = 9
"""Before the optional fields of a PES packet, in which no start code can be."""
_MAX_LOOKS = 500
"""Beginnings of pictures that are looked at in one message; a stranger's bytes cost no more."""
_MAX_TABLES = 200
"""Packets of tables likewise; those in force stay so."""
_H264_ENTRY = frozenset({5, 7})
"""NAL unit types that a group of pictures begins with (ITU-T H.264, table 7-1): IDR, SPS."""
_HEVC_ENTRY = frozenset({*range(16, 24), 32, 33})
"""Likewise (ITU-T H.265, table 7-1): IRAP, VPS, SPS."""


def _unit_of(firsts: list[int]) -> re.Pattern[bytes]:
    """A start code, and a NAL unit that begins with one of these bytes."""
    return re.compile(b"\0\0\1[%b]" % b"".join(re.escape(bytes((first,))) for first in firsts))


_ENTRIES: dict[Codec, re.Pattern[bytes]] = {
    "h264": _unit_of([first for first in range(256) if first & 0x1F in _H264_ENTRY]),
    "hevc": _unit_of([first for first in range(256) if first >> 1 & 0x3F in _HEVC_ENTRY]),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole packets as they came."""

    data: bytes
    key: bool
    """Reading can begin here."""
    tables: bytes
    """PAT and PMT for whoever begins here, where they are not in ``data`` before the picture."""


class KeyScan:
    """Cuts a transport stream before its keyframes; sound alone is cut at each message."""

    def __init__(self) -> None:
        self._rest = b""
        self._map_pid = _NO_PID
        self._program = SectionAssembler()
        self._map = SectionAssembler()
        self._codecs: dict[int, Codec] = {}
        self._sound_alone = True
        self._pat = b""
        self._pmt: list[bytes] = []

    def feed(self, message: bytes) -> list[Piece]:
        """Read the next bytes, cut anywhere; what is no packet is left out."""
        data = self._whole_packets(message)
        if not data:
            return []
        entries = self._entries(data)
        pieces = []
        if not entries or entries[0][0] > 0:
            end = entries[0][0] if entries else len(data)
            pieces.append(Piece(data[:end], key=False, tables=b""))
        for number, (start, tables) in enumerate(entries):
            end = entries[number + 1][0] if number + 1 < len(entries) else len(data)
            pieces.append(Piece(data[start:end], key=True, tables=tables))
        return pieces

    def _whole_packets(self, message: bytes) -> bytes:
        begins_anew = len(message) % PACKET_SIZE == 0 and set(message[::PACKET_SIZE]) == {SYNC_BYTE}
        data = message if begins_anew else self._rest + message
        runs, self._rest = _packet_runs(data)
        return b"".join(runs)

    def _entries(self, data: bytes) -> list[tuple[int, bytes]]:
        """(offset, tables) of every place in ``data`` where reading can begin."""
        entries: list[tuple[int, bytes]] = []
        lead = 0  # start of the tables, if any, right before the packet looked at
        lead_pids: set[int] = set()
        tables = looks = 0
        for at in range(0, len(data), PACKET_SIZE):
            pid = (data[at + 1] & 0x1F) << 8 | data[at + 2]
            if pid in {PAT_PID, SDT_PID, NULL_PID, self._map_pid}:
                lead_pids.add(pid)
                if tables < _MAX_TABLES and pid not in {SDT_PID, NULL_PID}:
                    tables += 1
                    self._table(pid, data[at : at + PACKET_SIZE])
                continue
            codec = self._codecs.get(pid) if data[at + 1] & 0x40 else None
            if codec is not None and looks < _MAX_LOOKS:
                looks += 1
                if self._enters(codec, data[at : at + PACKET_SIZE], entered=bool(entries)):
                    led = {PAT_PID, self._map_pid} <= lead_pids
                    entries.append((lead, b"" if led else self._pat + b"".join(self._pmt)))
            lead, lead_pids = at + PACKET_SIZE, set()
        return entries

    def _enters(self, codec: Codec, packet: bytes, *, entered: bool) -> bool:
        if not self._pat:
            return False
        if codec in _ENTRIES:
            return _enters_pictures(codec, packet)
        return not entered and self._sound_alone

    def _table(self, pid: int, packet: bytes) -> None:
        head = read_head(memoryview(packet))
        if head is None:
            return
        starts, payload = bool(packet[1] & 0x40), packet[head.payload_start :]
        if pid == PAT_PID:
            self._associate(packet, self._program.feed(payload, starts=starts))
            return
        self._pmt = [packet] if starts else [*self._pmt, packet][:_MAX_TABLE_PACKETS]
        section = self._map.feed(payload, starts=starts)
        if section and (streams := parse_pmt(section)):
            self._codecs = dict(streams.streams)
            self._sound_alone = not _ENTRIES.keys() & self._codecs.values()

    def _associate(self, packet: bytes, section: bytes | None) -> None:
        map_pid = parse_pat(section) if section else None
        if map_pid is not None and map_pid != self._map_pid:
            self._map_pid, self._map = map_pid, SectionAssembler()
            self._codecs, self._pmt = {}, []
        if self._map_pid != _NO_PID:
            self._pat = packet


def _packet_runs(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole packets of ``data``, and what may be the beginning of one more."""
    runs: list[bytes] = []
    beginnings = _beginnings(data)
    position = _next(beginnings, 0, len(data))
    while position + PACKET_SIZE <= len(data):
        end = _run_end(data, position)
        runs.append(data[position:end])
        position = _next(beginnings, end, len(data))
    return runs, data[position:]


def _run_end(data: bytes, start: int) -> int:
    for end in range(start, len(data) - PACKET_SIZE + 1, PACKET_SIZE):
        if data[end] != SYNC_BYTE:
            return end
    return start + (len(data) - start) // PACKET_SIZE * PACKET_SIZE


def _beginnings(data: bytes) -> NDArray[np.intp]:
    """Where packets can begin: at sync bytes that another one follows, or the end of ``data``."""
    sync = np.frombuffer(data, np.uint8) == SYNC_BYTE
    sync[:-PACKET_SIZE] &= sync[PACKET_SIZE:]
    return np.flatnonzero(sync)


def _next(beginnings: NDArray[np.intp], start: int, end: int) -> int:
    """The first beginning from ``start`` on; ``end`` where there is none."""
    number = int(beginnings.searchsorted(start))
    return int(beginnings[number]) if number < len(beginnings) else end


def _enters_pictures(codec: Codec, packet: bytes) -> bool:
    head = read_head(memoryview(packet))
    if head is None:
        return False
    units = head.payload_start + _PES_HEAD
    return head.random_access or _ENTRIES[codec].search(packet, units) is not None
