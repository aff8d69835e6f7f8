"""Where the loudspeaker is, as a person writes it, and as it may be shown."""

import re
import shlex
from dataclasses import dataclass
from enum import StrEnum

from edge_worker.camera.source import SourceAddress

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


class SpeakerKind(StrEnum):
    """What plays."""

    AUTO = "auto"
    """The back-channel of the source's own camera, if it has one."""
    DEVICE = "device"
    """An ALSA device of this machine."""
    COMMAND = "command"
    """A program that reads sound from its standard input."""
    RTSP = "rtsp"
    """The back-channel of an RTSP server: a doorbell, a camera, go2rtc."""


@dataclass(frozen=True, slots=True)
class SpeakerAddress:
    """A loudspeaker."""

    kind: SpeakerKind
    target: str = ""
    """ALSA name, command line, or URL with its account."""

    @classmethod
    def read(cls, text: str) -> "SpeakerAddress":
        """Read ``auto``, ``device:NAME``, ``command:PROGRAM ARGUMENTS`` or ``rtsp://...``.

        Raises:
            ValueError: it is none of these; says what is wrong with it.
        """
        if text == SpeakerKind.AUTO:
            return cls(SpeakerKind.AUTO)
        if text.startswith(("rtsp://", "rtsps://")):
            return cls(SpeakerKind.RTSP, text)
        kind, mark, target = text.partition(":")
        if not mark or kind not in {SpeakerKind.DEVICE, SpeakerKind.COMMAND}:
            raise ValueError(
                f"talkback {shown(text)!r}: take auto, device:NAME, command:PROGRAM ARGUMENTS "
                "or rtsp://..."
            )
        if not target.strip():
            raise ValueError(f"talkback {kind}: its name is missing, as in {kind}:{_EXAMPLE[kind]}")
        address = cls(SpeakerKind(kind), target)
        if address.kind is SpeakerKind.COMMAND:
            _ = address.command
        return address

    @property
    def command(self) -> tuple[str, ...]:
        """The argument list of a command, split as a shell would but run without one.

        Raises:
            ValueError: a quotation mark is not closed.
        """
        try:
            return tuple(shlex.split(self.target))
        except ValueError as error:
            raise ValueError(f"talkback command: {error}") from error

    def __str__(self) -> str:
        """For messages: nothing in it can be a password."""
        if self.kind is SpeakerKind.RTSP:
            return str(SourceAddress(self.target))
        if self.kind is SpeakerKind.COMMAND:
            return f"command {self.command[0]}"
        return f"{self.kind} {self.target}".strip()


_EXAMPLE = {"device": "default", "command": "aplay -t raw -f S16_LE -r 48000"}


def shown(text: str) -> str:
    """A text in which every URL is cut to what may be shown of it."""
    return _URL.sub(lambda match: str(SourceAddress(match[0])), text)
