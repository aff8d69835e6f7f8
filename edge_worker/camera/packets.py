"""Packets as FFmpeg reads them, and their times."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av

from edge_worker.media.timestamps import TICKS_PER_SECOND

if TYPE_CHECKING:
    Packet = av.Packet[Any]
else:
    Packet = av.Packet  # generic only in its stubs

_USUAL_S = Fraction(1, 25)


def ticks_of(stamp: int, time_base: Fraction) -> int:
    """A timestamp in 90 kHz ticks, rounded."""
    return round(stamp * time_base * TICKS_PER_SECOND)


def duration_of(packet: Packet) -> int:
    """How long a packet lasts, in its own time base; what is usual where it does not say."""
    return packet.duration or round(_USUAL_S / packet.time_base)
