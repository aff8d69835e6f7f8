"""The orchestrator: the only place that decides when something plays."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from edge_worker.items import PlacedSpeech, SyncedSpeech, Verdict
from edge_worker.timeline.placement import PlacementLimits, Situation, place

_FRESH_NS = 6_000_000_000
"""What recognition, translation and synthesis may take together before waiting begins."""
COMMIT_AHEAD_NS = 80_000_000
"""The playhead lies this far before the next unrendered frame."""

Stretch = Callable[[SyncedSpeech, float], SyncedSpeech]
"""Makes speech faster (> 1) or slower, exactly; its phonemes too."""


@dataclass(frozen=True, slots=True, eq=False)
class Advance:
    """What happened when the playhead moved."""

    placed: tuple[PlacedSpeech, ...] = ()
    """Speech that has now its place, to be heard soon."""
    overloaded: tuple[SyncedSpeech, ...] = ()
    """Speech given up, oldest first: its utterance is shown as a caption only."""
    ended: tuple[PlacedSpeech, ...] = ()
    """Speech that has been heard to its end."""


class Timeline:
    """Holds what waits and what plays, on the source's media clock.

    Speech is placed at the last moment, when the playhead reaches what comes before it, so that
    the rule knows most about the pause that follows. Once placed it is never moved or cut.

    Args:
        stretch: exact time-stretcher.
        limits: bounds of the placement rule.
        debt_limit_ns: how long speech may wait behind other speech.
    """

    def __init__(
        self,
        stretch: Stretch,
        limits: PlacementLimits | None = None,
        debt_limit_ns: int = 4_000_000_000,
    ) -> None:
        self._stretch = stretch
        self._limits = limits or PlacementLimits()
        self._debt_limit_ns = debt_limit_ns
        self._waiting: deque[SyncedSpeech] = deque()
        self._playing: deque[PlacedSpeech] = deque()
        self._previous_end_ns: int | None = None

    @property
    def playing(self) -> tuple[PlacedSpeech, ...]:
        """Placed speech, from what ended less than a second ago to what is to come."""
        return tuple(self._playing)

    @property
    def waiting(self) -> int:
        """Utterances that have no place yet."""
        return len(self._waiting)

    def add(self, speech: SyncedSpeech) -> None:
        """Queue speech; utterances keep the order in which they were spoken."""
        late = [one for one in self._waiting if one.utterance.start_ns > speech.utterance.start_ns]
        position = len(self._waiting) - len(late)
        self._waiting.insert(position, speech)

    def silent_at(self, media_ns: int) -> bool:
        """True when no translated speech sounds at ``media_ns`` or waits."""
        return not self._waiting and all(one.end_ns <= media_ns for one in self._playing)

    def debt_ns(self, playhead_ns: int) -> int:
        """How long the newest waiting speech would have to wait, at speed 1."""
        if not self._waiting:
            return 0
        ahead = list(self._waiting)[:-1]
        busy_ns = max(0, (self._previous_end_ns or playhead_ns) - playhead_ns)
        return busy_ns + sum(one.duration_ns + self._limits.gap_ns for one in ahead)

    def advance(self, next_frame_ns: int, heard_until_ns: int) -> Advance:
        """Move on to where ``next_frame_ns`` is the next unrendered frame.

        ``heard_until_ns`` is how far source sound is known to hold no utterance that is not yet
        in the queue.
        """
        playhead_ns = next_frame_ns + COMMIT_AHEAD_NS
        ended = self._forget(next_frame_ns)
        overloaded = self._stale(playhead_ns)
        while len(self._waiting) > 1 and self.debt_ns(playhead_ns) > self._debt_limit_ns:
            overloaded.append(self._give_up(self._waiting.popleft()))
        placed: list[PlacedSpeech] = []
        while self._waiting and self._due(self._waiting[0], playhead_ns):
            placed.append(self._place(self._waiting.popleft(), playhead_ns, heard_until_ns))
        return Advance(tuple(placed), tuple(overloaded), tuple(ended))

    def clear(self) -> tuple[SyncedSpeech, ...]:
        """Drop all that waits and all that plays (new epoch, translation switched off)."""
        dropped = tuple(self._waiting)
        self._waiting.clear()
        self._playing.clear()
        self._previous_end_ns = None
        return dropped

    def drop_waiting(self) -> tuple[SyncedSpeech, ...]:
        """Drop what has not begun; what plays is heard to its end."""
        dropped = tuple(self._waiting)
        self._waiting.clear()
        return dropped

    def _due(self, speech: SyncedSpeech, playhead_ns: int) -> bool:
        start_ns = speech.utterance.start_ns
        if self._previous_end_ns is not None:
            start_ns = max(start_ns, self._previous_end_ns)
        return start_ns <= playhead_ns + COMMIT_AHEAD_NS

    def _place(self, speech: SyncedSpeech, playhead_ns: int, heard_until_ns: int) -> PlacedSpeech:
        source_end_ns = speech.utterance.end_ns
        next_start_ns = self._waiting[0].utterance.start_ns if self._waiting else heard_until_ns
        placement = place(
            Situation(
                source_start_ns=speech.utterance.start_ns,
                source_end_ns=source_end_ns,
                duration_ns=speech.duration_ns,
                playhead_ns=playhead_ns,
                previous_end_ns=self._previous_end_ns,
                free_until_ns=max(source_end_ns, next_start_ns),
            ),
            self._limits,
        )
        fitted = self._stretch(speech, placement.speed)
        placed = PlacedSpeech(fitted, placement.start_ns, placement.speed)
        self._playing.append(placed)
        self._previous_end_ns = placed.end_ns
        return placed

    def _stale(self, playhead_ns: int) -> list[SyncedSpeech]:
        """Give up what was said too long ago to be understood now."""
        oldest_ns = playhead_ns - self._debt_limit_ns - _FRESH_NS
        stale = [one for one in self._waiting if one.utterance.end_ns < oldest_ns]
        for speech in stale:
            self._waiting.remove(speech)
        return [self._give_up(speech) for speech in stale]

    def _give_up(self, speech: SyncedSpeech) -> SyncedSpeech:
        waited_s = self._debt_limit_ns / 1_000_000_000
        utterance = replace(
            speech.utterance,
            verdict=Verdict.OVERLOAD,
            reason=f"the translation is more than {waited_s:g} s behind the speaker",
        )
        return replace(speech, utterance=utterance)

    def _forget(self, next_frame_ns: int) -> list[PlacedSpeech]:
        ended: list[PlacedSpeech] = []
        while self._playing and self._playing[0].end_ns + 1_000_000_000 < next_frame_ns:
            ended.append(self._playing.popleft())
        return ended
