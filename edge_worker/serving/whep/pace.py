"""When each packet of a stream is due: segments come in bursts, WebRTC wants an even flow.

A receiver lays sound beside picture by the moments at which their timestamps were sent (sender
reports, RFC 3550, 6.4.1). Packets that are sent when they are due, not as they come, make those
moments true. It costs no delay: what waits here would wait in the receiver's jitter buffer.
"""

from edge_worker.media.timestamps import ns_to_ticks, ticks_to_ns

_FAR_NS = 1_000_000_000
"""A timestamp that lies further off belongs to a clock that began anew."""
_LOOK_NS = 5_000_000_000
"""Over so long a time something must have come without slack."""


class Pace:
    """Puts packets on one clock that goes on when the stream's own begins anew."""

    def __init__(self) -> None:
        self._shift = 0
        """Ticks from the stream's clock to ours."""
        self._offset_ns: int | None = None
        """From our clock to the monotonic one."""
        self._newest = (0, 0)
        """Ticks of ours, and when they were placed."""
        self._slack_ns = _FAR_NS
        self._looked_ns = 0

    def place(self, pts: int, now_ns: int) -> tuple[int, int]:
        """Where a packet belongs.

        Args:
            pts: 90 kHz ticks of the stream's clock, unwrapped.
            now_ns: monotonic nanoseconds.

        Returns:
            Its timestamp in ticks, and when it is due in monotonic nanoseconds.
        """
        if self._offset_ns is None:
            self._offset_ns = now_ns - ticks_to_ns(pts)
            self._looked_ns = now_ns
        ahead_ns = ticks_to_ns(pts + self._shift) + self._offset_ns - now_ns
        if not -_FAR_NS < ahead_ns < _FAR_NS:
            self._go_on(pts, now_ns)
        elif ahead_ns < 0:
            self._offset_ns -= ahead_ns
            self._slack_ns = 0
        else:
            self._slack_ns = min(self._slack_ns, ahead_ns)
        self._tighten(now_ns)
        stamp = pts + self._shift
        self._newest = max(self._newest, (stamp, now_ns))
        return stamp, ticks_to_ns(stamp) + self._offset_ns

    def _go_on(self, pts: int, now_ns: int) -> None:
        """Follow another clock from where we are."""
        stamp, placed_ns = self._newest
        here = stamp + ns_to_ticks(now_ns - placed_ns)
        self._shift = here - pts
        self._offset_ns = now_ns - ticks_to_ns(here)

    def _tighten(self, now_ns: int) -> None:
        """Give back the delay that nothing has needed lately."""
        if now_ns - self._looked_ns < _LOOK_NS:
            return
        self._offset_ns = (self._offset_ns or 0) - self._slack_ns
        self._slack_ns, self._looked_ns = _FAR_NS, now_ns
