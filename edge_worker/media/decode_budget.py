"""Whether a picture larger than what is worked on can be decoded in time."""

from edge_worker.media.timestamps import TICKS_PER_SECOND, ticks_to_ns

_SHARE = 0.8
_OVERDUE_NS = 1_500_000_000
"""Nobody waits longer for a picture; a short slowness, as of a hot processor, stays below it."""
_FIRST_PAUSE = 60 * TICKS_PER_SECOND
_LONGEST_PAUSE = 32 * _FIRST_PAUSE


class DecodeBudget:
    """Watches the cost of decoding; what costs more than 80 % of a core does not fit.

    What a picture costs beyond its share of time is owed, what it costs less pays back. The budget
    is exceeded when 1.5 s are owed. After a minute it is tried again, and each time that fails the
    next pause is twice as long, up to 32 minutes.

    Thread CPU time is what counts, so that a busy neighbour is not taken for a large picture.
    """

    def __init__(self) -> None:
        self.exceeded = False
        """Only keyframes are worth decoding. Taken back with a picture that ends a pause."""
        self._owed_ns = 0.0
        self._newest: int | None = None
        self._changed = 0
        self._pause = 0

    def spend(self, pts: int, cost_ns: int) -> None:
        """A picture (90 kHz ticks, unwrapped) was decoded for ``cost_ns`` of CPU time."""
        elapsed = 0 if self._newest is None else pts - self._newest
        if self._newest is None or elapsed < 0:
            self._owed_ns, self._changed = 0.0, pts
        self._newest = pts
        if self.exceeded:
            self._try_again(pts)
            return
        self._owed_ns = max(0.0, self._owed_ns + cost_ns - _SHARE * ticks_to_ns(max(0, elapsed)))
        if self._owed_ns > _OVERDUE_NS:
            lasted = pts - self._changed
            longer = min(2 * self._pause, _LONGEST_PAUSE)
            self._pause = _FIRST_PAUSE if lasted > self._pause else max(longer, _FIRST_PAUSE)
            self.exceeded, self._changed = True, pts

    def _try_again(self, pts: int) -> None:
        if pts - self._changed >= self._pause:
            self.exceeded, self._changed, self._owed_ns = False, pts, 0.0
