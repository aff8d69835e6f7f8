"""Transport packets (ISO/IEC 13818-1, 2.4.3): 188 bytes with a PID and a continuity counter."""

from typing import NamedTuple

PACKET_SIZE = 188
SYNC_BYTE = 0x47
NULL_PID = 0x1FFF

_PAYLOAD_ROOM = PACKET_SIZE - 4
_DISCONTINUITY = 0x80
_RANDOM_ACCESS = 0x40
_PCR = 0x10
_OTHER_PARTS = 0x0F  # OPCR, splice countdown, private data, extension


class PacketHead(NamedTuple):
    """What stands before a packet's payload."""

    payload_start: int
    """Offset of the payload; ``PACKET_SIZE`` when there is none."""
    discontinuity: bool
    random_access: bool
    stuffed: bool
    """Filled up to 188 bytes, as the last packet of a PES packet is."""


def read_head(packet: memoryview) -> PacketHead | None:
    """Read a packet's adaptation field; None when it contradicts itself."""
    control = packet[3]
    payload_start = 4
    flags = 0
    stuffed = False
    if control & 0x20:
        length = packet[4]
        payload_start = 5 + length
        flags = packet[5] if length else 0
        needed = 7 if flags & _PCR else 1
        stuffed = not flags & _OTHER_PARTS and (length > needed or (length <= 1 and not flags))
    if payload_start > PACKET_SIZE:
        return None
    if not control & 0x10:
        payload_start = PACKET_SIZE
    return PacketHead(
        payload_start, bool(flags & _DISCONTINUITY), bool(flags & _RANDOM_ACCESS), stuffed
    )


def adaptation_field(
    *, pcr: int | None = None, random_access: bool = False, discontinuity: bool = False
) -> bytes:
    """An adaptation field without its length byte; empty when there is nothing to say.

    Args:
        pcr: program clock reference in 90 kHz ticks (the 27 MHz extension is 0).
        random_access: decoding can start here.
        discontinuity: the program clock starts anew here.
    """
    flags = (
        (_DISCONTINUITY if discontinuity else 0)
        | (_RANDOM_ACCESS if random_access else 0)
        | (_PCR if pcr is not None else 0)
    )
    if not flags:
        return b""
    if pcr is None:
        return bytes((flags,))
    base = pcr & 0x1FFFFFFFF
    return bytes((flags,)) + (base << 15 | 0x7E00).to_bytes(6, "big")


class Packetizer:
    """Cuts payloads into packets and keeps the continuity counter of each PID."""

    def __init__(self) -> None:
        self._counters: dict[int, int] = {}

    def payload(self, out: bytearray, pid: int, payload: bytes, adaptation: bytes = b"") -> None:
        """Append ``payload`` as packets of ``pid``; ``adaptation`` goes into the first."""
        view = memoryview(payload)
        position = 0
        start_flag = 0x4000
        while position < len(payload):
            field = _fit_adaptation(adaptation, len(payload) - position)
            taken = _PAYLOAD_ROOM - len(field)
            control = 0x30 if field else 0x10
            out += _header(start_flag | pid, control | self._next_counter(pid))
            out += field
            out += view[position : position + taken]
            position += taken
            start_flag = 0
            adaptation = b""

    def section(self, out: bytearray, pid: int, section: bytes) -> None:
        """Append one table section that fits into a packet."""
        out += _header(0x4000 | pid, 0x10 | self._next_counter(pid))
        out += (b"\0" + section).ljust(_PAYLOAD_ROOM, b"\xff")

    def clock_only(self, out: bytearray, pid: int, adaptation: bytes) -> None:
        """Append a packet without payload; its counter stands still."""
        out += _header(pid, 0x20 | self._counters.get(pid, 15))
        out += bytes((_PAYLOAD_ROOM - 1,)) + adaptation.ljust(_PAYLOAD_ROOM - 1, b"\xff")

    def _next_counter(self, pid: int) -> int:
        counter = (self._counters.get(pid, 15) + 1) & 15
        self._counters[pid] = counter
        return counter


def _header(start_and_pid: int, control: int) -> bytes:
    return bytes((SYNC_BYTE, start_and_pid >> 8, start_and_pid & 0xFF, control))


def _fit_adaptation(adaptation: bytes, payload_left: int) -> bytes:
    """The field with its length byte, stuffed so that a short payload ends with the packet."""
    field = bytes((len(adaptation),)) + adaptation if adaptation else b""
    spare = _PAYLOAD_ROOM - len(field) - payload_left
    if spare <= 0:
        return field
    if spare == 1 and not field:
        return b"\0"
    if not field:
        return bytes((spare - 1, 0)) + b"\xff" * (spare - 2)
    return bytes((len(adaptation) + spare,)) + adaptation + b"\xff" * spare
