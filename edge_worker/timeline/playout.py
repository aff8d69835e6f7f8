"""What of the source plays at each moment of the output, through every change of the delay."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of the output."""

    media_ns: int
    """The source's media time that plays."""
    frozen: bool
    """True while a longer delay is being taken up: the last picture stays, no sound."""


class PlayoutClock:
    """Maps output time to source media time.

    Output time runs at wall rate and is never broken: output = source + delay. A longer delay
    holds the source back until it has caught up; a shorter one jumps over source time. The caller
    changes the delay only in silence.
    """

    def __init__(self, delay_ns: int) -> None:
        self._delay_ns = delay_ns
        self._reached_ns: int | None = None

    @property
    def delay_ns(self) -> int:
        """The delay in force."""
        return self._delay_ns

    def set_delay(self, delay_ns: int) -> None:
        """Put another delay in force from the next moment on."""
        self._delay_ns = delay_ns

    def restart(self) -> None:
        """The media clock began anew: nothing of it has played."""
        self._reached_ns = None

    def at(self, output_ns: int) -> Moment:
        """The moment at ``output_ns``; calls must come in order of time."""
        media_ns = output_ns - self._delay_ns
        if self._reached_ns is not None and media_ns < self._reached_ns:
            return Moment(self._reached_ns, frozen=True)
        self._reached_ns = media_ns
        return Moment(media_ns, frozen=False)
