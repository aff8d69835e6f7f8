"""Where decoding can begin, told by the packets alone: nothing is put together or decoded."""

from edge_worker.media.mpegts.packet import PACKET_SIZE, SYNC_BYTE

_UNIT_START = 0x40
_ADAPTATION = 0x20
_RANDOM_ACCESS = 0x40
_VIDEO_STREAMS = range(0xE0, 0xF0)
_START_CODE = b"\x00\x00\x01"


def holds_keyframe(message: bytes) -> bool:
    """Whether a picture that can be decoded by itself begins in a message.

    Judged by the random access indicator of packets in which a PES packet of pictures begins
    (ISO/IEC 13818-1, 2.4.3.5 and 2.4.3.7), which every common muxer sets.

    Args:
        message: MPEG-TS, cut at any byte.
    """
    at = message.find(SYNC_BYTE)
    while 0 <= at <= len(message) - PACKET_SIZE:
        if message[at] != SYNC_BYTE:
            at = message.find(SYNC_BYTE, at)
            continue
        marked = message[at + 1] & _UNIT_START and message[at + 3] & _ADAPTATION
        if marked and message[at + 5] & _RANDOM_ACCESS and message[at + 4]:
            pes = at + 5 + message[at + 4]
            begins = message[pes : pes + 3] == _START_CODE
            if begins and pes + 3 < len(message) and message[pes + 3] in _VIDEO_STREAMS:
                return True
        at += PACKET_SIZE
    return False
