"""Which replies come too late to be spoken: the visitor may be another one by now."""

_MAX_AGE_NS = 5_000_000_000
_SAME_CLOCK_NS = 1_000_000_000
_DRIFT = 10_000
"""Nanoseconds in which two clocks that nobody sets part by one: 100 ppm."""


class Freshness:
    """Judges the age of replies by the sender's clock, which need not be ours.

    The difference of the clocks is learned from the replies themselves: one that is on its way
    for 5 s longer than the quickest before it is stale. When the next one is just as late, a
    clock was set anew.
    """

    def __init__(self) -> None:
        self._quickest_ns: int | None = None
        self._judged_ns = 0
        self._refused_ns: int | None = None

    def stale(self, sent_ns: int, received_ns: int) -> bool:
        """Judge a reply by its first segment.

        Args:
            sent_ns: UTC by the sender's clock.
            received_ns: UTC by ours.
        """
        took_ns = received_ns - sent_ns
        usual_ns = took_ns if self._quickest_ns is None else self._quickest_ns
        usual_ns += abs(received_ns - self._judged_ns) // _DRIFT
        refused_ns, self._refused_ns = self._refused_ns, None
        set_anew = refused_ns is not None and abs(took_ns - refused_ns) <= _SAME_CLOCK_NS
        if took_ns - usual_ns > _MAX_AGE_NS and not set_anew:
            self._refused_ns = took_ns
            return True
        self._quickest_ns = took_ns if set_anew else min(took_ns, usual_ns)
        self._judged_ns = received_ns
        return False
