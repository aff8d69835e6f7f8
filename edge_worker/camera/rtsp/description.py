"""Session descriptions (RFC 4566), as far as the way back to the camera needs them."""

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

_STATIC = {
    0: ("PCMU", 8000, 1),
    8: ("PCMA", 8000, 1),
    10: ("L16", 44_100, 2),
    11: ("L16", 44_100, 1),
}
"""Payload types that need no ``rtpmap`` (RFC 3551, table 4): encoding, clock, channels."""
_RTPMAP = re.compile(r"a=rtpmap:([0-9]{1,3}) +([A-Za-z0-9_.-]+)/([0-9]{1,6})(?:/([0-9]{1,2}))?")
_DIRECTIONS = {"sendonly", "recvonly", "sendrecv", "inactive"}


@dataclass(frozen=True, slots=True)
class Format:
    """One coding that a track takes."""

    payload_type: int
    encoding: str
    """As registered for RTP, upper case; empty when the description does not tell."""
    clock_rate: int
    """Hertz."""
    channels: int = 1
    parameters: str = ""
    """``fmtp``."""


@dataclass(frozen=True, slots=True)
class Track:
    """One medium of a session."""

    medium: str
    """video, audio or application."""
    direction: str
    """As written; empty where nothing is."""
    formats: tuple[Format, ...]
    """In the order that the server prefers."""
    control: str
    """What SETUP asks for; may be relative."""


def read_description(text: str) -> tuple[str, list[Track]]:
    """Read a description; what cannot be read is left out.

    Returns:
        (control of the session as a whole, its tracks)
    """
    sections: list[list[str]] = [[]]
    for written in text.splitlines():
        line = "".join(filter(str.isprintable, written)).strip()
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line)
    return _attribute(sections[0], "control"), [_track(lines) for lines in sections[1:]]


def back_channel(tracks: list[Track]) -> Track | None:
    """The track that takes sound, if there is one.

    ONVIF (Streaming Specification, 5.3) writes directions as the client sees them: what it
    sends is ``sendonly``. Where the pictures are ``sendonly``, the server writes them as it sees
    them itself. A track of both directions will do.
    """
    server_s_view = any(t.medium == "video" and t.direction == "sendonly" for t in tracks)
    wanted = "recvonly" if server_s_view else "sendonly"
    found = {track.direction: track for track in reversed(tracks) if track.medium == "audio"}
    return found.get(wanted) or found.get("sendrecv")


def control_url(base: str, control: str) -> str:
    """The URL of a track or session (RFC 2326, C.1.1); a relative one is appended to ``base``.

    Raises:
        ValueError: it is none, as with a bracket that is not closed.
    """
    if not control or control == "*":
        return base
    if urlsplit(control).scheme:
        return control
    if control.startswith("/"):
        return urljoin(base, control)
    return f"{base.rstrip('/')}/{control}"


def _track(lines: list[str]) -> Track:
    medium, _, rest = lines[0].removeprefix("m=").partition(" ")
    types = [int(word) for word in rest.split()[2:] if re.fullmatch("[0-9]{1,3}", word)]
    directions = [line[2:] for line in lines if line[:2] == "a=" and line[2:] in _DIRECTIONS]
    return Track(
        medium=medium,
        direction=directions[0] if directions else "",
        formats=tuple(_format(lines, kind) for kind in types),
        control=_attribute(lines, "control"),
    )


def _format(lines: list[str], kind: int) -> Format:
    encoding, clock_rate, channels = _STATIC.get(kind, ("", 0, 1))
    for line in lines:
        if (told := _RTPMAP.match(line)) and int(told[1]) == kind:
            encoding, clock_rate = told[2].upper(), int(told[3])
            channels = int(told[4] or 1)
    parameters = next(
        (line.partition(" ")[2] for line in lines if line.startswith(f"a=fmtp:{kind} ")), ""
    )
    return Format(kind, encoding, clock_rate, channels, parameters)


def _attribute(lines: list[str], name: str) -> str:
    start = f"a={name}:"
    return next((line.removeprefix(start).strip() for line in lines if line.startswith(start)), "")
