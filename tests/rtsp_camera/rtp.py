"""RTP packets (RFC 3550) of coded pictures (RFC 6184, 7798) and sound (RFC 3551, 3640)."""

import struct
import time

from edge_worker.media.nal import nal_units

PICTURE_TYPE, SOUND_TYPE = 96, 97
_NTP_EPOCH_S = 2_208_988_800
_MTU = 1400
_H264_FRAGMENT, _H265_FRAGMENT = 28, 49


def payloads_of(codec: str, data: bytes) -> list[bytes]:
    """What the RTP packets of one picture or one frame of sound carry."""
    if codec in {"h264", "hevc"}:
        cut = _h264_fragments if codec == "h264" else _h265_fragments
        return [part for _, start, end in nal_units(data) for part in cut(data[start:end])]
    if codec == "aac":
        return [struct.pack(">HH", 16, len(data) << 3) + data]
    return [data]


def rtp(kind: int, sequence: int, stamp: int, ssrc: int, payload: bytes, *, last: bool) -> bytes:
    """One packet; ``last`` of its picture."""
    head = struct.pack(
        ">BBHII", 0x80, kind | last << 7, sequence & 0xFFFF, stamp & 0xFFFFFFFF, ssrc
    )
    return head + payload


def sender_report(stamp: int, ssrc: int, utc_ns: int | None) -> bytes:
    """A sender report: this RTP timestamp is now; NTP 0 without ``utc_ns``."""
    ntp = (0, 0)
    if utc_ns is not None:
        seconds, rest_ns = divmod(utc_ns, 1_000_000_000)
        ntp = (seconds + _NTP_EPOCH_S & 0xFFFFFFFF, (rest_ns << 32) // 1_000_000_000)
    return struct.pack(">BBHIIIIII", 0x80, 200, 6, ssrc, *ntp, stamp & 0xFFFFFFFF, 0, 0)


def unset_clock_ns(running_since: float) -> int:
    """What a clock says that began at 1970 when the camera did (``time.monotonic``)."""
    return round((time.monotonic() - running_since) * 1e9)


def _h264_fragments(nal: bytes) -> list[bytes]:
    """As it is, or in FU-A fragments (RFC 6184, 5.8)."""
    if len(nal) <= _MTU:
        return [nal]
    indicator, kind, body = nal[0] & 0xE0 | _H264_FRAGMENT, nal[0] & 31, nal[1:]
    return [bytes((indicator, edges | kind)) + part for edges, part in _cut(body)]


def _h265_fragments(nal: bytes) -> list[bytes]:
    """As it is, or in fragmentation units (RFC 7798, 4.4.3)."""
    if len(nal) <= _MTU:
        return [nal]
    head = bytes((nal[0] & 0x81 | _H265_FRAGMENT << 1, nal[1]))
    kind, body = nal[0] >> 1 & 63, nal[2:]
    return [head + bytes((edges | kind,)) + part for edges, part in _cut(body)]


def _cut(body: bytes) -> list[tuple[int, bytes]]:
    """(start and end bits, part) of a NAL unit's body."""
    return [
        ((at == 0) << 7 | (at + _MTU >= len(body)) << 6, body[at : at + _MTU])
        for at in range(0, len(body), _MTU)
    ]
