"""MPEG-TS demuxer for messages: gives each access unit as soon as its last byte is there.

Reads its own muxer's messages and any other's: cut at any byte, PES packets across messages,
with losses, repeats and damage. Nothing from outside raises; damage is counted, and the access
unit that follows a loss says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from edge_worker.media.access_unit import AccessUnit, Codec, Kind
from edge_worker.media.mpegts.audio_frames import AudioSplitter
from edge_worker.media.mpegts.packet import (
    NULL_PID,
    PACKET_SIZE,
    SYNC_BYTE,
    PacketHead,
    read_head,
)
from edge_worker.media.mpegts.pes import PES_START, parse_pes, pes_size
from edge_worker.media.mpegts.tables import (
    PAT_PID,
    SDT_PID,
    ProgramMap,
    SectionAssembler,
    parse_pat,
    parse_pmt,
    parse_sdt,
)
from edge_worker.media.nal import is_keyframe

MAX_ACCESS_UNIT_BYTES = 4 << 20
_MAX_AUDIO_PES_BYTES = 1 << 17


@dataclass(slots=True)
class DemuxCounters:
    """What was read and what was wrong with it."""

    packets: int = 0
    lost: int = 0
    """Jumps of a continuity counter."""
    duplicates: int = 0
    corrupt: int = 0
    """Packets, tables and PES packets that contradict themselves, and lost packet sync."""
    dropped: int = 0
    """Access units of which a part was missing."""


@dataclass(slots=True)
class _Track:
    kind: Kind
    codec: Codec
    splitter: AudioSplitter | None
    limit: int
    counter: int | None = None
    last: bytes = b""
    parts: list[memoryview] = field(default_factory=list)
    size: int = 0
    expected: int = 0
    key: bool = False
    gap: bool = False
    early_end: bool = False
    """The open access unit was given away before its end was certain."""
    trusts_ends: bool = True
    """Stuffing and message ends have so far been true ends of access units."""


class Demuxer:
    """Reads the first video and the first audio track of a transport stream."""

    def __init__(self) -> None:
        self.counters = DemuxCounters()
        self.service_name: str | None = None
        self.unsupported: tuple[int, ...] = ()
        """Stream types of the program map that cannot be read."""
        self._rest = b""
        self._program = SectionAssembler()
        self._map_pid: int | None = None
        self._map = SectionAssembler()
        self._services = SectionAssembler()
        self._tracks: dict[int, _Track] = {}

    @property
    def codecs(self) -> dict[Kind, Codec]:
        """Codec of each track that the stream declares."""
        return {track.kind: track.codec for track in self._tracks.values()}

    def feed(self, message: bytes, *, whole: bool = False) -> list[AccessUnit]:
        """Read the next bytes.

        Args:
            message: the bytes, cut anywhere.
            whole: the sender puts whole access units into every message, so that one without
                a stated length ends with its message.
        """
        units: list[AccessUnit] = []
        for packet in self._split(self._join(message)):
            self._packet(packet, units)
        if whole:
            for track in self._tracks.values():
                if track.parts and track.trusts_ends and not track.expected:
                    self._finish(track, units)
                    track.early_end = True
        return units

    def flush(self) -> list[AccessUnit]:
        """The access units that only waited for a successor."""
        units: list[AccessUnit] = []
        for track in self._tracks.values():
            self._finish(track, units)
        return units

    def mark_gap(self) -> None:
        """Whole messages are known to be missing before the next one."""
        self._rest = b""
        for track in self._tracks.values():
            self._lose(track)
            track.counter = None

    def _join(self, message: bytes) -> bytes:
        rest, self._rest = self._rest, b""
        if not rest:
            return message
        joint = PACKET_SIZE - len(rest)
        if _synced(message, 0) and not _synced(message, joint):
            self.counters.corrupt += 1  # the message before this one was truncated
            return message
        return rest + message

    def _split(self, data: bytes) -> Iterator[memoryview]:
        view = memoryview(data)
        position = 0
        while position + PACKET_SIZE <= len(data):
            if data[position] != SYNC_BYTE:
                self.counters.corrupt += 1
                position = _resync(data, position)
                continue
            yield view[position : position + PACKET_SIZE]
            position += PACKET_SIZE
        self._rest = data[position:] if data[position : position + 1] == b"\x47" else b""

    def _packet(self, packet: memoryview, units: list[AccessUnit]) -> None:
        self.counters.packets += 1
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        if pid == NULL_PID:
            return
        head = read_head(packet)
        if head is None or packet[1] & 0x80 or packet[3] & 0xC0:
            self.counters.corrupt += 1
            return
        track = self._tracks.get(pid)
        if track is not None:
            self._media(track, packet, head, units)
        elif head.payload_start < PACKET_SIZE:
            self._table(pid, packet, head)

    def _table(self, pid: int, packet: memoryview, head: PacketHead) -> None:
        payload = bytes(packet[head.payload_start :])
        starts = bool(packet[1] & 0x40)
        if pid == PAT_PID:
            if section := self._read_section(self._program, payload, starts=starts):
                self._associate(parse_pat(section))
        elif pid == self._map_pid:
            section = self._read_section(self._map, payload, starts=starts)
            if section and (program := parse_pmt(section)):
                self._follow(program)
        elif pid == SDT_PID and (
            section := self._read_section(self._services, payload, starts=starts)
        ):
            name = parse_sdt(section)
            self.service_name = name if name is not None else self.service_name

    def _read_section(
        self, assembler: SectionAssembler, payload: bytes, *, starts: bool
    ) -> bytes | None:
        section = assembler.feed(payload, starts=starts)
        self.counters.corrupt += assembler.corrupt
        assembler.corrupt = 0
        return section

    def _associate(self, map_pid: int | None) -> None:
        if map_pid is not None and map_pid != self._map_pid:
            self._map_pid = map_pid
            self._map = SectionAssembler()

    def _follow(self, program: ProgramMap) -> None:
        """Keep the tracks that stay, forget those that are gone, open the new ones."""
        self.unsupported = program.unsupported
        tracks: dict[int, _Track] = {}
        kinds: set[Kind] = set()
        for pid, codec in program.streams:
            known = self._tracks.get(pid)
            track = known if known is not None and known.codec == codec else _open(codec)
            if track.kind not in kinds:
                kinds.add(track.kind)
                tracks[pid] = track
        self._tracks = tracks

    def _media(
        self, track: _Track, packet: memoryview, head: PacketHead, units: list[AccessUnit]
    ) -> None:
        if head.payload_start == PACKET_SIZE or not self._in_order(track, packet, head):
            return
        payload = packet[head.payload_start :]
        if packet[1] & 0x40:
            self._finish(track, units)
            if not self._begin(track, payload, head):
                return
        elif track.parts:
            track.parts.append(payload)
            track.size += len(payload)
        else:
            self._continue_nothing(track)
            return
        if track.size > track.limit:
            self.counters.corrupt += 1
            self._lose(track)
        elif track.expected and track.size >= track.expected:
            self._finish(track, units)
        elif head.stuffed and not track.expected and track.trusts_ends:
            # Only the last packet of a PES packet is stuffed: no need to wait for the next one.
            self._finish(track, units)
            track.early_end = True

    def _in_order(self, track: _Track, packet: memoryview, head: PacketHead) -> bool:
        """Check the continuity counter; False for a repeated packet."""
        counter = packet[3] & 15
        previous, track.counter = track.counter, counter
        if previous is not None and counter != (previous + 1) & 15 and not head.discontinuity:
            if counter == previous and packet == track.last:
                self.counters.duplicates += 1
                return False
            self.counters.lost += 1
            self._lose(track)
        track.last = bytes(packet)
        return True

    def _begin(self, track: _Track, payload: memoryview, head: PacketHead) -> bool:
        if len(payload) < 6 or payload[:3] != PES_START:
            self.counters.corrupt += 1
            self._lose(track)
            return False
        track.parts = [payload]
        track.size = len(payload)
        track.expected = pes_size(payload)
        track.key = head.random_access
        track.early_end = False
        return True

    def _continue_nothing(self, track: _Track) -> None:
        """Payload that belongs to no open PES packet."""
        if track.early_end:
            track.early_end = False
            track.trusts_ends = False
            track.gap = True
            self.counters.dropped += 1

    def _lose(self, track: _Track) -> None:
        if track.parts:
            self.counters.dropped += 1
        track.parts = []
        track.gap = True
        track.early_end = False
        if track.splitter is not None:
            track.splitter.reset()

    def _finish(self, track: _Track, units: list[AccessUnit]) -> None:
        """Give away the open PES packet, if there is one."""
        if not track.parts:
            return
        data = b"".join(track.parts)
        track.parts = []
        if len(data) < track.expected:
            self.counters.dropped += 1
            track.gap = True
            return
        pes = parse_pes(data[: track.expected] if track.expected else data)
        if pes is None:
            self.counters.corrupt += 1
            track.gap = True
        elif track.splitter is not None:
            for pts, frame in track.splitter.feed(pes.payload, pes.pts):
                units.append(AccessUnit("audio", track.codec, pts, pts, frame, gap=track.gap))
                track.gap = False
            self.counters.corrupt += track.splitter.corrupt
            track.splitter.corrupt = 0
        elif pes.pts is None or pes.dts is None or not pes.payload:
            self.counters.corrupt += 1
            track.gap = True
        else:
            key = track.key or is_keyframe(track.codec, pes.payload)
            units.append(
                AccessUnit("video", track.codec, pes.pts, pes.dts, pes.payload, key, track.gap)
            )
            track.gap = False


def _open(codec: Codec) -> _Track:
    if codec == "h264" or codec == "hevc":  # noqa: PLR1714 - narrows the type, a set does not
        return _Track("video", codec, None, MAX_ACCESS_UNIT_BYTES)
    return _Track("audio", codec, AudioSplitter(codec), _MAX_AUDIO_PES_BYTES)


def _synced(data: bytes, position: int) -> bool:
    """Packets may begin here, as far as the data tells."""
    return all(
        data[at : at + 1] in {b"\x47", b""}
        for at in (position, position + PACKET_SIZE, position + 2 * PACKET_SIZE)
    )


def _resync(data: bytes, position: int) -> int:
    """Where the next packet begins."""
    if _synced(data, position + PACKET_SIZE):
        return position + PACKET_SIZE
    candidate = data.find(b"\x47", position + 1)
    while candidate >= 0 and not _synced(data, candidate):
        candidate = data.find(b"\x47", candidate + 1)
    return candidate if candidate >= 0 else len(data)
