"""What a camera does that others do not."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tests.rtsp_camera.hearing import BackChannel


class Reports(StrEnum):
    """What its RTCP sender reports (RFC 3550, 6.4.1) say of the time."""

    RIGHT = "right"
    """The time of day."""
    NONE = "none"
    """There are no reports."""
    ZERO = "zero"
    """NTP 0, as of a clock that was never set and does not run."""
    UNSET = "unset"
    """A clock that runs from 1970."""


def as_it_is(at_s: float) -> float:
    """Timestamps that tell the truth."""
    return at_s


@dataclass(frozen=True, slots=True)
class Traits:
    """All of them are harmless by default."""

    reports: Reports = Reports.RIGHT
    report_every_s: float = 1.0
    set_right_s: float | None = None
    """When its clock, unset until then, is set to the time of day."""
    account: tuple[str, str] | None = None
    """User and password, asked for by Digest authentication (RFC 2617)."""
    first_stamp: int = 1_000_000
    """RTP timestamp at the clip's start, of every track."""
    stamp: Callable[[float], float] = as_it_is
    """What its pictures' timestamps say (s) of a picture taken at a moment of the clip (s)."""
    sound_from_s: float = 0.0
    """The microphone says nothing before."""
    join_s: float = 0.0
    """Where in the clip whoever watches comes in."""
    tells_parameter_sets: bool = True
    """In the session description, not only in front of keyframes."""
    udp_only: bool = False
    """RTP over TCP is refused."""
    silent_from_s: float | None = None
    """It sends nothing more from here on, though its connection stays."""
    blind_from_s: float | None = None
    """It sends no more pictures from here on, but sound."""
    picture_direction: str = ""
    """As its session description has it."""
    back_channel: BackChannel | None = None
    """Its loudspeaker."""
    knows_require: bool = True
    """It answers 551 to what it has not; else it does not look."""
    basic: bool = False
    """It asks for the account by Basic authentication (RFC 7617)."""
