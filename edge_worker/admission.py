"""Whether one more stream can be awake here, by what those that are awake cost as measured.

Streams that sleep cost next to nothing and are always taken. One that is refused is tried again;
those that are awake are never put to sleep for it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mqtt_schemas import Rung

FULL: Final = 0.85
"""Of the usable cores: beyond, pictures come late whenever two visitors speak at once."""
FIRST_CORES: Final = 0.25
"""What a stream is taken to cost before anything was measured, cores."""
MEASURED_AFTER_NS: Final = 20_000_000_000
"""The newest average holds nothing from before then."""
FULL_FOR_NS: Final = 300_000_000_000
"""After a stream was refused: longer than a visit, so that none is handed to and fro."""
_SHORT: Final = {Rung.CAPTIONS_ONLY, Rung.PASS_THROUGH}
"""Rungs on which nothing is spoken for lack of time."""


@dataclass(frozen=True, slots=True)
class _Awake:
    since_ns: int
    rung: Callable[[], Rung]


class Admission:
    """Of one worker.

    Args:
        tau: CPU seconds of this worker over (seconds x usable cores), the average of late.
        cores: usable.
        clock: monotonic nanoseconds.
    """

    def __init__(
        self,
        tau: Callable[[], float],
        cores: float,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._tau = tau
        self._cores = cores
        self._clock = clock
        self._awake: dict[str, _Awake] = {}
        self._refused: set[str] = set()
        self._refused_ns: int | None = None

    @property
    def full(self) -> bool:
        """A stream was refused, of late or still."""
        held = self._refused_ns is not None and self._clock() - self._refused_ns < FULL_FOR_NS
        return bool(self._refused) or held

    @property
    def refused(self) -> frozenset[str]:
        """Streams that wait for room."""
        return frozenset(self._refused)

    @property
    def strained(self) -> bool:
        """Some stream that is awake is short of time."""
        return any(one.rung() is not Rung.FULL for one in self._awake.values())

    def ask(self, stream: str, rung: Callable[[], Rung]) -> str:
        """Take a stream that is to be awake, if there is room for it.

        Args:
            stream: id; one that was taken stays so until it leaves.
            rung: of its degrade ladder.

        Returns:
            Empty where it is taken, else why not, for people.
        """
        reason = "" if stream in self._awake else self._against(stream)
        if reason:
            self._refused.add(stream)
            self._refused_ns = self._clock()
        else:
            self._refused.discard(stream)
            self._awake.setdefault(stream, _Awake(self._clock(), rung))
        return reason

    def leave(self, stream: str) -> None:
        """It sleeps, or is served elsewhere."""
        self._awake.pop(stream, None)
        self._refused.discard(stream)

    def _against(self, stream: str) -> str:
        if not self._awake:
            return ""  # one is always tried: the ladder finds what can be done for it
        short = sorted(name for name, one in self._awake.items() if one.rung() in _SHORT)
        if short:
            return f"no room: {short[0]} is not translated for lack of time already"
        measured = self._measured
        each = self._tau() / len(measured) if measured else FIRST_CORES / self._cores
        fresh = len(self._awake) - len(measured)
        taken = (self._tau() if measured else 0.0) + fresh * each
        if taken + each <= FULL:
            return ""
        return (
            f"no room: {len(self._awake)} streams awake take {taken:.0%} of {self._cores:g} cores, "
            f"one more would take {each:.0%}; {stream} is tried again every few seconds"
        )

    @property
    def _measured(self) -> tuple[str, ...]:
        """Streams that the average is about."""
        now_ns = self._clock()
        named = self._awake.items()
        return tuple(name for name, one in named if now_ns - one.since_ns >= MEASURED_AFTER_NS)


@dataclass(frozen=True, slots=True)
class Place:
    """One stream's place among those that are awake here."""

    stream: str
    admission: Admission | None
    """None: everything is taken."""
    rung: Callable[[], Rung]

    def ask(self) -> str:
        """Take it; why there is none just now, for people, or empty."""
        return self.admission.ask(self.stream, self.rung) if self.admission is not None else ""

    def leave(self) -> None:
        """Wait for it no longer, or give it back."""
        if self.admission is not None:
            self.admission.leave(self.stream)
