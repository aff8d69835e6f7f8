"""Overload, wherever it is felt, becomes steps on the degrade ladder that the world is told of."""

import time
from collections.abc import Callable

from edge_worker.session.reporter import Reporter
from edge_worker.timeline import Ladder
from mqtt_schemas import EventType, Rung

_FELT_NS = 1_000_000_000
"""A dropped segment, or one that waited, counts as lateness for this long."""
_SLOW_NS = 3_000_000_000
"""A translation whose text comes later than this after the last word is too slow."""
_SLOW_IN_A_ROW = 2
_HELD_NS = 30_000_000_000
"""For this long after a translation that was too slow, nothing counts as ease."""
_LOWEST = {Rung.CAPTIONS_ONLY, Rung.PASS_THROUGH}


class Pressure:
    """Of one session.

    Args:
        reporter: tells the world.
        clock: monotonic nanoseconds.

    Attributes:
        changed: called after every step.
    """

    def __init__(self, reporter: Reporter, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.changed: Callable[[], None] = lambda: None
        self._reporter = reporter
        self._clock = clock
        self._ladder = Ladder()
        self._dropped = 0
        self._dropped_at_ns: int | None = None
        self._waited_ns = 0
        self._waited_at_ns: int | None = None
        self._slow = 0
        self._held_until_ns: int | None = None

    @property
    def rung(self) -> Rung:
        """Of the degrade ladder."""
        return self._ladder.rung

    def late(self, late_ns: int) -> None:
        """Playout took this long for what was due."""
        now_ns, before = self._clock(), self.rung
        if self._dropped_at_ns is not None and now_ns - self._dropped_at_ns < _FELT_NS:
            late_ns = max(late_ns, _FELT_NS)
        if self._waited_at_ns is not None and now_ns - self._waited_at_ns < _FELT_NS:
            late_ns = max(late_ns, self._waited_ns)
        held = self._held_until_ns is not None and now_ns < self._held_until_ns
        self._ladder.observe(now_ns, late_ns, held=held)
        self._tell(before)

    def waited(self, waited_ns: int) -> None:
        """A segment has been decoded this long after it came: ingest cannot keep up either."""
        self._waited_ns, self._waited_at_ns = waited_ns, self._clock()

    def translated(self, lag_ns: int) -> None:
        """A text was ready this long after its last word was spoken.

        Slow ones in a row step down as far as captions, which are worth having late.
        """
        if lag_ns <= _SLOW_NS:
            self._slow = 0
            return
        before, self._slow = self.rung, self._slow + 1
        self._held_until_ns = self._clock() + _HELD_NS
        if self._slow >= _SLOW_IN_A_ROW and before not in _LOWEST:
            self._ladder.step_down(self._clock())
            self._tell(before)

    def dropped(self, total: int) -> None:
        """So many segments have been dropped unread since the session began."""
        if total > self._dropped:
            self._dropped, self._dropped_at_ns = total, self._clock()
            self.late(_FELT_NS)

    def behind(self) -> None:
        """Translation cannot keep up with the speaker and leaves out what comes now."""
        before = self.rung
        self._ladder.step_down(self._clock())
        detail = "translation is too far behind the speaker: it leaves out what is said just now"
        self._reporter.event(EventType.OVERLOAD, detail=detail)
        self._tell(before)

    def _tell(self, before: Rung) -> None:
        if self.rung is not before:
            self._reporter.rung(before, self.rung)
            self.changed()
