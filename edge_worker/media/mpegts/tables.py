"""Program tables: PAT and PMT (ISO/IEC 13818-1, 2.4.4), SDT with the service name (EN 300 468)."""

import struct
from dataclasses import dataclass

from edge_worker.media.access_unit import Codec

PAT_PID = 0x0000
SDT_PID = 0x0011

MAX_SERVICE_NAME_BYTES = 120

_STREAM_TYPES: dict[int, Codec] = {
    0x1B: "h264",
    0x24: "hevc",
    0x0F: "aac",
    0x03: "mp2",
    0x04: "mp2",
}
_TYPE_OF: dict[Codec, int] = {"h264": 0x1B, "hevc": 0x24, "aac": 0x0F, "mp2": 0x03, "opus": 0x06}
_PRIVATE_DATA = 0x06
_NAMES = {
    0x01: "MPEG-1 video",
    0x02: "MPEG-2 video",
    0x06: "private data",
    0x10: "MPEG-4 video",
    0x11: "AAC in LATM",
    0x21: "JPEG 2000 video",
    0x33: "H.266",
    0x81: "AC-3 sound",
    0x87: "E-AC-3 sound",
    0x90: "G.711 sound",
}
"""Stream types that cameras and encoders send and that are not read here."""
_MAX_SECTION = 4096
_PROGRAM = 1


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1) ^ 0x04C11DB7 if value & 0x80000000 else value << 1
        table.append(value & 0xFFFFFFFF)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc32(data: bytes) -> int:
    """CRC-32/MPEG-2; 0 over a section that includes its own checksum."""
    value = 0xFFFFFFFF
    for byte in data:
        value = (value << 8) & 0xFFFFFFFF ^ _CRC_TABLE[value >> 24 ^ byte]
    return value


@dataclass(frozen=True, slots=True)
class ProgramMap:
    """The elementary streams of a program."""

    streams: tuple[tuple[int, Codec], ...]
    """(PID, codec) of those that can be read, in the order of the table."""
    unsupported: tuple[int, ...] = ()
    """Stream types of the others."""


class SectionAssembler:
    """Joins the packets of one PID into sections; what fails its checksum is counted."""

    def __init__(self) -> None:
        self.corrupt = 0
        self._pending = bytearray()
        self._last = b""

    def feed(self, payload: bytes, *, starts: bool) -> bytes | None:
        """The section that this payload completes, if it differs from the last one."""
        if starts:
            self._pending = bytearray(payload[1 + payload[0] :]) if payload else bytearray()
        elif self._pending:
            self._pending += payload
        return self._complete()

    def _complete(self) -> bytes | None:
        pending = self._pending
        if len(pending) < 3:
            return None
        size = 3 + ((pending[1] & 0x0F) << 8 | pending[2])
        if size > _MAX_SECTION:
            pending.clear()
            self.corrupt += 1
            return None
        if len(pending) < size:
            return None
        section = bytes(pending[:size])
        pending.clear()
        if section == self._last:
            return None
        if size < 12 or crc32(section):
            self.corrupt += 1
            return None
        self._last = section
        return section


def stream_type_name(stream_type: int) -> str:
    """A stream type of a program map in words."""
    name = _NAMES.get(stream_type)
    number = f"stream type 0x{stream_type:02x}"
    return f"{name} ({number})" if name else number


def build_pat(map_pid: int) -> bytes:
    """A program association section that names one program."""
    return _finish(0x00, struct.pack(">HBBB", 1, 0xC1, 0, 0) + _pid_entry(_PROGRAM, map_pid))


def build_pmt(clock_pid: int, streams: list[tuple[int, Codec]], version: int = 0) -> bytes:
    """A program map section.

    Args:
        clock_pid: PID that carries the PCR.
        streams: (PID, codec).
        version: table version, 0..31.
    """
    body = struct.pack(">HBBB", _PROGRAM, 0xC1 | version << 1, 0, 0)
    body += struct.pack(">HH", 0xE000 | clock_pid, 0xF000)
    for pid, codec in streams:
        descriptors = b"\x05\x04Opus\x7f\x02\x80\x01" if codec == "opus" else b""
        body += struct.pack(">BHH", _TYPE_OF[codec], 0xE000 | pid, 0xF000 | len(descriptors))
        body += descriptors
    return _finish(0x02, body)


def build_sdt(service_name: str, version: int = 0) -> bytes:
    """A service description section; a long name is cut to ``MAX_SERVICE_NAME_BYTES``."""
    name = service_name.encode()[:MAX_SERVICE_NAME_BYTES].decode(errors="ignore").encode()
    if not name.isascii():
        name = b"\x15" + name  # EN 300 468 annex A: what follows is UTF-8
    provider = b"Polylip"
    service = bytes((0x01, len(provider))) + provider + bytes((len(name),)) + name
    descriptor = bytes((0x48, len(service))) + service
    body = struct.pack(">HBBBHB", 1, 0xC1 | version << 1, 0, 0, 0xFF01, 0xFF)
    body += struct.pack(">HBH", _PROGRAM, 0xFC, 0x8000 | len(descriptor)) + descriptor
    return _finish(0x42, body)


def parse_pat(section: bytes) -> int | None:
    """PID of the first program's map."""
    if section[0] != 0x00:
        return None
    for position in range(8, len(section) - 7, 4):
        program, pid = struct.unpack_from(">HH", section, position)
        if program:
            return int(pid) & 0x1FFF
    return None


def parse_pmt(section: bytes) -> ProgramMap | None:
    """The streams that a program map names; None for another table."""
    if section[0] != 0x02:
        return None
    streams: list[tuple[int, Codec]] = []
    unsupported: list[int] = []
    end = len(section) - 4
    position = 12 + ((section[10] & 0x0F) << 8 | section[11])
    while position + 5 <= end:
        stream_type, pid, length = struct.unpack_from(">BHH", section, position)
        length &= 0x0FFF
        descriptors = section[position + 5 : min(position + 5 + length, end)]
        codec = _STREAM_TYPES.get(stream_type)
        if stream_type == _PRIVATE_DATA and b"\x05\x04Opus" in descriptors:
            codec = "opus"
        if codec is None:
            unsupported.append(stream_type)
        else:
            streams.append((pid & 0x1FFF, codec))
        position += 5 + length
    return ProgramMap(tuple(streams), tuple(unsupported))


def parse_sdt(section: bytes) -> str | None:
    """Name of the first service; None where there is none."""
    if section[0] != 0x42 or len(section) < 20:
        return None
    end = min(len(section) - 4, 16 + ((section[14] & 0x0F) << 8 | section[15]))
    position = 16
    while position + 2 <= end:
        tag, length = section[position], section[position + 1]
        if tag == 0x48:
            return _service_name(section[position + 2 : min(position + 2 + length, end)])
        position += 2 + length
    return None


def _service_name(descriptor: bytes) -> str | None:
    if len(descriptor) < 3:
        return None
    start = 2 + descriptor[1]
    if start >= len(descriptor):
        return None
    name = descriptor[start + 1 : start + 1 + descriptor[start]]
    if name[:1] and name[0] < 0x20:
        name = name[1:]
    return name.decode(errors="replace")


def _pid_entry(number: int, pid: int) -> bytes:
    return struct.pack(">HH", number, 0xE000 | pid)


def _finish(table_id: int, body: bytes) -> bytes:
    """Table id, length and checksum around a section's body."""
    section = struct.pack(">BH", table_id, 0xB000 | (len(body) + 4)) + body
    return section + struct.pack(">I", crc32(section))
