"""Which worker interprets a stream whose owner does not; the owner chooses."""

import time
from collections.abc import Callable, Sequence

_ANSWERS_NS = 5_000_000_000
"""Whoever has said nothing for so long does not interpret, whatever the broker says of it."""
_FRESH_NS = 3_000_000_000
_PASSED_OVER_NS = 60_000_000_000


class Appointment:
    """Of one stream.

    Args:
        clock: monotonic nanoseconds.

    Attributes:
        interpreter: the worker that is to interpret; empty while there is none.
    """

    def __init__(self, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self.interpreter = ""
        self._clock = clock
        self._heard_ns = clock()
        """When the interpreter reported last, or was appointed."""
        self._reported = False
        self._mute: dict[str, int] = {}
        """Who did not answer, and until when they are passed over."""

    @property
    def trouble(self) -> str:
        """For people: why nobody interprets just now; empty when somebody does."""
        if not self.interpreter:
            return (
                "no worker hears this stream, so nothing is translated: "
                "start `polylip worker --role atp`"
            )
        if not self._reported:
            return f"{self.interpreter} has been asked to hear this stream and does not yet"
        if self._clock() - self._heard_ns > _FRESH_NS:
            return f"{self.interpreter}, which hears this stream, does not answer"
        return ""

    def reported(self, worker: str) -> None:
        """A worker said that it interprets."""
        if worker == self.interpreter:
            self._heard_ns, self._reported = self._clock(), True

    def consider(self, ranking: Sequence[str], *, pause: bool) -> bool:
        """Choose anew; whoever interprets goes on until it cannot, or until a pause in speech.

        Args:
            ranking: workers that could, the best one first.
            pause: nothing is being said, translated or spoken.

        Returns:
            Whether it is another one than before.
        """
        now_ns = self._clock()
        if self.interpreter and now_ns - self._heard_ns > _ANSWERS_NS:
            self._mute[self.interpreter] = now_ns + _PASSED_OVER_NS
        self._mute = {one: until_ns for one, until_ns in self._mute.items() if until_ns > now_ns}
        able = [one for one in ranking if one not in self._mute] or list(ranking)
        best = able[0] if able else ""
        if best == self.interpreter or (self.interpreter in able and not pause):
            return False
        self.interpreter, self._heard_ns, self._reported = best, now_ns, False
        return True
