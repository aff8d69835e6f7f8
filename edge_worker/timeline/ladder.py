"""The degrade ladder: one way down under overload, with hysteresis, and back up."""

from dataclasses import dataclass

from mqtt_schemas import Rung

ORDER = (
    Rung.FULL,
    Rung.LIPS_HALF_RATE,
    Rung.AUDIO_ONLY,
    Rung.CAPTIONS_ONLY,
    Rung.PASS_THROUGH,
)


@dataclass(frozen=True, slots=True)
class LadderLimits:
    """When to step down and up."""

    late_ns: int = 150_000_000
    """Playout that runs later than this is overloaded."""
    down_after_ns: int = 1_000_000_000
    """Overload must last this long before each step down."""
    up_after_ns: int = 20_000_000_000
    """Ease must last this long before each step up; doubled by every relapse."""
    longest_up_after_ns: int = 120_000_000_000
    relapse_ns: int = 60_000_000_000
    """A step down this soon after a step up is a relapse."""


class Ladder:
    """Decides the rung from how late playout runs."""

    def __init__(self, limits: LadderLimits | None = None) -> None:
        self._limits = limits or LadderLimits()
        self._rung = 0
        self._late_since_ns: int | None = None
        self._eased_since_ns: int | None = None
        self._up_after_ns = self._limits.up_after_ns
        self._stepped_up_ns: int | None = None

    @property
    def rung(self) -> Rung:
        """The rung in force."""
        return ORDER[self._rung]

    def observe(self, now_ns: int, late_ns: int, *, held: bool = False) -> Rung:
        """Take note of how late the newest output was.

        Args:
            now_ns: monotonic.
            late_ns: of the newest output.
            held: something else is known to be too slow still, so that this is no ease.
        """
        if late_ns > self._limits.late_ns:
            self._eased_since_ns = None
            if self._late_since_ns is None:
                self._late_since_ns = now_ns
            elif now_ns - self._late_since_ns >= self._limits.down_after_ns:
                self.step_down(now_ns)
            return self.rung
        self._late_since_ns = None
        if held:
            self._eased_since_ns = None
        elif late_ns < self._limits.late_ns // 2:
            if self._eased_since_ns is None:
                self._eased_since_ns = now_ns
            elif now_ns - self._eased_since_ns >= self._up_after_ns:
                self._step_up(now_ns)
        return self.rung

    def step_down(self, now_ns: int) -> None:
        """Step down at once: something other than playout cannot keep up."""
        self._eased_since_ns, self._late_since_ns = None, now_ns
        if self._rung == len(ORDER) - 1:
            return
        self._rung += 1
        stepped_up_ns, self._stepped_up_ns = self._stepped_up_ns, None
        if stepped_up_ns is not None and now_ns - stepped_up_ns < self._limits.relapse_ns:
            self._up_after_ns = min(self._up_after_ns * 2, self._limits.longest_up_after_ns)

    def _step_up(self, now_ns: int) -> None:
        self._eased_since_ns = now_ns
        if self._rung > 0:
            self._rung -= 1
            self._stepped_up_ns = now_ns
        else:
            self._up_after_ns = self._limits.up_after_ns
