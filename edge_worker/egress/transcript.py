"""What was said on a stream while it was recorded, and where that lies on the recording."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from edge_worker.captions import Caption, Captions
from edge_worker.egress.runs import Run
from edge_worker.span import Span
from edge_worker.transport import Message
from mqtt_schemas import (
    Channel,
    ClockAnchor,
    MediaProperties,
    Topics,
    UtteranceMessage,
    UtteranceStage,
    decode,
)

Item = TypeVar("Item")

_EARLY_NS = 2_000_000_000
"""A segment may begin this much before the keyframe with which its run begins."""


class OutStamp(NamedTuple):
    """What an output segment says of itself."""

    pts_ns: int
    """Output PTS."""
    utc_ns: int
    """UTC of capture."""


@dataclass(slots=True)
class Transcript:
    """Notes a stream's utterances, clocks and output segments as any subscriber hears them.

    Media times and output times count anew in every epoch, so each is read by its own.
    """

    utterances: dict[str, UtteranceMessage] = field(default_factory=dict)
    """The newest settled message of each utterance, by its id."""
    anchors: dict[str, ClockAnchor] = field(default_factory=dict)
    """The newest anchor of each epoch, in order of the epochs."""
    out_stamps: dict[str, list[OutStamp]] = field(default_factory=dict)
    """Of every output segment, by epoch, in order of arrival."""

    @property
    def anchor(self) -> ClockAnchor | None:
        """Of the newest epoch."""
        return next(reversed(self.anchors.values()), None)

    def said(self, topics: Topics, message: Message) -> None:
        """Take a message; those that tell nothing here are passed by.

        Raises:
            MessageRefused: it breaks the contract.
        """
        address = topics.parse(message.topic)
        if address is None or not message.payload:
            return
        if address.channel is Channel.UTTERANCE:
            utterance = decode(UtteranceMessage, address, message.payload)
            if utterance.stage is not UtteranceStage.PARTIAL:
                self.utterances[utterance.utterance] = utterance
        elif address.channel is Channel.STREAM_CLOCK:
            anchor = decode(ClockAnchor, address, message.payload)
            self.anchors.pop(anchor.epoch, None)
            self.anchors[anchor.epoch] = anchor

    def segment(self, message: Message) -> None:
        """Note the stamps of an output segment; without an epoch it counts for the newest.

        Raises:
            MessageRefused: its user properties are nonsense.
        """
        known = MediaProperties.from_pairs(message.topic, message.user_properties)
        if known.pts_ns is not None and known.capture_ns is not None:
            epoch = known.epoch or (self.anchor.epoch if self.anchor else "")
            stamp = OutStamp(known.pts_ns, known.capture_ns)
            self.out_stamps.setdefault(epoch, []).append(stamp)

    def delay_ns(self, media_ns: int, epoch: str) -> int:
        """The playout delay in force when media time ``media_ns`` of ``epoch`` was played."""
        anchor, stamps = self.anchors.get(epoch), self.out_stamps.get(epoch)
        if anchor is None or not stamps:
            return 0
        media_of_utc = anchor.pts_ns - anchor.utc_ns
        nearest = _nearest(stamps, media_ns - media_of_utc, lambda stamp: stamp.utc_ns)
        return nearest.pts_ns - (nearest.utc_ns + media_of_utc)

    def placed(self, message: UtteranceMessage, runs: Sequence[Run]) -> Span | None:
        """Where an utterance's translation is heard in the film; None: it was not spoken."""
        run = _run_of(self._played(runs), message.epoch, self._shown_ns(message))
        return None if run is None else self._spoken(message, run)

    def captions(self, runs: Sequence[Run], target_language: str, film: int = 0) -> Captions:
        """Captions of everything that lies whole within one run of a film.

        Args:
            runs: of the recording.
            target_language: of the recorded output.
            film: number of the film.
        """
        played = self._played(runs)
        messages = sorted(self.utterances.values(), key=lambda one: one.start_ns)
        entries = [
            (run, self._caption(one, run))
            for one in messages
            if (run := _run_of(played, one.epoch, self._shown_ns(one))) is not None
            and run.film == film
            and self._lies_within(one, run)
        ]
        languages = Counter(one.source_language for one in messages if one.source_language)
        return Captions(
            source_language=languages.most_common(1)[0][0] if languages else "",
            target_language=target_language,
            entries=tuple(
                one for _, one in sorted(entries, key=lambda pair: pair[0].film_start_ns)
            ),
        )

    def _caption(self, message: UtteranceMessage, run: Run) -> Caption:
        spoken = self._spoken(message, run)
        return Caption(
            source_text=message.source_text,
            target_text=message.target_text,
            source=self._on_film(message.epoch, Span(message.start_ns, message.end_ns), run),
            spoken=spoken,
            off_camera=message.off_camera and spoken is not None,
            reason="" if spoken is not None else message.reason or message.verdict.value,
        )

    def _lies_within(self, message: UtteranceMessage, run: Run) -> bool:
        media = _shown(message)
        shown = media.shifted(self.delay_ns(media.start_ns, message.epoch))
        last_ns = max(stamp.pts_ns for stamp in self.out_stamps[message.epoch])
        end_ns = min(last_ns, run.output.end_ns)
        return run.output.start_ns <= shown.start_ns and shown.end_ns <= end_ns

    def _spoken(self, message: UtteranceMessage, run: Run) -> Span | None:
        if message.placed_start_ns is None or message.placed_end_ns is None:
            return None
        return self._on_film(message.epoch, _shown(message), run)

    def _on_film(self, epoch: str, media: Span, run: Run) -> Span:
        return media.shifted(self.delay_ns(media.start_ns, epoch) + run.shift_ns)

    def _shown_ns(self, message: UtteranceMessage) -> int:
        """Output time at which its caption begins."""
        start_ns = _shown(message).start_ns
        return start_ns + self.delay_ns(start_ns, message.epoch)

    def _played(self, runs: Sequence[Run]) -> "Played":
        """In which run each segment lies; the runs follow each other as the segments do."""
        found: Played = {}
        at, last_ns = 0, 0
        for epoch, stamps in self.out_stamps.items():
            for pts_ns, _ in stamps:
                if pts_ns < last_ns - _EARLY_NS or pts_ns >= runs[at].output.end_ns:
                    following = range(at + 1, len(runs))
                    at = next((n for n in following if _holds(runs[n], pts_ns)), at)
                if _holds(runs[at], pts_ns):
                    found.setdefault(epoch, []).append((pts_ns, runs[at]))
                last_ns = pts_ns
        return found


Played = dict[str, list[tuple[int, Run]]]
"""Output PTS of each segment, and its run, by epoch."""


def _holds(run: Run, pts_ns: int) -> bool:
    return run.output.start_ns - _EARLY_NS <= pts_ns < run.output.end_ns


def _run_of(played: Played, epoch: str, output_ns: int) -> Run | None:
    segments = played.get(epoch)
    return _nearest(segments, output_ns, lambda one: one[0])[1] if segments else None


def _shown(message: UtteranceMessage) -> Span:
    """Media time of the translated speech, or of the original where it was not spoken."""
    if message.placed_start_ns is None or message.placed_end_ns is None:
        return Span(message.start_ns, message.end_ns)
    return Span(message.placed_start_ns, message.placed_end_ns)


def _nearest(ordered: Sequence[Item], time_ns: int, time_of: Callable[[Item], int]) -> Item:
    """Of a list in order of time, whichever lies nearest."""
    after = bisect_left(ordered, time_ns, key=time_of)
    near = ordered[max(0, after - 1) : after + 1]
    return min(near, key=lambda one: abs(time_of(one) - time_ns))
