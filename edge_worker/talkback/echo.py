"""Whoever takes the door's own loudspeaker out of what its microphone hears."""

from typing import Protocol

from edge_worker.items import Samples


class Echo(Protocol):
    """Is told what is played, and when, so that a reply is never translated back."""

    def expect(self, samples: Samples, sample_rate: int, start_utc_ns: int, *, reply: str) -> None:
        """The loudspeaker plays this sound; told again when it is known more exactly.

        Args:
            samples: shape (n,), full scale +-1.
            sample_rate: hertz.
            start_utc_ns: when it begins, or is thought to, UTC.
            reply: transaction that it is of.
        """
        ...

    def stop(self, end_utc_ns: int, *, reply: str) -> None:
        """It ended before its end.

        Args:
            end_utc_ns: when, UTC.
            reply: transaction that it was of.
        """
        ...


class NoEcho:
    """For a door whose microphone does not hear its loudspeaker, or that nobody listens to."""

    def expect(self, samples: Samples, sample_rate: int, start_utc_ns: int, *, reply: str) -> None:
        """Nothing is done about it."""

    def stop(self, end_utc_ns: int, *, reply: str) -> None:
        """Nothing is done about it."""
