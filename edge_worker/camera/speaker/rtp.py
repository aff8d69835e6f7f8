"""RTP packets (RFC 3550, 5.1) of one stream of sound."""

import secrets
import struct

_VERSION = 0x80
_MARKER = 0x80


class RtpStream:
    """Numbers and dates packets; number, time and source begin at random, as the RFC asks.

    Args:
        payload_type: of every packet.
    """

    def __init__(self, payload_type: int) -> None:
        self._type = payload_type
        self._source = secrets.randbits(32)
        self._number = secrets.randbits(15)
        self._time = secrets.randbits(31)
        self._begun = False

    def packet(self, payload: bytes, ticks: int) -> bytes:
        """The next packet; the first is marked as the begin of speech (RFC 3551, 4.1).

        Args:
            payload: coded sound.
            ticks: its length in the clock of the format.
        """
        kind = self._type | (0 if self._begun else _MARKER)
        head = struct.pack(">BBHII", _VERSION, kind, self._number, self._time, self._source)
        self._begun = True
        self._number = self._number + 1 & 0xFFFF
        self._time = self._time + ticks & 0xFFFFFFFF
        return head + payload
