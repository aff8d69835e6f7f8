"""Stretches of time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time."""

    start_ns: int
    end_ns: int

    @property
    def duration_ns(self) -> int:
        """Length of the stretch."""
        return self.end_ns - self.start_ns

    @property
    def middle_ns(self) -> int:
        """The moment halfway."""
        return (self.start_ns + self.end_ns) // 2

    def overlap_ns(self, other: "Span") -> int:
        """How long both last together; 0 when they do not meet."""
        return max(0, min(self.end_ns, other.end_ns) - max(self.start_ns, other.start_ns))

    def shifted(self, by_ns: int) -> "Span":
        """The same stretch ``by_ns`` later."""
        return Span(self.start_ns + by_ns, self.end_ns + by_ns)


def covered_ns(span: Span, by: Sequence[Span]) -> int:
    """How much of ``span`` the spans ``by`` cover; they must not overlap each other."""
    return sum(span.overlap_ns(other) for other in by)


def within(
    times_ns: NDArray[np.int64], spans: Sequence[Span], margin_ns: int = 0
) -> NDArray[np.bool_]:
    """Which of the times lie in one of the spans, or at most ``margin_ns`` outside."""
    inside = np.zeros(len(times_ns), bool)
    for span in spans:
        inside |= (times_ns >= span.start_ns - margin_ns) & (times_ns < span.end_ns + margin_ns)
    return inside
