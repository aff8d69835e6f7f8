"""Where the finished segments of one stream go, and what is stated beside them."""

from collections.abc import Sequence

from edge_worker.egress import OutputSegment
from edge_worker.media.clock import ClockUnsetError, MediaClock
from edge_worker.session.announcer import Announcer
from edge_worker.session.epochs import Epochs
from edge_worker.session.reporter import Reporter, SegmentStamp


class Outlet:
    """Sends segments to the topic of the language in which the stream is heard now.

    Args:
        stream: id.
        language: of the output.
        term: under which the stream is owned.
        announcer: knows the topics.
        reporter: publishes.
        clock: of the source.
        epochs: of the source.

    Attributes:
        language: of the output; may be set at any segment boundary.
        term: under which the stream is owned; likewise.
    """

    def __init__(
        self,
        stream: str,
        language: str,
        term: int,
        announcer: Announcer,
        reporter: Reporter,
        clock: MediaClock,
        epochs: Epochs,
    ) -> None:
        self.language = language
        self._stream = stream
        self.term = term
        self._announcer = announcer
        self._reporter = reporter
        self._clock = clock
        self._epochs = epochs

    @property
    def topic(self) -> str:
        """Where the output goes."""
        return self._announcer.topics.out_av(self._stream, self.language)

    def send(self, segments: Sequence[OutputSegment], epoch: str, delay_ns: int) -> None:
        """Send segments whose media was captured in ``epoch`` and plays ``delay_ns`` later."""
        current = epoch == self._epochs.current
        utc_of = self.captured_utc_ns if current else _unknown
        stamp = SegmentStamp(epoch, self.term, delay_ns, utc_of)
        for segment in segments:
            self._reporter.segment(segment, stamp, self.topic)

    def end(self, segments: Sequence[OutputSegment], epoch: str) -> None:
        """Send the last segments of ``epoch``, which is over."""
        for segment in segments:
            stamp = SegmentStamp(epoch, self.term, 0, _unknown)
            self._reporter.segment(segment, stamp, self.topic)

    def captured_utc_ns(self, media_ns: int) -> int | None:
        """UTC of a media time; None while the clock is, or may be, another epoch's."""
        if self._clock.epoch != self._epochs.current:
            return None
        try:
            return self._clock.utc_of(media_ns)
        except ClockUnsetError:
            return None


def _unknown(_media_ns: int) -> None:
    """Of a clock that is over no moment is known."""
