"""Which pictures and which sound are due: source media turned into jobs for the renderer.

Knows no wall clock: the caller says how far the output has come.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from edge_worker.items import AudioBlock, PlacedSpeech, Samples
from edge_worker.rvp.tracker import TrackedFrame
from edge_worker.timeline.playout import PlayoutClock
from edge_worker.timeline.source_sound import SourceSound
from edge_worker.timeline.timeline import Timeline

_SECOND_NS = 1_000_000_000
_USUAL_INTERVAL_NS = 40_000_000
_NEAR_NS = 400_000_000
"""A picture is given the speech that sounds this near to it, so that lips can fade in and out."""
_LEAD_NS = 20_000_000
_KEPT_NS = 8_000_000_000
_KEPT_BYTES = 640 << 20
"""Of pictures: six seconds of 1080p at 30 a second."""
_OVER_NS = 2_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class PictureJob:
    """One output picture."""

    tracked: TrackedFrame
    output_ns: int
    speech: PlacedSpeech | None
    """What sounds at, or near, this picture."""
    repeated: bool = False
    """True for a held picture while a longer delay is taken up: never rendered."""


@dataclass(frozen=True, slots=True, eq=False)
class SoundJob:
    """One block of output sound."""

    original: Samples
    media_ns: int
    output_ns: int
    speeches: tuple[PlacedSpeech, ...]


class Presentation:
    """Holds decoded media until its moment has come.

    Args:
        timeline: what speech plays when.
        clock: the playout delay in force.
        sample_rate: of the output and of every block shown to it.
        block: samples per sound job.
        most_bytes: of pictures that wait; the oldest are given up beyond.
    """

    def __init__(
        self,
        timeline: Timeline,
        clock: PlayoutClock,
        sample_rate: int,
        block: int = 1024,
        most_bytes: int = _KEPT_BYTES,
    ) -> None:
        self._timeline = timeline
        self._clock = clock
        self._rate = sample_rate
        self._block = block
        self._most_bytes = most_bytes
        self._frames: deque[TrackedFrame] = deque()
        self._bytes = 0
        self._sound = SourceSound(sample_rate)
        self._last: PictureJob | None = None
        self._interval_ns = _USUAL_INTERVAL_NS
        self._next_block: int | None = None
        self._newest_ns: int | None = None
        self._begins_ns: int | None = None
        self.frames_skipped = 0
        """Pictures never shown: the delay was shortened, playout fell behind, or memory ran out."""

    @property
    def frame_rate(self) -> float:
        """Pictures a second, judged by the newest ones."""
        return _SECOND_NS / self._interval_ns

    def over(self, media_ns: int) -> bool:
        """Whether the source ended before ``media_ns``: nothing has come for two seconds."""
        return self._newest_ns is None or media_ns - self._newest_ns > _OVER_NS

    def covers(self, media_ns: int) -> bool:
        """Whether ``media_ns`` is near what came lately; if not, a clock is being set."""
        if self._newest_ns is None:
            return False
        return self._newest_ns - _KEPT_NS <= media_ns <= self._newest_ns + _OVER_NS

    def begin(self, output_ns: int) -> None:
        """The output begins: what should have been shown before it serves to decode the rest."""
        self._begins_ns = output_ns

    def rest(self) -> None:
        """Play nothing until more comes; the output then goes on at its own time."""
        self._next_block = None

    def show(self, tracked: TrackedFrame) -> None:
        """Keep a picture until it is due."""
        pts_ns = tracked.frame.pts_ns
        self._newest_ns = max(pts_ns, self._newest_ns or pts_ns)
        if self._frames:
            step_ns = pts_ns - self._frames[-1].frame.pts_ns
            if 0 < step_ns < _SECOND_NS // 4:
                self._interval_ns = step_ns
        self._frames.append(tracked)
        self._bytes += tracked.frame.planes.nbytes
        while (
            pts_ns - self._frames[0].frame.pts_ns > _KEPT_NS or self._bytes > self._most_bytes
        ) and len(self._frames) > 1:
            self._pop()
            self.frames_skipped += 1

    def hear(self, block: AudioBlock) -> None:
        """Keep sound until it is due."""
        self._newest_ns = max(block.end_ns, self._newest_ns or block.end_ns)
        self._sound.add(block)

    def pictures(self, output_ns: int) -> list[PictureJob]:
        """Pictures due up to ``output_ns``, oldest first."""
        jobs: list[PictureJob] = []
        delay_ns = self._clock.delay_ns
        while self._frames and self._frames[0].frame.pts_ns + delay_ns <= output_ns:
            tracked = self._pop()
            due_ns = tracked.frame.pts_ns + delay_ns
            if self._begins_ns is not None and due_ns < self._begins_ns:
                continue
            if self._last is not None and due_ns <= self._last.output_ns:
                self.frames_skipped += 1
                continue
            self._last = PictureJob(tracked, due_ns, self._speech_near(tracked.frame.pts_ns))
            jobs.append(self._last)
        return jobs or self._held(output_ns)

    def sounds(self, output_ns: int) -> list[SoundJob]:
        """Blocks of sound due up to ``output_ns``."""
        if self._next_block is None:
            self._next_block = output_ns * self._rate // _SECOND_NS
        jobs: list[SoundJob] = []
        while (self._next_block + self._block) * _SECOND_NS // self._rate <= output_ns:
            start_ns = self._next_block * _SECOND_NS // self._rate
            self._next_block += self._block
            moment = self._clock.at(start_ns)
            if moment.frozen:
                silence = np.zeros(self._block, np.float32)
                jobs.append(SoundJob(silence, moment.media_ns, start_ns, ()))
            else:
                original = self._sound.read(moment.media_ns, self._block)
                playing = self._timeline.playing
                jobs.append(SoundJob(original, moment.media_ns, start_ns, playing))
        return jobs

    def skip_to(self, output_ns: int) -> None:
        """Give up what should have been shown before ``output_ns``: playout fell behind."""
        limit_ns = output_ns - self._clock.delay_ns
        while self._frames and self._frames[0].frame.pts_ns < limit_ns:
            self._pop()
            self.frames_skipped += 1

    def restart(self) -> None:
        """Forget the source's past (new epoch); the output goes on where it is."""
        self._clock.restart()
        self._frames.clear()
        self._bytes = 0
        self._sound.clear()
        self._next_block = None
        self._newest_ns = None
        self._last = None

    def _pop(self) -> TrackedFrame:
        tracked = self._frames.popleft()
        self._bytes -= tracked.frame.planes.nbytes
        return tracked

    def _held(self, output_ns: int) -> list[PictureJob]:
        """Repeat the last picture while the source is held back by a longer delay."""
        if self._last is None or not self._frames:
            return []
        due_ns = self._last.output_ns + self._interval_ns
        upcoming_ns = self._frames[0].frame.pts_ns + self._clock.delay_ns
        if due_ns > output_ns or upcoming_ns - self._last.output_ns < 2 * self._interval_ns:
            return []
        self._last = PictureJob(self._last.tracked, due_ns, None, repeated=True)
        return [self._last]

    def _speech_near(self, media_ns: int) -> PlacedSpeech | None:
        nearest: PlacedSpeech | None = None
        nearest_ns = _NEAR_NS
        for speech in self._timeline.playing:
            away_ns = max(speech.start_ns - _LEAD_NS - media_ns, media_ns - speech.end_ns, 0)
            if away_ns < nearest_ns:
                nearest, nearest_ns = speech, away_ns
        return nearest
