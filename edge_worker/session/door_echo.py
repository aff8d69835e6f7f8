"""What a stream's loudspeaker plays, told to whichever session hears its microphone."""

from collections.abc import Callable

from edge_worker.items import Samples
from edge_worker.session.session import Session


class DoorEcho:
    """Stands for the session of a stream, which comes and goes.

    Args:
        session: the one that serves the stream now; None while it sleeps or is another worker's.
    """

    def __init__(self, session: Callable[[], Session | None]) -> None:
        self._session = session

    def expect(self, samples: Samples, sample_rate: int, start_utc_ns: int, *, reply: str) -> None:
        """The loudspeaker plays this sound, shape (n,); told again when known more exactly."""
        if (session := self._session()) is not None:
            session.expect(samples, sample_rate, start_utc_ns, reply=reply)

    def stop(self, end_utc_ns: int, *, reply: str) -> None:
        """It ended before its end."""
        if (session := self._session()) is not None:
            session.expect_end(end_utc_ns, reply=reply)
