"""Whether a camera's clock keeps time at all, judged by the arrival of what it stamps."""

from collections import deque
from statistics import median

from edge_worker.media.timestamps import TICKS_PER_SECOND

_WINDOW, _WINDOWS = 2 * TICKS_PER_SECOND, 5
_MAX_ERROR = 0.1
_STANDSTILL, _STANDING_PACKETS = TICKS_PER_SECOND // 2, 10


class ClockWatch:
    """Watches the timestamps of one track, between its jumps.

    The median of five windows of 2 s decides, so that a network that stalls for some seconds and
    then delivers all at once is not taken for a wrong clock.
    """

    def __init__(self) -> None:
        self._progress = 0
        self._begun: tuple[int, int] | None = None
        self._speeds: deque[float] = deque(maxlen=_WINDOWS)
        self._moved_at: int | None = None
        self._standing = 0

    def take(self, step: int, arrival: int, *, same: bool) -> str | None:
        """A timestamp came.

        Args:
            step: ticks that it lies above all before it, 0 if it does not.
            arrival: of its packet, ticks of any steady clock.
            same: it is exactly the highest before it.

        Returns:
            What is wrong, in words; None as long as nothing is.
        """
        self._progress += step
        if self._begun is None:
            self._begun = (self._progress, arrival)
        if self._moved_at is None or not same:
            self._moved_at, self._standing = arrival, 0
        self._standing += same
        if self._standing > _STANDING_PACKETS and arrival - self._moved_at > _STANDSTILL:
            return "timestamps stand still"
        return self._judge_speed(arrival)

    def _judge_speed(self, arrival: int) -> str | None:
        progress, begun = self._begun or (self._progress, arrival)
        if arrival - begun < _WINDOW:
            return None
        self._speeds.append((self._progress - progress) / (arrival - begun))
        self._begun = (self._progress, arrival)
        speed = median(self._speeds)
        if len(self._speeds) < _WINDOWS or abs(speed - 1) <= _MAX_ERROR:
            return None
        return f"clock runs at {speed:.2f} of its speed"
