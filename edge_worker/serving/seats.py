"""How many may watch at once: in all, and one stream."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from edge_worker.serving.refusal import refusal


class Seats:
    """Bounds the clients that keep a connection busy.

    Args:
        in_all: of all streams.
        of_one: of one stream.
    """

    def __init__(self, in_all: int, of_one: int) -> None:
        self._in_all = in_all
        self._of_one = of_one
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """Clients at the moment."""
        return self._taken.total()

    @contextmanager
    def take(self, stream: str) -> Iterator[None]:
        """Sit down for as long as the context lasts; ``stream`` is empty for the page itself.

        Raises:
            web.HTTPException: 503 when the house is full, 429 when the stream is.
        """
        if self.taken >= self._in_all:
            raise refusal(503, f"{self._in_all} clients are served already; see http.clients")
        if stream and self._taken[stream] >= self._of_one:
            raise refusal(
                429,
                f"{stream} has {self._of_one} clients already; see http.clients_per_stream",
            )
        self._taken[stream] += 1
        try:
            yield
        finally:
            self._taken[stream] -= 1
            if not self._taken[stream]:
                del self._taken[stream]
