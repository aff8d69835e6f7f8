"""Whether a stream has a source."""

import time

_GONE_S = 600.0
"""A source that nobody declared is gone after so long without a segment."""


class Sighting:
    """What was seen of one stream's camera side."""

    def __init__(self) -> None:
        self._declared = False
        self._heard_s: float | None = None

    @property
    def present(self) -> bool:
        """There is a source: its camera declared it, or segments have come lately."""
        heard = self._heard_s is not None and time.monotonic() - self._heard_s < _GONE_S
        return self._declared or heard

    def declare(self) -> None:
        """The camera side described the stream."""
        self._declared = True

    def hear(self) -> None:
        """A segment came."""
        self._heard_s = time.monotonic()

    def reconnected(self) -> None:
        """All that is retained comes again, the description too if it still holds."""
        if self._declared:
            self._declared = False
            self.hear()
