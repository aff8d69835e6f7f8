"""NAL units of H.264 (ITU-T H.264, 7.4.1) and H.265 (ITU-T H.265, 7.4.2) in Annex B streams."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from edge_worker.media.access_unit import AccessUnit, Codec

AI_MARK = UUID("5f1a1c6e-6f1f-4d0b-9a4e-706f6c796c70")
"""Names the SEI message that says how a picture was altered."""

_START = b"\0\0\0\1"
_H264_DELIMITER = _START + b"\x09\xf0"
_HEVC_DELIMITER = _START + b"\x46\x01\x50"
_H264_SEI = 6
_HEVC_PREFIX_SEI = 39
_USER_DATA_UNREGISTERED = 5


def nal_units(data: bytes) -> Iterator[tuple[int, int, int]]:
    """(start of the start code, start, end) of every NAL unit."""
    code = data.find(b"\0\0\1")
    while code >= 0:
        start = code + 3
        following = data.find(b"\0\0\1", start)
        end = following if following >= 0 else len(data)
        while end > start and data[end - 1] == 0:
            end -= 1  # trailing zeros belong to the next, longer start code
        if end > start:
            yield (code - 1 if code and data[code - 1] == 0 else code), start, end
        code = following


def is_keyframe(codec: Codec, data: bytes) -> bool:
    """Tell whether decoding can start at this picture (IDR, or any IRAP of H.265)."""
    for _, start, _ in nal_units(data):
        kind = _nal_type(codec, data[start])
        if _is_picture(codec, kind):
            return kind == 5 if codec == "h264" else 16 <= kind <= 23
    return False


def with_delimiter(codec: Codec, data: bytes) -> bytes:
    """The picture with an access unit delimiter in front, which transport streams require."""
    delimiter = _H264_DELIMITER if codec == "h264" else _HEVC_DELIMITER
    wanted = delimiter[4]
    has_one = data[3:5] == bytes((1, wanted)) or data[2:4] == bytes((1, wanted))
    return data if has_one else delimiter + data


def add_sei(unit: AccessUnit, text: str, uuid: UUID = AI_MARK) -> AccessUnit:
    """The same picture with a user data SEI message (type 5) before its first slice."""
    body = uuid.bytes + text.encode()
    size = b"\xff" * (len(body) // 255) + bytes((len(body) % 255,))
    rbsp = bytes((_USER_DATA_UNREGISTERED,)) + size + body + b"\x80"
    head = bytes((_H264_SEI,)) if unit.codec == "h264" else bytes((_HEVC_PREFIX_SEI << 1, 1))
    at = _first_picture(unit)
    data = unit.data[:at] + _START + head + _escape(rbsp) + unit.data[at:]
    return replace(unit, data=data)


def read_sei(unit: AccessUnit, uuid: UUID = AI_MARK) -> str | None:
    """Text of the picture's user data SEI message with this UUID; None without one."""
    wanted, head_size = (_H264_SEI, 1) if unit.codec == "h264" else (_HEVC_PREFIX_SEI, 2)
    for _, start, end in nal_units(unit.data):
        kind = _nal_type(unit.codec, unit.data[start])
        if _is_picture(unit.codec, kind):
            return None
        if kind == wanted:
            text = _user_data(_unescape(unit.data[start + head_size : end]), uuid)
            if text is not None:
                return text
    return None


def _user_data(rbsp: bytes, uuid: UUID) -> str | None:
    if not rbsp or rbsp[0] != _USER_DATA_UNREGISTERED:
        return None
    size = 0
    position = 1
    while position < len(rbsp):
        size += rbsp[position]
        position += 1
        if rbsp[position - 1] != 255:
            break
    body = rbsp[position : position + size]
    return body[16:].decode(errors="replace") if body[:16] == uuid.bytes else None


def _nal_type(codec: Codec, first: int) -> int:
    return first & 31 if codec == "h264" else first >> 1 & 63


def _is_picture(codec: Codec, kind: int) -> bool:
    return 1 <= kind <= 5 if codec == "h264" else kind <= 31


def _first_picture(unit: AccessUnit) -> int:
    for code, start, _ in nal_units(unit.data):
        if _is_picture(unit.codec, _nal_type(unit.codec, unit.data[start])):
            return code
    return len(unit.data)


def _escape(rbsp: bytes) -> bytes:
    """Emulation prevention: no start code may appear inside a NAL unit."""
    out = bytearray()
    zeros = 0
    for byte in rbsp:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def _unescape(data: bytes) -> bytes:
    out = bytearray()
    zeros = 0
    for byte in data:
        if zeros >= 2 and byte == 3:
            zeros = 0
            continue
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)
